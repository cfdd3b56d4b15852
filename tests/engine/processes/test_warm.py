"""What only a fork server can get wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sagemaker_local.processes.container_paths import ContainerPaths
from sagemaker_local.processes.forkserver import children
from sagemaker_local.processes.runner import Command, Process
from sagemaker_local.processes.warm import WarmRunner, _ServerProcess

from engine.local import until
from engine.processes.test_runner import alive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking is safe on Linux only")


class Jobs:
    """Starts scripts in one folder, each with a log of its own."""

    def __init__(self, runner: WarmRunner, folder: Path) -> None:
        self.runner = runner
        self._folder = folder

    def start(
        self,
        name: str,
        script: str,
        paths: ContainerPaths | None = None,
        library: str = "",
        **environment: str,
    ) -> Process:
        file = self._folder / f"{name}.py"
        file.write_text(textwrap.dedent(script), encoding="utf-8")
        command = Command(("python3", str(file)), self._folder, self._log(name), environment)
        return self.runner.start(replace(command, paths=paths, library=library))

    def run(self, name: str, script: str, **environment: str) -> str:
        assert self.start(name, script, **environment).wait() == 0
        return self.log(name)

    def log(self, name: str) -> str:
        file = self._log(name)
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    @property
    def server(self) -> int:
        return self.runner._server("")._process.pid


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmRunner]:
    """A server of this module's own: tests kill it."""
    runner = WarmRunner(("numpy.random", "no_such_module"))
    yield runner
    runner._server("")._close()


@pytest.fixture
def jobs(warm: WarmRunner, tmp_path: Path) -> Jobs:
    return Jobs(warm, tmp_path)


@pytest.mark.slow
def test_modules_are_there_before_the_script_imports_them(jobs: Jobs) -> None:
    assert jobs.run("a", "import sys; print('numpy' in sys.modules)") == "True\n"


@pytest.mark.slow
def test_jobs_are_forks_of_the_server_in_groups_of_their_own(jobs: Jobs) -> None:
    printed = jobs.run("a", "import os; print(os.getppid(), os.getpgid(0) == os.getpid())")
    assert printed == f"{jobs.server} True\n"


def test_one_jobs_changes_are_not_the_next_ones(jobs: Jobs) -> None:
    script = """
        import json, os, sys
        print(getattr(json, "mark", None), os.environ.get("MARK"), "/mark" in sys.path)
        json.mark, os.environ["MARK"] = 1, "1"
        sys.path.append("/mark")
        """
    assert jobs.run("a", script) == jobs.run("b", script) == "None None False\n"


def test_random_numbers_differ_between_jobs(jobs: Jobs) -> None:
    script = """
        import random, uuid, numpy
        print(random.random(), numpy.random.rand(), numpy.random.default_rng().random())
        print(uuid.uuid4())
        """
    first, second = (set(jobs.run(name, script).split()) for name in "ab")
    assert len(first) == len(second) == 4
    assert not first & second


@pytest.mark.slow
def test_a_seed_gives_what_it_gives_in_a_plain_run(jobs: Jobs) -> None:
    script = "import random, numpy; random.seed(7); numpy.random.seed(7)\n"
    script += "print(random.random(), numpy.random.rand())"
    plain = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert jobs.run("a", script) == plain.stdout


@pytest.mark.slow
def test_many_jobs_at_once_do_not_mix(jobs: Jobs) -> None:
    script = """
        import os, sys, time
        for _ in range(20):
            print(os.environ["NAME"], flush=True)
            time.sleep(0.001)
        sys.exit(int(os.environ["NAME"]))
        """
    started = {n: jobs.start(f"job{n}", script, NAME=str(n)) for n in range(40)}
    for number, process in started.items():
        assert process.wait() == number
        assert jobs.log(f"job{number}") == f"{number}\n" * 20


def test_requests_longer_than_a_pipe_arrive_whole(jobs: Jobs) -> None:
    value = "x" * 120_000
    for name in "abc":
        printed = jobs.run(name, "import os; print(len(os.environ['LONG']))", LONG=value)
        assert printed == "120000\n"


def test_the_time_zone_of_a_job_is_its_own(jobs: Jobs) -> None:
    assert jobs.run("a", "import time; print(time.strftime('%Z'))", TZ="Asia/Tokyo") == "JST\n"


def test_a_job_leaves_no_way_to_the_servers_pipes(jobs: Jobs) -> None:
    """A job, or its children, that held them would keep a dead owner's server alive."""
    script = """
        import os
        for name in os.listdir("/proc/self/fd"):
            try:
                target = os.readlink(f"/proc/self/fd/{name}")
            except OSError:
                continue
            if target.startswith("pipe:"):
                print(target)
        """
    assert _pipes(os.getpid()) & _pipes(jobs.server)
    assert not _pipes(os.getpid()) & set(jobs.run("a", script).split())


def _pipes(pid: int) -> set[str]:
    """The pipes that a process has open, such as ``pipe:[12]``."""
    links = Path(f"/proc/{pid}/fd").iterdir()
    return {name for name in map(_target, links) if name.startswith("pipe:")}


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


