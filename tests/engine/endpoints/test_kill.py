"""Whatever is killed, at any moment: the state opens, and each endpoint gets what it was to get."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from sagemaker_local.endpoints.supervision import Supervision
from sagemaker_local.storage.root import RootFolder
from sagemaker_local.storage.store import Store

from engine.hosting import Hosted, post, scale, variant
from engine.local import until

pytestmark = pytest.mark.slow

_KILLS = 3


def test_an_endpoint_outlives_the_process_that_created_it(own: Hosted, source: Path) -> None:
    own.model("m", scale(1))
    own.configure("c0", variant("m"))
    program = Path(__file__).parents[1] / "endpoints_program.py"
    paths = os.pathsep.join([str(source), str(program.parents[1])])
    creator = subprocess.Popen(
        [sys.executable, str(program), str(own.local.root), "e"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
        start_new_session=True,
    )
    assert creator.stdout is not None
    assert creator.stdout.readline() == b"created\n"
    os.killpg(creator.pid, signal.SIGKILL)  # as a kernel ends, with all that it has started
    creator.communicate()
    own.settled("e")
    assert own.invoke("e") == ("3", "m")


def test_kills_at_any_moment_of_an_update_lose_no_update(own: Hosted) -> None:
    """The supervisor alone, or all that runs; while a client asks, and sees no wrong answer."""
    chance = random.Random(11)
    for number in range(2):
        own.model(f"m{number}", scale(10**number))
        own.configure(f"c{number}", variant(f"m{number}", "v"))
    own.client.create_endpoint(EndpointName="e", EndpointConfigName="c0")
    for number in range(1, _KILLS + 1):
        time.sleep(chance.random() * 0.8)
        kill(own, everything=number % 2 == 0)
        own.settled("e")
        answers(own, 10 ** ((number + 1) % 2))
        own.client.update_endpoint(EndpointName="e", EndpointConfigName=f"c{number % 2}")
    assert own.settled("e")["EndpointConfigName"] == f"c{_KILLS % 2}"
    answers(own, 10 ** (_KILLS % 2))
    until(lambda: len(own.processes()) == 1)
    # Models' files of deployments that were given up are removed.
    until(lambda: len(list(own.local.root.glob("endpoints/e/*/v/ml"))) == 1)


def kill(own: Hosted, everything: bool) -> None:
    if everything:
        processes = [*own.processes("__main__.py"), *own.processes()]
    else:
        runs = own.local.engine.supervision.running() is not None
        processes = [own.supervisor] if runs else []
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # one that was about to end anyway
            process.kill()
    psutil.wait_procs(processes)


def answers(own: Hosted, factor: int) -> None:
    """It answers, as the configured model does, as soon as its processes are there again."""
    seen = set()

    def right() -> bool:
        connection = own.connection()
        try:
            seen.add(post(connection, "e", "1,2"))
        except OSError:
            return False
        finally:
            connection.close()
        return (200, f"{3 * factor}") in seen

    until(right)
    assert {text for status, text in seen if status == 200} == {f"{3 * factor}"}


def test_two_that_need_a_supervisor_at_once_get_one(own: Hosted) -> None:
    root = own.local.root
    found: list[str] = []

    def ask() -> None:
        found.append(Supervision(Store(root / "state.db"), RootFolder(root), "us-east-1").url())

    Store(root / "state.db")
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    until(lambda: len(own.processes("__main__.py")) <= 2)
    until(lambda: own.processes("__main__.py") == [])  # it serves nothing, and ends by itself


def test_it_listens_elsewhere_only_if_it_is_told_and_says_so(
    own: Hosted, capsys: pytest.CaptureFixture[str]
) -> None:
    root = own.local.root
    supervision = Supervision(Store(root / "state.db"), RootFolder(root), "us-east-1", "0.0.0.0")
    assert supervision.url().startswith("http://127.0.0.1:")
    assert "endpoints listen at 0.0.0.0: whoever reaches that address" in capsys.readouterr().err
    assert "Whoever reaches 0.0.0.0 may ask the models" in own.log
    assert listened_at(own) == {"0.0.0.0"}
    supervision.stop()
    own.local.engine.supervision.url()
    assert listened_at(own) == {"127.0.0.1"}


def listened_at(own: Hosted) -> set[str]:
    """The addresses at which a supervisor waits for connections."""
    return {
        connection.laddr.ip
        for process in own.processes("__main__.py")
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }


def test_a_supervisor_ends_when_its_folder_is_deleted(own: Hosted) -> None:
    own.model("m", scale(1))
    own.create("e", variant("m"))
    processes = [*own.processes("__main__.py"), *own.processes()]
    shutil.rmtree(own.local.root)
    _, left = psutil.wait_procs(processes, timeout=30)
    assert len(processes) == 3
    assert left == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends them by itself")
def test_nothing_is_left_when_guardian_and_supervisor_are_killed(own: Hosted) -> None:
    own.model("m", scale(1))
    own.create("e", variant("m"))
    backends = own.processes()
    for process in own.processes("__main__.py"):
        process.kill()
    _, left = psutil.wait_procs(backends, timeout=30)
    assert len(backends) == 1
    assert left == []
