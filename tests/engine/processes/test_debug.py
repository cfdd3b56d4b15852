"""Jobs in the foreground: a script finds what its own process would give, and leaves no trace."""

from __future__ import annotations

import json
import logging
import os
import re
import selectors
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.executions.execution import Execution
from sagemaker_local.jobs.inputs import Inputs
from sagemaker_local.processes.debug import DebugRunner
from sagemaker_local.processes.runner import Command, Runner, SpawnRunner

from engine.definitions import Json, definition, processing, training
from engine.local import Local, Run, Single

TESTS = Path(__file__).resolve().parents[2]
SEES = """
import json, logging, os, sys, threading
import helper
found = {
    "name": __name__,
    "main": sys.modules["__main__"].__dict__ is globals(),
    "file": __file__,
    "arguments": sys.argv,
    "folder": os.getcwd(),
    "path": sys.path[0],
    "variables": {k: v for k, v in os.environ.items() if k.startswith(("OF_", "PROCESSING_"))},
    "helper": helper.__file__,
    "handlers": len(logging.getLogger().handlers),
    "level": logging.getLogger().level,
}
print(json.dumps(found))
"""


@pytest.fixture
def debug(tmp_path: Path) -> Local:
    """An engine that runs scripts in this process."""
    return Local(tmp_path / "root", SpawnRunner(), debug=True)


def job(local: Local, script: str, *arguments: str, **modules: str) -> Json:
    code = local.code(script, **modules)
    return processing("Job", code, arguments=arguments, environment={"OF_JOB": "/opt/ml/x"})


def lines(single: Single) -> list[str]:
    return single.log.splitlines()


