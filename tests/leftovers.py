"""A pytest plugin: what a test leaves in the machine fails it, and a run of tests always ends.

- A process that a test started and left running is killed, and the test fails with its command.
- A process that a fixture of a wider scope starts is the fixture's until that is torn down.
- A fork server of the engine that belongs to this process ends with it, and may stay.
- A test that waits for ever has its processes killed, so that it fails and the next one runs.
- More and more open descriptors fail the test that has one too many.
- At the end nothing holds the output of the run open, and no thread keeps pytest from ending.

Processes are found by their ancestors, and by a variable that they inherit, should those be gone.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import psutil
import pytest

_VARIABLE = "PYTEST_LEFTOVERS"
_FORK_SERVER = ("forkserver", "__main__.py")
# For what ends by itself: a fork server looks for its owner between two imports.
_GRACE_SECONDS = float(os.environ.get("LEFTOVERS_GRACE_SECONDS", "15"))
_POLL_SECONDS = 0.01
# How long a test may take on a machine that is very busy.
_PATIENCE_SECONDS = float(os.environ.get("LEFTOVERS_PATIENCE_SECONDS", "180"))
_SLOW_PATIENCE_SECONDS = 1500.0  # the longest is a project's whole workflow
# After the summary is printed.
_ENDING_SECONDS = float(os.environ.get("LEFTOVERS_ENDING_SECONDS", "30"))
# More than a test opens that is right, and far from what select() can wait for.
_DESCRIPTORS = 300

Processes = list[psutil.Process]


class Watch:
    """Tells which processes come from this one, and ends those that nobody owns."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(6)
        # Runs of tests start others: the workers of this one, and those that tests look at.
        os.environ[_VARIABLE] = f"{os.environ.get(_VARIABLE, '')}/{self.name}"
        self.owned: dict[Any, Processes] = {}

    def started_since(self, before: set[int]) -> Processes:
        """Processes that run, come from this one, and were not there before."""
        new = [_process(pid) for pid in set(psutil.pids()) - before]
        return [process for process in new if process is not None and self._is_from_here(process)]

    def left_since(self, before: set[int], grace: float = _GRACE_SECONDS) -> list[str]:
        """Kill what was started since and does not end by itself; gives the command lines."""
        owned = {process for processes in self.owned.values() for process in processes}

        def found() -> Processes:
            return [p for p in self.started_since(before) if p not in owned and not _may_stay(p)]

        return _ended(found, grace)

    def left_of(self, owner: Any) -> list[str]:
        """Kill what a wider fixture started and did not end; gives the command lines."""
        processes = self.owned.pop(owner, [])
        return _ended(lambda: [p for p in processes if _runs(p) and not _may_stay(p)])

    def _is_from_here(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error, OSError):
            if self.name in process.environ().get(_VARIABLE, "").split("/"):
                return True
        with suppress(psutil.Error):
            return any(parent.pid == os.getpid() for parent in process.parents())
        return False


def _ended(found: Callable[[], Processes], grace: float = _GRACE_SECONDS) -> list[str]:
    """Wait until nothing is found any more; kill what is, and tell its command lines."""
    deadline = time.monotonic() + grace
    while running := found():
        if time.monotonic() > deadline:
            told = [_told(process) for process in running]
            _kill(running)
            return told
        time.sleep(_POLL_SECONDS)
    return []


def _process(pid: int) -> psutil.Process | None:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return process if _runs(process) else None
    return None


def _runs(process: psutil.Process) -> bool:
    """A zombie does not: its parent has yet to hear of its end."""
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _may_stay(process: psutil.Process) -> bool:
    """A fork server whose owner is this process, which reuses it: it ends when its input closes."""
    with suppress(psutil.Error):
        is_server = any(Path(word).parts[-2:] == _FORK_SERVER for word in process.cmdline())
        return is_server and process.ppid() == os.getpid()
    return False


