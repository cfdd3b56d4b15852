"""Both ways to start a job give the same results; what only forks can get wrong is in test_warm."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sagemaker_local.processes.runner import Command, Process, Runner, SpawnRunner
from sagemaker_local.processes.warm import shared_runner

from engine.local import until

Start = Callable[..., Process]


@pytest.fixture(params=["warm", "plain", "spawn"])
def any_runner(request: pytest.FixtureRequest, runner: Runner) -> Runner:
    """Forks of a server, its children, and this process's children."""
    runners = {"warm": runner, "plain": shared_runner(warm=False), "spawn": SpawnRunner()}
    return runners[request.param]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "job.log"


@pytest.fixture
def start(any_runner: Runner, tmp_path: Path, log: Path) -> Start:
    """``start(script, *arguments, **environment)``: a started process."""

    def started(script: str, *arguments: str, **environment: str) -> Process:
        file = tmp_path / "script.py"
        file.write_text(textwrap.dedent(script), encoding="utf-8")
        return any_runner.start(
            Command(("python3", str(file), *arguments), tmp_path, log, environment)
        )

    return started


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("pass", 0, ""),
        ("print('hello')", 0, "hello\n"),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(None)", 0, ""),
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit(256 + 4)", 4, ""),
        ("import sys; sys.exit(-1)", 255, ""),
        ("import sys; sys.exit(True)", 1, ""),
        ("import sys; sys.exit('a sentence')", 1, "a sentence\n"),
        ("raise SystemExit(['x'])", 1, "['x']\n"),
        ("import os; os._exit(5)", 5, ""),
        ("import os; os.abort()", -6, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -15, ""),
    ],
)
def test_exit_codes(start: Start, log: Path, script: str, code: int, said: str) -> None:
    assert start(script).wait() == code
    text = log.read_text()
    assert text == said or (code == -6 and "Abort" in text)


def test_an_error_prints_its_traceback_from_the_script_on(start: Start, log: Path) -> None:
    script = """
        def inner():
            raise ValueError("wrong")
        try:
            inner()
        except ValueError as error:
            raise RuntimeError("outer") from error
        """
    assert start(script).wait() == 1
    text = log.read_text()
    assert text.endswith("RuntimeError: outer\n")
    assert "ValueError: wrong" in text
    assert "script.py" in text
    assert "runpy" not in text
    assert "forkserver" not in text


def test_a_syntax_error_is_shown(start: Start, log: Path) -> None:
    assert start("print(").wait() == 1
    assert "SyntaxError" in log.read_text()


def test_a_script_that_is_not_there_fails(any_runner: Runner, tmp_path: Path, log: Path) -> None:
    code = any_runner.start(Command(("python3", str(tmp_path / "no.py")), tmp_path, log)).wait()
    assert code != 0
    assert "no.py" in log.read_text()


