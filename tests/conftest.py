"""Fixtures that generate projects and run commands in them with the suite's own environment."""

import compileall
import gc
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest
from cookiecutter.main import cookiecutter
from filelock import FileLock

TEMPLATE = Path(__file__).resolve().parents[1]
SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}"
# Folders that a generated project has as they are, with what is compiled in them.
COPIED = (SOURCE / "packages", SOURCE / "runtime")
# Where nothing waits for a disk, if there is such a place. The whole suite's folders need half of
# this room at a time.
MEMORY = Path("/dev/shm")
ROOM_BYTES = 12 * 2**30
ALL_ARE_SLOW = re.compile(r"^pytestmark = \[?\s*pytest\.mark\.slow\b", re.MULTILINE)

pytest_plugins = ["leftovers", "replica.fixture"]

Bake = Callable[..., Path]
Run = Callable[..., subprocess.CompletedProcess[str]]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A worker for each core, and one for when the others wait for a process.

    What is one file runs in this process, which starts sooner.
    """
    is_one_file = len(config.args) == 1 and ".py" in config.args[0]
    return 0 if is_one_file else min(4, os.cpu_count() or 1) + 1


# Files that take a worker minutes, the longest first.
LONGEST = (
    *("test_workflow.py", "test_container.py", "test_training_pipeline.py", "test_kill.py"),
    *("test_own_library.py", "test_managed_session.py", "test_runs_of_projects.py"),
    *("test_tables_of_strangers.py", "test_first_change.py", "test_step_cache.py"),
)


def pytest_configure(config: pytest.Config) -> None:
    """Have nobody do what is done once, or wait for what need not be waited for.

    Some machines tell Python to keep nothing that it compiled: each process would compile anew.
    """
    if hasattr(config, "workerinput"):
        return
    # Workers run side by side: a model with a thread for each core would wait for theirs.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for folder in (TEMPLATE / "tests", TEMPLATE / "scripts", *COPIED):
        compileall.compile_dir(folder, quiet=2)
    if has_room(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def has_room(folder: Path) -> bool:
    """Whether a file system in memory takes the tests' folders, and runs programs from there."""
    if not folder.is_dir():
        return False
    system = os.statvfs(folder)
    room = min(system.f_bavail * system.f_frsize, psutil.virtual_memory().available)
    return room >= ROOM_BYTES and not system.f_flag & os.ST_NOEXEC and os.access(folder, os.W_OK)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What pytest compiles of the tests is kept as well."""
    asked, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    gc.disable()
    try:
        return (yield)
    finally:
        sys.dont_write_bytecode = asked
        gc.enable()
        gc.freeze()  # thousands of tests, which nobody need look through again and again


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A quick run does not import files of which all tests are slow: pandas, a browser's driver."""
    is_quick = config.option.markexpr == "not slow" and collection_path.suffix == ".py"
    is_slow = is_quick and ALL_ARE_SLOW.search(collection_path.read_text(encoding="utf-8"))
    return True if is_slow else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, so that no worker is left with it while others have nothing."""
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(
        key=lambda item: (
            item.get_closest_marker("slow") is None,
            order.get(item.path.name, len(LONGEST)),
        )
    )


def generate(output: Path, **answers: object) -> Path:
    """Generate a project below `output`; without a git repository unless the answers ask for it."""
    extra_context = {"git_init": False, **answers}
    project = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        default_config=True,
        output_dir=str(output),
        extra_context=extra_context,
    )
    return Path(project)


def sources(project: Path) -> list[str]:
    """What an editable install of a project puts on the path: its package, and the engine's."""
    return [str(project / "src"), str(project / "packages" / "sagemaker-local" / "src")]


def environment(project: Path | None, changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, with the suite's interpreter first and the project's `src`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    source = {} if project is None else {"PYTHONPATH": os.pathsep.join(sources(project))}
    return {**os.environ, "PATH": path, **source, **changes}


def copied(project: Path, folder: Path, name: str = "") -> Path:
    """A copy of a shared project and of what is compiled in it: times are copied, too."""
    return Path(shutil.copytree(project, folder / (name or project.name), symlinks=True))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of the tests, which all its workers have."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def bake(shared: Path) -> Bake:
    """`bake(**answers)`: a generated project that tests share and must not change."""

    questions = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    defaults = {**questions, "git_init": False}

    def baked(**given: object) -> Path:
        answers = {name: answer for name, answer in given.items() if answer != defaults[name]}
        key = hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest()[:12]
        place = shared / key
        with FileLock(shared / f"{key}.lock"):  # each is generated once, by one of the workers
            if not place.is_dir():
                made = generate(shared / f"{key}-unfinished", **answers)
                compileall.compile_dir(made / "src", quiet=2)
                (shared / f"{key}-unfinished").rename(place)
        (project,) = place.iterdir()
        return project

    return baked


@pytest.fixture
def bake_own(bake: Bake, tmp_path: Path) -> Bake:
    """`bake_own(**answers)`: a generated project of one test alone, which may change it."""

    def baked(**answers: object) -> Path:
        if answers.get("git_init"):  # a repository knows where it is
            return generate(tmp_path, **answers)
        return copied(bake(**answers), tmp_path)

    return baked


@pytest.fixture(scope="session")
def run() -> Run:
    """`run(command, cwd, env)`: a finished command with its output as text, whatever its code.

    `python`, `ruff` and the like are those of the suite's environment. `project`, by default the
    working directory if that is one, is the project whose packages are importable.
    """

    def ran(
        command: list[str],
        cwd: Path,
        env: Mapping[str, str] | None = None,
        project: Path | None = None,
        stdin: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        own = project or (cwd if (cwd / "src").is_dir() else None)
        return subprocess.run(
            command,
            cwd=cwd,
            env=environment(own, env or {}),
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    return ran


@pytest.fixture
def project(bake: Bake, tmp_path: Path) -> Path:
    """A copy of the default project, for one test."""
    return copied(bake(), tmp_path, "project")