def _told(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return f"{process.pid}: {' '.join(process.cmdline())[:300]}"
    return f"{process.pid}: has just ended"


def _kill(processes: Processes) -> None:
    """And wait for their end, but not as their parent, who may wait for them as well."""
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    deadline = time.monotonic() + _GRACE_SECONDS
    while any(map(_runs, processes)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


class Patience(threading.Thread):
    """Ends the processes of a test that takes too long: what waits for them goes on, and fails."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(name="patience", daemon=True)
        self._watch = watch
        self._lost: list[str] = []
        self._changed = threading.Condition()
        self._deadline: float | None = None
        self._before: set[int] = set()

    def begin(self, before: set[int], seconds: float) -> None:
        with self._changed:
            self._before, self._deadline, self._lost = before, time.monotonic() + seconds, []
            self._changed.notify()

    def end(self) -> None:
        with self._changed:
            self._deadline = None
            self._changed.notify()

    def lost(self) -> list[str]:
        """Command lines of what was killed, once it is."""
        with self._changed:
            return list(self._lost)

    def run(self) -> None:
        with self._changed:
            while True:
                left = None if self._deadline is None else self._deadline - time.monotonic()
                if left is not None and left <= 0:
                    self._lost += self._watch.left_since(self._before, grace=0)
                    left = 1.0  # a loop may start others
                self._changed.wait(left)


class Descriptors:
    """Notices when tests leave ever more of them open."""

    def __init__(self) -> None:
        self._most = _DESCRIPTORS

    def too_many(self) -> str:
        """A sentence, if there are more than ever before by far."""
        folder = Path("/proc/self/fd")
        if not folder.is_dir() or sum(1 for _ in os.scandir(folder)) <= self._most:
            return ""
        gc.collect()
        targets = [_target(link) for link in folder.iterdir()]
        if len(targets) <= self._most:
            return ""
        self._most = len(targets) + _DESCRIPTORS  # the next test is not to blame
        common = ", ".join(f"{n} of {name}" for name, n in Counter(targets).most_common(5))
        return f"{len(targets)} descriptors are open in this process, most of them: {common}"


def _target(link: Path) -> str:
    try:
        return link.readlink().name.partition(":")[0]
    except OSError:
        return "what is closed"


_watch = Watch()
_patience = Patience(_watch)
_descriptors = Descriptors()
_at_the_end: list[str] = []


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
    if fixturedef.scope == "function":
        return (yield)
    before = set(psutil.pids())
    try:
        return (yield)
    finally:
        claimed = {process for processes in _watch.owned.values() for process in processes}
        own = [p for p in _watch.started_since(before) if p not in claimed]
        if own:
            _watch.owned[fixturedef] = own


@pytest.hookimpl
def pytest_fixture_post_finalizer(fixturedef: pytest.FixtureDef[Any]) -> None:
    if fixturedef in _watch.owned:
        _fail_for(f"the fixture {fixturedef.argname}", _watch.left_of(fixturedef))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Also for what waits while fixtures are set up and torn down."""
    slow = item.get_closest_marker("slow") is not None
    _patience.begin(set(psutil.pids()), _SLOW_PATIENCE_SECONDS if slow else _PATIENCE_SECONDS)
    try:
        return (yield)
    finally:
        _patience.end()


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Fails a test that leaves processes running, or descriptors open."""
    before = set(psutil.pids())
    yield
    if lost := _patience.lost():
        _fail("It took too long, and its processes were killed:", *lost)
    _fail_for("this test", _watch.left_since(before))
    if too_many := _descriptors.too_many():
        _fail(too_many)


def _fail_for(who: str, left: list[str]) -> None:
    if left:
        _fail(f"What {who} left running, and was killed:", *left)


def _fail(*lines: str) -> NoReturn:
    pytest.fail("\n".join(lines), pytrace=False)


def pytest_sessionstart() -> None:
    _patience.start()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """After the workers have ended: what is left of them holds the output of this run open."""
    if hasattr(session.config, "workerinput"):
        return
    _at_the_end.extend(_watch.left_since({os.getpid()}))
    if _at_the_end:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _at_the_end:
        terminalreporter.section("left running at the end, and killed")
        terminalreporter.write_line("\n".join(_at_the_end))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Threads that never end would keep this process. A worker waits for others; xdist ends it."""
    if not hasattr(config, "workerinput") and sys.__stderr__ is not None:
        faulthandler.dump_traceback_later(_ENDING_SECONDS, exit=True, file=sys.__stderr__)
