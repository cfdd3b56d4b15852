"""What a test leaves running fails it, and a run of tests ends: runs of small suites, looked at."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parent
START = """
import os, subprocess, sys, threading
import pytest

SLEEPS = "import time; time.sleep(1000)"

def start(name, **options):
    command = [sys.executable, "-c", SLEEPS, name]
    return subprocess.Popen(command, **options)
"""
Suite = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """`suite(tests, *options)`: pytest's run of these tests with the plugin, to its very end."""

    def ran(tests: str, *options: str, patience: float = 60) -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_it.py").write_text(START + textwrap.dedent(tests), encoding="utf-8")
        given = {"GRACE": 0.3, "PATIENCE": patience, "ENDING": 2}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "leftovers", "-c", os.devnull, "--rootdir=.",
             "-p", "no:cacheprovider", "-ra", *options, "test_it.py"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(TESTS)}
            | {f"LEFTOVERS_{name}_SECONDS": str(seconds) for name, seconds in given.items()},
            capture_output=True,  # whoever holds these open keeps this from ending
            text=True,
            timeout=120,
            check=False,
        )  # fmt: skip

    return ran


def running(name: str) -> bool:
    """Does a process run that has this word among its arguments?"""
    return any(name in (p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))


def test_a_test_that_leaves_nothing_passes(suite: Suite) -> None:
    done = suite("""
        def test_it():
            process = start("ends")
            process.kill()
            process.wait()
    """)
    assert done.returncode == 0, done.stdout


WAYS = {
    "child": "start('{name}')",
    "session": "start('{name}', start_new_session=True)",
    "orphan": "subprocess.run(['sh', '-c', '\"$0\" -c \"$1\" {name} &', sys.executable, SLEEPS])",
    "stranger": "start('{name}', env={{}})",
}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_process_that_is_left_fails_its_test_and_is_killed(
    suite: Suite, tmp_path: Path, workers: str
) -> None:
    """In a session of its own, by a process that ended, or without variables."""
    names = {way: f"{way}-{tmp_path.name}" for way in WAYS}
    tests = [
        f"def test_{way}():\n    {start.format(name=names[way])}\n" for way, start in WAYS.items()
    ]
    done = suite("\n".join([*tests, "def test_next(): pass"]), f"-n{workers}")
    assert done.returncode == 1, done.stdout
    assert "5 passed, 4 errors" in done.stdout
    told = done.stdout.split("What this test left running, and was killed:\n")[1:]
    for way, name in names.items():
        assert f"ERROR test_it.py::test_{way} - " in done.stdout
        assert any(name in lines.partition("\n")[0] for lines in told)
        assert not running(name)


def test_what_a_wider_fixture_starts_is_its_own_until_its_end(suite: Suite, tmp_path: Path) -> None:
    name = f"left-by-{tmp_path.name}"
    tests = """
        @pytest.fixture(scope="{scope}")
        def server():
            process = start("{name}")
            yield process
            {end}

        def test_one(server):
            assert server.poll() is None

        def test_two(server):
            assert server.poll() is None
    """
    tidy = suite(tests.format(scope="module", name=name, end="process.kill(); process.wait()"))
    assert tidy.returncode == 0, tidy.stdout
    for scope in ("module", "session"):
        done = suite(tests.format(scope=scope, name=name, end="pass"))
        assert done.returncode == 1
        assert "What the fixture server left running, and was killed:" in done.stdout
        assert "2 passed, 1 error" in done.stdout
        assert not running(name)


def test_a_test_that_waits_for_what_never_ends_fails_and_the_next_one_runs(
    suite: Suite, tmp_path: Path
) -> None:
    done = suite(
        f"""
        def test_waits():
            start("{tmp_path.name}").wait()

        def test_next():
            pass
        """,
        patience=1,
    )
    assert done.returncode == 1
    assert "ERROR test_it.py::test_waits - Failed: It took too long" in done.stdout
    assert "2 passed, 1 error" in done.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_thread_that_never_ends_does_not_keep_pytest(suite: Suite, workers: str) -> None:
    done = suite(
        """
        def test_it():
            threading.Thread(target=threading.Event().wait).start()
        """,
        f"-n{workers}",
    )
    assert "1 passed" in done.stdout
    # A worker is ended by xdist.
    if workers == "0":
        assert done.returncode == 1
        assert "Timeout" in done.stderr and "in _shutdown" in done.stderr


def test_what_is_left_outside_of_tests_is_killed_at_the_end(suite: Suite, tmp_path: Path) -> None:
    """As with a thread of one test that starts a process while no test runs."""
    name = f"left-by-{tmp_path.name}"
    done = suite(f"""
        start("{name}")

        def test_it():
            pass
    """)
    assert done.returncode == 1
    assert "left running at the end, and killed" in done.stdout
    assert name in done.stdout
    assert not running(name)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="descriptors are counted on Linux")
def test_descriptors_that_pile_up_fail_a_test(suite: Suite) -> None:
    done = suite("""
        kept = []

        @pytest.mark.parametrize("number", range(10))
        def test_it(number):
            kept.extend(os.pipe() for _ in range(20))
    """)
    assert done.returncode == 1
    assert "10 passed, 1 error" in done.stdout
    assert "descriptors are open in this process, most of them: " in done.stdout
    assert " of pipe" in done.stdout