def test_a_job_has_ended_when_it_was_created(
    debug: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    script = "import sys; print('out'); print('err', file=sys.stderr); sys.stdout.writelines(['x'])"
    single = debug.begin(job(debug, script))
    assert single.status == "Completed"
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("out\nx", "err\n")
    assert sorted(lines(single)) == ["err", "out", "x"]


def test_a_training_job_is_debugged_too(debug: Local) -> None:
    script = "import os; open(os.environ['SM_MODEL_DIR'] + '/m', 'w'); print('score=0.5')"
    step = training("Train", debug.channels(script), metrics={"score": "score=(.*)"})
    described = debug.begin(step).described
    assert described["FinalMetricDataList"][0]["Value"] == 0.5
    assert debug.bucket.existing(described["ModelArtifacts"]["S3ModelArtifacts"])


@pytest.mark.slow
def test_a_script_sees_what_it_would_see_in_its_own_process(tmp_path: Path) -> None:
    """The same job, in the same folder, with both ways to run it."""
    seen = []
    for debugged in (True, False):
        local = Local(tmp_path / "root", SpawnRunner(), debugged)
        single = local.begin(job(local, SEES, "a", "--b", helper="")).wait()
        assert single.status == "Completed", single.log
        seen.append(json.loads(single.log))
        (tmp_path / "root").rename(tmp_path / f"ended-{debugged}")
    debug_saw, process_saw = seen
    assert debug_saw == process_saw
    assert debug_saw["name"] == "__main__"
    assert debug_saw["variables"]["OF_JOB"].endswith("jobs/job/ml/x")


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Proves that a test leaves this process as it was."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "helper.py").write_text("WHOSE = 'the notebook'")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    state = current()
    yield
    assert current() == state


def current() -> dict[str, Any]:
    return {
        "folder": Path.cwd(),
        "variables": {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
        "arguments": (id(sys.argv), list(sys.argv)),
        "path": list(sys.path),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "handlers": list(logging.getLogger().handlers),
        "level": logging.getLogger().level,
        "main": sys.modules["__main__"],
        "filters": list(warnings.filters),
        "zone": time.tzname,
    }


LEAVES = """
import logging, os, sys, time, warnings
os.chdir("/")
os.environ["OF_SCRIPT"] = "x"
os.environ["TZ"] = "Asia/Tokyo"
time.tzset()
del os.environ["PATH"]
sys.argv.append("x")
sys.path.append("x")
logging.basicConfig(level=logging.DEBUG)
warnings.simplefilter("error")
sys.stdout = None
"""


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("ending", ["", "sys.exit(3)", "raise ValueError"])
def test_this_process_is_as_before(debug: Local, ending: str) -> None:
    single = debug.begin(job(debug, LEAVES + ending))
    assert single.status == ("Failed" if ending else "Completed")


@pytest.mark.slow
@pytest.mark.usefixtures("before")
def test_the_jobs_own_modules_are_imported_and_forgotten(debug: Local) -> None:
    import helper

    script = """
import json, sys, helper, package.inner
sys.path.insert(0, package.__path__[0] + "/deeper")
import deep
print(helper.WHOSE, package.inner.__name__, deep.WHOSE, json.__name__)
"""
    code = debug.code(
        script, helper="WHOSE = 'the job'", json="raise SystemExit('not the real one')"
    )
    folder = debug.bucket.path(code)
    for name, text in (("__init__", ""), ("inner", ""), ("deeper/deep", "WHOSE = 'deep'")):
        (folder / "package" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "package" / f"{name}.py").write_text(text)
    for _ in range(2):
        single = debug.begin(processing("Job", code), f"job-{_}")
        assert single.log == "the job package.inner deep json\n"
    import json as still_json

    assert sys.modules["helper"] is helper
    assert still_json is json
    assert not {"package", "package.inner", "deep"} & set(sys.modules)
    del sys.modules["helper"]


@pytest.mark.parametrize(
    "script",
    [
        "pass",
        "import sys; sys.exit(3)",
        "import sys; sys.exit('no rows')",
        "print('x'); 1 / 0",
        "raise KeyboardInterrupt",
        "import absent_module",
        "def f(:",
    ],
)
def test_endings_are_those_of_a_process(debug: Local, tmp_path: Path, script: str) -> None:
    plain = Local(tmp_path / "plain", SpawnRunner())
    found = [local.begin(job(local, script)).wait().described for local in (debug, plain)]
    assert len({each["ProcessingJobStatus"] for each in found}) == 1
    reasons = [each.get("FailureReason", "").partition(" (log")[0] for each in found]
    if "Interrupt" in script:  # the interpreter sends itself the signal again
        assert reasons[0] == "script.py exited with code 1: KeyboardInterrupt"
    else:
        assert reasons[0] == reasons[1]


def test_a_traceback_begins_in_the_script(debug: Local) -> None:
    single = debug.begin(job(debug, "def divide():\n    1 / 0\n\ndivide()\n"))
    files = re.findall(r'File "(.*?)", line (\d+)', single.log)
    assert [(Path(file).name, number) for file, number in files] == [
        ("script.py", "4"),
        ("script.py", "2"),
    ]


def test_a_breakpoint_is_met_here(debug: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this very thread: a debugger can look at the script's own variables, and change them."""
    met: list[Any] = []

    def stop() -> None:
        frame: FrameType | None = sys._getframe(1)
        assert frame is not None
        met.append((threading.current_thread(), frame.f_code.co_filename, dict(frame.f_globals)))
        frame.f_globals["rows"].append(4)

    monkeypatch.setattr(sys, "breakpointhook", stop)
    single = debug.begin(job(debug, "rows = [1, 2, 3]\nbreakpoint()\nprint(sum(rows))\n"))
    ((thread, file, variables),) = met
    assert thread is threading.current_thread()
    assert file == str(debug.root / "jobs/job/ml/processing/input/code/script.py")
    assert variables["__name__"] == "__main__"
    assert single.log == "10\n"


def test_other_programs_run_as_ever(debug: Local, capfd: pytest.CaptureFixture[str]) -> None:
    step = job(debug, "")
    step["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = ["sh", "-c", "echo $PPID"]
    single = debug.begin(step)
    assert single.log == f"{os.getpid()}\n"
    assert capfd.readouterr().out == ""


def test_what_outlives_its_script_does_no_harm(
    debug: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    script = "import logging, sys\nlogging.getLogger('kept').addHandler(logging.StreamHandler())"
    single = debug.begin(job(debug, script))
    try:
        logging.getLogger("kept").error("after the end")
        assert "after the end" in capsys.readouterr().err
        assert single.log == ""
    finally:
        logging.getLogger("kept").handlers.clear()


def test_scripts_take_turns(tmp_path: Path) -> None:
    """Two at once would change each other's folder, variables and output."""
    script = """
import os, sys, time
from pathlib import Path
for _ in range(20):
    assert os.environ["OF_SCRIPT"] == sys.argv[1], "another one came between"
    time.sleep(0.001)
"""
    (tmp_path / "script.py").write_text(script)
    codes: list[int | None] = []

    def run(name: str) -> None:
        arguments = ("python3", str(tmp_path / "script.py"), name)
        command = Command(arguments, tmp_path, tmp_path / f"{name}.log", {"OF_SCRIPT": name})
        codes.append(DebugRunner(SpawnRunner()).start(command).wait())

    threads = [threading.Thread(target=run, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0]


def test_a_persons_interrupt_ends_the_job(debug: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the engine copies inputs, it is not the script's to catch."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sagemaker_local.jobs.processing._stage", interrupt)
    with pytest.raises(KeyboardInterrupt):
        debug.begin(job(debug, "pass"))
    described = Single(debug, "ProcessingJob", "job").described
    assert described["ProcessingJobStatus"] == "Failed"
    assert "KeyboardInterrupt" in described["FailureReason"]


def test_without_debug_nothing_runs_here(local: Local, runner: Runner) -> None:
    single = local.begin(job(local, "import os; print(os.getpid())")).wait()
    assert int(single.log) != os.getpid()


class Terminal:
    """A program on a pseudo-terminal, as a person would have it."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        import pty

        self._master, slave = pty.openpty()
        # select.select knows no descriptor above 1023, and a long run of tests may have more.
        self._readable = selectors.DefaultSelector()
        self._readable.register(self._master, selectors.EVENT_READ)
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment
        )
        os.close(slave)
        self.shown = ""
        self._seen = 0

    def read_until(self, text: str) -> None:
        """Read until the program has shown ``text``, after the text that was waited for before."""
        while text not in self.shown[self._seen :]:
            assert self._readable.select(60), f"{text!r} did not come: {self.shown}"
            self.shown += os.read(self._master, 4096).decode()
        self._seen = self.shown.index(text, self._seen) + len(text)

    def type(self, line: str) -> None:
        os.write(self._master, f"{line}\n".encode())

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._readable.close()
        os.close(self._master)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_breakpoint_in_a_terminal(tmp_path: Path, source: Path) -> None:
    paths = os.pathsep.join(map(str, (source, TESTS)))
    with Terminal(
        [sys.executable, str(TESTS / "engine" / "debug_program.py"), str(tmp_path)],
        {**os.environ, "PYTHONPATH": paths, "TERM": "dumb"},
    ) as terminal:
        terminal.read_until("(Pdb) ")
        # Python 3.13 stops at the breakpoint, those before it at the line below.
        lines = ('print("the sum is"', "breakpoint()")
        assert any(f"-> {line}" in terminal.shown for line in lines)
        terminal.type("p rows")
        terminal.read_until("[1, 2, 3]")
        terminal.read_until("(Pdb) ")
        terminal.type("rows.append(4)")
        terminal.read_until("(Pdb) ")
        terminal.type("c")
        terminal.read_until("terminal")
        assert terminal.process.wait(60) == 0
    pid = terminal.process.pid
    assert f"the sum is 10 {pid}" in terminal.shown
    assert f"Completed {pid} terminal" in terminal.shown
    log = (tmp_path / "jobs/job/job.log").read_text()
    assert f"the sum is 10 {pid}\n" in log


NOTEBOOK = """
from pathlib import Path
from debug_program import SCRIPT
from engine.definitions import processing
from engine.local import Local
from sagemaker_local.processes.runner import SpawnRunner

local = Local(Path({folder!r}), SpawnRunner(), debug=True)
print(local.begin(processing("Job", local.code(SCRIPT))).status)
"""


@pytest.mark.slow
def test_breakpoint_in_a_notebook(tmp_path: Path, source: Path) -> None:
    """A kernel gives ``breakpoint()`` to a debugger that is not there, unless told otherwise."""
    jupyter = pytest.importorskip("jupyter_client")
    manager = jupyter.KernelManager()
    manager.kernel_spec.argv = [
        *(sys.executable, "-m", "ipykernel_launcher", "--log-level=ERROR"),
        *("-f", "{connection_file}"),
    ]
    paths = os.pathsep.join(map(str, (source, TESTS, TESTS / "engine")))
    manager.start_kernel(env={**os.environ, "PYTHONPATH": paths})
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(60)
        answers = iter(["rows.append(4)", "c"])
        shown: list[str] = []
        reply = client.execute_interactive(
            NOTEBOOK.format(folder=str(tmp_path)),
            allow_stdin=True,
            stdin_hook=lambda _: client.input(next(answers)),
            output_hook=lambda message: shown.append(message["content"].get("text", "")),
            timeout=60,
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert reply["content"]["status"] == "ok", shown
    assert "the sum is 10" in "".join(shown)
    assert "Completed" in "".join(shown)
    assert next(answers, None) is None


WHERE = "import os, threading; print(os.getpid(), threading.get_ident())"


@pytest.mark.parametrize("wanted", [True, "Second"])
def test_an_executions_steps_run_in_the_thread_that_starts_it(
    tmp_path: Path, wanted: bool | str
) -> None:
    local = Local(tmp_path / "root", SpawnRunner(), debug=wanted)
    code = local.code(WHERE)
    steps = [processing("First", code), processing("Second", code, DependsOn=["First"])]
    run = local.start(definition(*steps))
    assert run.statuses == {"First": "Succeeded", "Second": "Succeeded"}, "it has ended already"
    here = f"{os.getpid()} {threading.get_ident()}"
    ran_here = {name for name in run.steps if local.log(run, name).strip() == here}
    assert ran_here == ({"First", "Second"} if wanted is True else {"Second"})


def test_a_failure_under_the_debugger_fails_the_step(tmp_path: Path) -> None:
    local = Local(tmp_path / "root", SpawnRunner(), debug=True)
    steps = [processing("First", local.code("1 / 0")), processing("Other", local.code("pass"))]
    run = local.start(definition(*steps))
    assert run.statuses == {"First": "Failed", "Other": "Succeeded"}
    assert "ZeroDivisionError" in run.reason("First")


def test_a_step_that_is_not_there_cannot_be_debugged(tmp_path: Path) -> None:
    local = Local(tmp_path / "root", SpawnRunner(), debug="Sceond")
    with pytest.raises(ClientError, match="debug names 'Sceond', which is no step"):
        local.start(definition(processing("Second", local.code("pass"))))
    assert (
        local.client.list_pipeline_executions(PipelineName="pipe")["PipelineExecutionSummaries"]
        == []
    )


def test_a_persons_interrupt_ends_the_execution_which_can_be_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the engine works, not the script: its inputs are copied. The process lives on."""
    local = Local(tmp_path / "root", SpawnRunner(), debug=True)
    code = local.code("print('ran')")
    steps = [processing("First", code), processing("Second", code, DependsOn=["First"])]
    put = Inputs.put

    def interrupt(self: Inputs, uri: str, target: Path, *given: Any) -> None:
        if "-First-" not in str(target):
            raise KeyboardInterrupt
        put(self, uri, target, *given)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Inputs, "put", interrupt)
        local.start(definition(*steps))
    listed = local.client.list_pipeline_executions(PipelineName="pipe")
    (execution,) = listed["PipelineExecutionSummaries"]
    run = Run(local, execution["PipelineExecutionArn"])
    assert run.status == "Failed"
    assert run.statuses == {"First": "Succeeded", "Second": "Failed"}
    assert run.reason("Second") == "ClientError: It was interrupted (KeyboardInterrupt)."
    ran_first = run.arn_of("First")
    assert run.retry().status == "Succeeded"
    assert run.statuses == {"First": "Succeeded", "Second": "Succeeded"}
    assert run.arn_of("First") == ran_first


def test_an_interrupt_between_the_steps_ends_the_execution_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = Local(tmp_path / "root", SpawnRunner(), debug=True)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Execution, "_renew_lease", interrupt)
        local.start(definition(processing("S", local.code("pass"))))
    (execution,) = local.client.list_pipeline_executions(PipelineName="pipe")[
        "PipelineExecutionSummaries"
    ]
    run = Run(local, execution["PipelineExecutionArn"])
    assert run.status == "Failed"
    assert run.retry().status == "Succeeded"