@pytest.mark.slow
def test_a_killed_server_fails_its_job_and_the_next_one_works(jobs: Jobs) -> None:
    process = jobs.start("a", "import os, time; print(os.getpid(), flush=True); time.sleep(1000)")
    until(lambda: jobs.log("a").endswith("\n"))
    os.kill(jobs.server, signal.SIGKILL)
    assert process.wait() == -9
    job = int(jobs.log("a"))
    until(lambda: not alive(job))
    assert jobs.run("b", "print('works')") == "works\n"


@pytest.mark.slow
def test_a_job_that_kills_the_server_harms_only_itself(jobs: Jobs) -> None:
    script = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    jobs.start("a", script).wait()
    assert jobs.run("b", "print('works')") == "works\n"


def test_a_server_that_starts_holds_up_no_job_of_another(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ml = ContainerPaths(tmp_path / "ml")  # whether it can be mounted, a started server says
    ml.ml.mkdir()
    go, said = threading.Event(), _ServerProcess.refusal

    def refusal(server: _ServerProcess) -> str:
        if server is jobs.runner._servers.get("json"):
            assert go.wait(60)
        return said(server)

    monkeypatch.setattr(_ServerProcess, "refusal", refusal)
    with ThreadPoolExecutor() as pool:
        waits = pool.submit(jobs.start, "waits", "print(1)", paths=ml, library="json")
        until(lambda: "json" in jobs.runner._servers)
        try:
            goes = pool.submit(jobs.start, "goes", "print(1)", paths=ml)
            assert goes.result(timeout=20).wait() == 0
        finally:
            go.set()
        assert waits.result().wait() == 0
    jobs.runner._servers.pop("json")._close()


def test_a_module_that_breaks_on_import_does_not_break_jobs(tmp_path: Path) -> None:
    (tmp_path / "broken_module.py").write_text("raise RuntimeError('no shared library')")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        runner = WarmRunner(("broken_module",))
    try:
        assert Jobs(runner, tmp_path).run("a", "print('works')") == "works\n"
    finally:
        runner._server("")._close()


def test_what_modules_print_on_import_is_no_event(tmp_path: Path) -> None:
    (tmp_path / "loud_module.py").write_text("print('hello from an import')")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        runner = WarmRunner(("loud_module",))
    try:
        assert Jobs(runner, tmp_path).run("a", "print('works')") == "works\n"
    finally:
        runner._server("")._close()


def test_children_are_found_without_the_kernels_list_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not every kernel has it."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    listed = children.identifiers()
    read = children._read

    def without(path: str) -> bytes:
        if path.endswith("/children"):
            raise FileNotFoundError(path)
        return read(path)

    monkeypatch.setattr(children, "_read", without)
    assert child.pid in listed
    assert child.pid in children.identifiers()
    assert os.getppid() not in [*listed, *children.identifiers()]
    child.communicate()


OWNER = """
import sys, time
from pathlib import Path
from sagemaker_local.processes.runner import Command
from sagemaker_local.processes.warm import WarmRunner, _ServerProcess
folder = Path(sys.argv[1])
script = folder / "job.py"
script.write_text("import os, time; print(os.getpid(), os.getppid(), flush=True); time.sleep(1000)")
runner = WarmRunner(())
runner.start(Command(("python3", str(script)), folder, folder / "job.log"))
if sys.argv[2] == "wait":
    time.sleep(1000)
while not (folder / "job.log").is_file() or not (folder / "job.log").read_text().endswith("\\n"):
    time.sleep(0.01)
"""


@pytest.mark.slow
@pytest.mark.parametrize("end", ["kill", "leave"])
def test_jobs_end_with_their_owner(source: Path, tmp_path: Path, end: str) -> None:
    """Whether it is killed or just ends: no job, and no server, is left behind."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), "wait" if end == "kill" else "leave"],
        env={"PYTHONPATH": str(source), "PATH": os.environ["PATH"]},
    )
    log = tmp_path / "job.log"
    until(lambda: log.is_file() and log.read_text().endswith("\n"))
    job, server = map(int, log.read_text().split())
    if end == "kill":
        owner.kill()
    owner.wait()
    until(lambda: not alive(job) and not alive(server))


@pytest.mark.slow
def test_a_job_has_as_many_threads_as_it_is_given(tmp_path: Path) -> None:
    """The libraries were loaded with other numbers, in the server."""
    runner = WarmRunner(("sklearn.linear_model",))
    script = """
        import sklearn.linear_model, threadpoolctl
        print({pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
        """
    jobs = Jobs(runner, tmp_path)
    try:
        jobs.run("loads", "import sklearn.linear_model")
        assert jobs.run("one", script, OMP_NUM_THREADS="1").strip() == "{1}"
        assert jobs.run("two", script, OMP_NUM_THREADS="2").strip() == "{2}"
    finally:
        runner._server("")._close()
