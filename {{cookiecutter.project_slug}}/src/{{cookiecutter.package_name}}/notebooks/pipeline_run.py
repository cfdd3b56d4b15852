"""Notebook 03 or 04 by papermill: live lines, a folder for the run, the reason if it fails.

Files under ``notebooks/`` are read and never written. Ctrl-C goes to the cell that runs, which
stops the local execution; a second Ctrl-C ends the notebook at once.
"""

import asyncio
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import nbformat
import papermill.cli
from jupyter_core.utils import ensure_async, ensure_event_loop
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from yaml import YAMLError, safe_load

from .. import paths
from ..errors import ProjectError
from ..monitoring import endings
from ..runs import record, surroundings
from . import kernel_ahead
from .kernel import Kernel

REPORT = f"{__package__}.report"  # imports what takes a third of a second
TRAINING = "03_training_pipeline.ipynb"
ENGINE = "interruptible"
FILE_OPTIONS = ("-f", "--parameters_file")  # of papermill
INTERRUPTED = "the run was stopped by an interrupt (Ctrl-C)"
SAVE_SECONDS = 10.0  # a run that is killed loses no more of its notebook
DEAD_KERNEL = 138  # papermill's exit code, after a traceback on stderr
DIED = "the notebook's process died; it may have run out of memory"


class Client(PapermillNotebookClient):
    """Passes Ctrl-C on to the kernel, where papermill would leave the cell to its fate."""

    def start_new_kernel_client(self, **options: Any) -> Any:
        client = super().start_new_kernel_client(**options)
        loop = ensure_event_loop()

        def interrupt() -> None:
            loop.remove_signal_handler(signal.SIGINT)
            self.interrupting = asyncio.ensure_future(ensure_async(self.km.interrupt_kernel()))

        with suppress(NotImplementedError):  # Windows: the console interrupts the kernel itself
            loop.add_signal_handler(signal.SIGINT, interrupt)
        return client

    def execute(self, **options: Any) -> Any:
        try:
            return super().execute(**options)
        finally:
            with suppress(NotImplementedError):
                ensure_event_loop().remove_signal_handler(signal.SIGINT)