def test_arguments_environment_and_folder(
    start: Start, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_OWNER", "now")
    monkeypatch.setenv("BOTH", "owner")
    script = """
        import json, os, sys
        sys.stdout.write(json.dumps({
            "argv": sys.argv, "cwd": os.getcwd(), "first": sys.path[0], "name": __name__,
            "file": __file__, "stdin": sys.stdin.read(),
            "variables": {name: os.environ.get(name) for name in ("FROM_OWNER", "BOTH", "OWN")},
        }))
        """
    assert start(script, "--a", "ü x", BOTH="job", OWN="1").wait() == 0
    found = json.loads(log.read_text(encoding="utf-8"))
    assert found == {
        "argv": [str(tmp_path / "script.py"), "--a", "ü x"],
        "cwd": str(tmp_path),
        "first": str(tmp_path),
        "name": "__main__",
        "file": str(tmp_path / "script.py"),
        "stdin": "",
        "variables": {"FROM_OWNER": "now", "BOTH": "job", "OWN": "1"},
    }


def test_a_variable_that_the_owner_no_longer_has_is_not_there(
    start: Start, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    start("import os; print(os.environ.get('HOME'))").wait()
    assert log.read_text() == "None\n"


def test_modules_beside_the_script_are_its_own(start: Start, log: Path, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("VALUE = 'beside'")
    assert start("import helper; print(helper.VALUE)").wait() == 0
    assert log.read_text() == "beside\n"


def test_the_owners_path_is_not_the_jobs(
    start: Start, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook adds folders to its path; a job must not find modules there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "only_in_the_notebook.py").touch()
    monkeypatch.syspath_prepend(elsewhere)
    assert start("import only_in_the_notebook").wait() == 1
    assert "ModuleNotFoundError" in log.read_text()


SEES = """
import importlib.util, sys
found = importlib.util.find_spec("sagemaker_local")
print(sorted(name for name in sys.modules if name.startswith("sagemaker_local")))
print(found and found.origin)
"""


@pytest.mark.parametrize("installed", [False, True], ids=["nowhere else", "installed"])
def test_a_job_finds_of_the_engine_what_a_plain_run_finds(
    start: Start,
    log: Path,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    installed: bool,
) -> None:
    """The engine puts itself into no job: where it is installed, it is a library like any other."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    if installed:  # an editable install puts this folder on the path of every program
        monkeypatch.setenv("PYTHONPATH", str(source))
    assert start(SEES).wait() == 0
    plain = [sys.executable, str(tmp_path / "script.py")]
    assert log.read_text() == subprocess.run(plain, capture_output=True, text=True).stdout
    loaded, found = log.read_text().splitlines()
    assert loaded == "[]"
    if installed:
        assert found == str(source / "sagemaker_local" / "__init__.py")


def test_pythonpath_of_the_job_is_used(start: Start, log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "from_library.py").touch()
    assert start("import from_library", PYTHONPATH=str(folder)).wait() == 0


def test_a_jobs_children_have_its_streams(start: Start, log: Path) -> None:
    script = """
        import subprocess
        subprocess.run(["sh", "-c", "cat; echo end of input; echo error >&2"], check=True)
        """
    assert start(script).wait() == 0
    assert log.read_text() == "end of input\nerror\n"


def test_output_of_any_script_is_kept_in_order(start: Start, log: Path) -> None:
    script = """
        import os, sys
        print("Größe 価格 🚗")
        print("to stderr", file=sys.stderr)
        os.write(1, b"raw\\n")
        os.system("echo from a child")
        print("end", end="")
        """
    assert start(script).wait() == 0
    assert log.read_text(encoding="utf-8") == ("Größe 価格 🚗\nto stderr\nraw\nfrom a child\nend")


def test_an_error_that_no_encoding_can_write_is_still_told(start: Start, log: Path) -> None:
    assert start(r"raise ValueError('bad \udcff name')").wait() == 1
    assert r"ValueError: bad \udcff name" in log.read_text()


@pytest.mark.slow
def test_megabytes_of_log_arrive_whole(start: Start, log: Path) -> None:
    script = "for number in range(50_000): print(f'{number:099d}')"
    assert start(script).wait() == 0
    lines = log.read_text().splitlines()
    assert len(lines) == 50_000
    assert lines[-1] == f"{49_999:099d}"


def test_a_log_is_added_to(start: Start, log: Path) -> None:
    log.write_text("before\n")
    start("print('after')").wait()
    assert log.read_text() == "before\nafter\n"


def test_threads_are_joined_and_exit_handlers_run(start: Start, log: Path) -> None:
    script = """
        import atexit, threading, time
        atexit.register(print, "exit")
        def work():
            time.sleep(0.1)
            print("thread")
        threading.Thread(target=work).start()
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        print("main")
        """
    assert start(script).wait() == 0
    assert log.read_text() == "main\nthread\nexit\n"


def test_a_pool_that_nobody_shut_down_does_not_hang(start: Start, log: Path) -> None:
    script = """
        import json
        from concurrent.futures import ThreadPoolExecutor
        json.pool = ThreadPoolExecutor(2)  # where a library would keep it
        json.pool.submit(print, "worked")
        """
    process = start(script)
    ended: list[int] = []
    threading.Thread(target=lambda: ended.append(process.wait()), daemon=True).start()
    until(lambda: ended, patience=20)
    assert ended == [0]
    assert log.read_text() == "worked\n"


@pytest.mark.slow
def test_a_job_may_have_processes_of_its_own(start: Start, log: Path) -> None:
    script = """
        import multiprocessing, subprocess, sys
        def double(number):
            return 2 * number
        if __name__ == "__main__":
            for method in ("fork", "spawn"):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    print(method, pool.map(double, [1, 2]), flush=True)
            done = subprocess.run([sys.executable, "-c", "print('child')"], check=True)
            print(done.returncode)
        """
    assert start(script).wait() == 0
    assert log.read_text() == "fork [2, 4]\nspawn [2, 4]\nchild\n0\n"


def test_stop_ends_a_job_and_its_children(start: Start, log: Path, tmp_path: Path) -> None:
    script = """
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        print(child.pid, flush=True)
        time.sleep(1000)
        """
    process = start(script)
    until(lambda: log.is_file() and log.read_text().endswith("\n"))
    process.stop()
    assert process.wait() == -15
    child = int(log.read_text())
    until(lambda: not alive(child))


@pytest.mark.slow
def test_stop_ends_a_job_that_does_not_listen(
    start: Start, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sagemaker_local.processes.runner._GRACE_SECONDS", 0.2)
    script = """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf", flush=True)
        time.sleep(1000)
        """
    process = start(script)
    until(lambda: log.is_file() and log.read_text() == "deaf\n")
    process.stop()
    assert process.wait() == -9


@pytest.mark.parametrize(
    ("argv", "script", "name"),
    [
        (("python3", "a/b.py", "--c"), "a/b.py", "b.py"),
        (("python3", "-c", "pass"), None, "pass"),
        (("python3",), None, "python3"),
        (("bash", "a/b.py"), None, "b.py"),
    ],
)
def test_what_a_command_runs(
    tmp_path: Path, argv: tuple[str, ...], script: str | None, name: str
) -> None:
    command = Command(argv, tmp_path, tmp_path / "log")
    assert (command.script, command.name) == (script, name)


@pytest.mark.slow
def test_stop_right_after_the_start_and_after_the_end(start: Start) -> None:
    for _ in range(20):
        process = start("import time; time.sleep(1000)")
        process.stop()
        assert process.wait() < 0
        process.stop()
    finished = start("pass")
    assert finished.wait() == 0
    finished.stop()
    assert finished.wait() == 0


def test_a_shell_script_runs_plainly(any_runner: Runner, tmp_path: Path, log: Path) -> None:
    command = Command(("sh", "-c", "echo $WORD; exit 7"), tmp_path, log, {"WORD": "said"})
    assert any_runner.start(command).wait() == 7
    assert log.read_text() == "said\n"


def test_python_means_this_interpreter(any_runner: Runner, tmp_path: Path, log: Path) -> None:
    for name in ("python", "python3"):
        command = Command((name, "-c", "import sys; print(sys.executable)"), tmp_path, log)
        assert any_runner.start(command).wait() == 0
    assert log.read_text() == f"{sys.executable}\n" * 2


def test_the_runner_is_plain_where_forking_is_not_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert isinstance(shared_runner(), SpawnRunner)
    assert isinstance(shared_runner(warm=False), SpawnRunner)


def test_a_program_that_does_not_exist_is_named(any_runner: Runner, tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    try:
        code = any_runner.start(Command(("/no/such-program",), tmp_path, log)).wait()
    except FileNotFoundError as error:
        assert error.filename == "/no/such-program"
    else:
        assert code == 127
        assert log.read_text() == "/no/such-program cannot be started: No such file or directory\n"


def alive(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has waited for does not."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