class Engine(NBClientEngine):
    """papermill's own engine with that client, which saves the notebook now and then.

    papermill writes the whole notebook before and after each cell, which takes longer than most
    cells; its end, and a failure, are saved in any case.
    """

    kernel: Any = None  # the notebook's process, where it was started before

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        nb_man.save = at_most_every(SAVE_SECONDS, nb_man.save)
        try:
            return cls.execute(nb_man, kernel_name, **options)
        finally:
            del nb_man.save

    @classmethod
    def execute(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        settings = {
            "km": cls.kernel,
            "kernel_manager_class": Kernel,
            "startup_timeout": options["start_timeout"],
            "timeout": options.get("execution_timeout"),
            "stdout_file": options.get("stdout_file"),
            "stderr_file": options.get("stderr_file"),
            "extra_arguments": kernel_ahead.QUIET,
        }
        client = Client(nb_man, kernel_name=kernel_name, **settings)
        client.owns_km = True  # and ends it
        return client.execute()


def at_most_every(seconds: float, function: Callable[..., None]) -> Callable[..., None]:
    """The function, which does nothing when it was called a short while ago."""
    last = time.monotonic()

    def called(**options: Any) -> None:
        nonlocal last
        if time.monotonic() - last > seconds:
            function(**options)
            last = time.monotonic()

    return called


def pipeline(options: list[str], ahead: kernel_ahead.Ahead, notebook: str = TRAINING) -> None:
    """Run the notebook of a pipeline, and leave a run folder whatever comes of it.

    Args:
        options: papermill's, such as ``["-f", "params/local.yaml", "-p", "eta", "0.2"]``.
        ahead: what was started for it.
        notebook: its file's name.

    Raises:
        ProjectError: the notebook failed; the message is that of the failure.
    """
    attempt = Attempt(ahead, notebook)
    failure = attempt.execute(options)
    kept = attempt.keep(failure)
    for run in kept:
        print(f"{run.name}: {shown(run.folder / record.REPORT)}", flush=True)
    if failure:
        raise ProjectError(failure)


def shown(path: Path) -> str:
    """A path as messages name it."""
    return path.relative_to(paths.PROJECT).as_posix()


@dataclass(frozen=True)
class Attempt:
    """One execution of the notebook, in a folder that is gone when it is over."""

    ahead: kernel_ahead.Ahead
    notebook: str = TRAINING

    @property
    def executed(self) -> Path:
        return self.ahead.folder / "notebook.ipynb"

    def execute(self, options: list[str]) -> str:
        """Execute the notebook; gives the sentence with which it failed, or an empty text."""
        if said := misread(options):
            return said
        papermill_engines.register(ENGINE, type("Engine", (Engine,), {"kernel": self.ahead.kernel}))
        Thread(target=import_module, args=(REPORT,)).start()  # while the notebook runs
        words = [str(paths.NOTEBOOKS / self.notebook), str(self.executed), "-k", "python3"]
        words += ["--engine", ENGINE, "--no-progress-bar", "--stdout-file", "-"]
        words += ["--log-level", "ERROR", *options]
        try:
            papermill.cli.papermill.main(words, prog_name="pipeline", standalone_mode=False)
        except PapermillExecutionError as error:
            return sentence(error.ename, error.evalue)
        except FileNotFoundError as error:
            return f"{error.filename} is not there"
        except papermill.cli.click.ClickException as error:
            return str(error.format_message())
        except KeyboardInterrupt:
            return INTERRUPTED
        except SystemExit as ending:  # papermill's help ends so too
            return DIED if ending.code == DEAD_KERNEL else ""
        except Exception as error:
            return sentence(type(error).__name__, str(error))
        return ""

    def keep(self, failure: str) -> list[record.Run]:
        """Move what there is to the folders of the runs, and report each of them."""
        report = import_module(REPORT)
        if not self.executed.is_file():
            return []
        announced = self.ahead.announced
        names = announced.read_text(encoding="utf-8").split() if announced.exists() else []
        kept = [record.Run(record.RUNS / name) for name in names] or [self.without_execution()]
        latest = paths.REPORTS / self.notebook
        for run in kept:
            if note_failure(run, failure):
                endings.of_notebook(self.notebook, run.name, failure)
            shutil.copyfile(self.executed, run.folder / "notebook.ipynb")
            report.write(run.folder)
            shutil.copyfile(run.folder / "notebook.ipynb", latest)
            shutil.copyfile(run.folder / record.REPORT, latest.with_suffix(".html"))
        return kept

    def without_execution(self) -> record.Run:
        """The run of a notebook that started no execution."""
        document = surroundings.surroundings() | {"status": record.NOT_STARTED}
        document["notebook_parameters"] = injected(self.executed)
        run = record.Run(record.RUNS / record.folder_name(document["started"]))
        run.write(record.LINEAGE, {"run": run.name, **document})
        return run


def note_failure(run: record.Run, failure: str) -> bool:
    """Put the notebook's failure into a run's record, if it does not say why itself.

    Returns:
        Whether the notebook failed in a way that nobody has been told of yet.
    """
    document = run.lineage
    if not failure or document.get("reason"):
        return False
    if document["status"] in ("Executing", record.NOT_STARTED):
        document["status"] = "Failed"
    run.write(record.LINEAGE, document | {"reason": failure})
    return failure != INTERRUPTED


def misread(options: list[str]) -> str:
    """Why a file of parameters cannot be taken, of one on this machine; empty if all can."""
    names = [name for option, name in pairwise(options) if option in FILE_OPTIONS]
    return next(filter(None, (_misread(name) for name in names if "://" not in name)), "")


def _misread(name: str) -> str:
    try:
        found = safe_load(Path(name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return f"{name} is not there"
    except (OSError, UnicodeDecodeError) as error:
        return f"{name} cannot be read: {error}"
    except YAMLError as error:
        return f"{name} is no YAML: {' '.join(str(error).split())}"
    if not isinstance(found, dict | None):
        return f"{name} should have a line for each parameter, such as `target: price`"
    for key in found or ():
        if not str(key).isidentifier():
            return f"{name} has {key!r}, and no parameter of a notebook is called so"
    return ""


def injected(executed: Path) -> dict[str, Any]:
    """The parameters that papermill put into an executed notebook."""
    notebook = nbformat.read(executed, as_version=4)
    return dict(notebook.metadata.get("papermill", {}).get("parameters", {}))


def sentence(name: str, text: str) -> str:
    """What an error says, all lines of it: a person's as it is, anything else with its type."""
    if name == "KeyboardInterrupt":
        return INTERRUPTED
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    ours = name in ("ProjectError", "PipelineFailed", "ParameterError") and lines
    return "\n".join(lines) if ours else f"{name}: " + "\n".join(lines)
