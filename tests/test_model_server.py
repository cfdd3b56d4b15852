"""The server in a model's `code/`: with its libraries only, among clients who stall or leave."""

import json
import os
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Run
from engine.local import until
from model_server import HEAD, PATIENCE, Serving, answer, served
from projects import prepare, train

pytestmark = pytest.mark.slow

UV = [sys.executable, "-m", "uv"]
STALLED, HEALTHY = 1_000, 200


@pytest.fixture(scope="module")
def python(bake: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has what serve-requirements.txt asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("serving") / "venv"
    wanted = bake() / "runtime" / "serve-requirements.txt"
    interpreter = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    for command in (
        [*UV, "venv", "-q", "--python", sys.executable, str(folder)],
        [*UV, "pip", "install", "-q", "--python", str(interpreter), "-r", str(wanted)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no environment for a server: {done.stderr.strip()[-300:]}")
    return interpreter


@pytest.fixture(scope="module")
def data(bake: Callable[..., Path], run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Preprocessed data, and a model of it."""
    project, folder = bake(), tmp_path_factory.mktemp("served")
    prepare(run, project, folder, rows=900)
    train(run, project, folder, folder / "model")
    return folder


@pytest.fixture(scope="module")
def body(data: Path) -> bytes:
    """A request of one record."""
    return (data / "records" / "test.jsonl").read_bytes().splitlines()[0]


@pytest.fixture(scope="module")
def server(python: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server of the model, which no client brings to a traceback."""
    with served(python, data / "model", tmp_path_factory.mktemp("server")) as serving:
        yield serving
        assert "Traceback" not in serving.log


def test_it_needs_its_own_libraries_only(
    server: Serving, python: Path, data: Path, body: bytes
) -> None:
    listed = subprocess.run(
        [*UV, "pip", "list", "--python", str(python), "--format=json"],
        capture_output=True,
        check=True,
    )
    names = {each["name"] for each in json.loads(listed.stdout)}
    assert not names & {"pandas", "scikit-learn", "pyarrow", "sagemaker"}
    inference = (
        "import sys, inference as i; m = i.model_fn('..'); "
        "r = i.input_fn(sys.stdin.buffer.read(), 'application/json'); "
        "print(i.output_fn(i.predict_fn(r, m), 'application/json')[0])"
    )
    expected = subprocess.run(
        [sys.executable, "-c", inference],
        cwd=data / "model" / "code",
        input=body,
        capture_output=True,
        check=True,
    )
    status, said = answer(server.connection(), "POST", "/invocations", body)
    assert status == 200
    (here,), (there,) = (json.loads(text)["predictions"] for text in (said, expected.stdout))
    assert here == pytest.approx(there, rel=1e-6)
    assert answer(server.connection(), "GET", "/docs")[0] == 200


def test_it_is_on_loopback_and_says_so_where_it_is_not(
    server: Serving, python: Path, data: Path, tmp_path: Path
) -> None:
    assert {each.laddr.ip for each in server.process.net_connections("tcp")} == {"127.0.0.1"}
    assert "whoever" not in server.log
    other = tmp_path / "other"
    other.mkdir()
    with served(python, data / "model", other, "serve", "--host=0.0.0.0") as open_to_all:
        assert "whoever reaches this machine can ask the model" in open_to_all.log


def test_healthy_requests_succeed_while_many_connections_stall(
    server: Serving, body: bytes
) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * STALLED), hard))
    connection = server.connection()
    answer(connection, "POST", "/invocations", body)
    descriptors = server.process.num_fds()
    head = HEAD + b"Content-Length: 100\r\n"
    starts = [b"", head, head + b"\r\n{", body]
    stalled = [server.opened(random.choice(starts)) for _ in range(STALLED)]
    trickling, leaving = stalled[:300], stalled[300:400]
    memory = server.process.memory_info().rss
    for place in range(HEALTHY):
        assert answer(connection, "POST", "/invocations", body)[0] == 200
        assert answer(connection, "GET", "/ping")[0] == 200
        if place < len(leaving):
            leaving[place].close()
        trickle(trickling)

    def given_up() -> bool:
        trickle(trickling)
        return server.process.num_fds() <= descriptors + 1

    until(given_up)
    told = b"".join(client.recv(1000) for client in stalled[400:] if readable(client))
    assert told.count(b"HTTP/1.1 408") > 100 and b"not whole after 3 seconds" in told
    for client in stalled:
        client.close()
    assert server.process.memory_info().rss < memory + (16 << 20)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def trickle(clients: list[socket.socket]) -> None:
    """Send a byte on each connection that is still open."""
    for client in clients:
        with suppress(OSError):
            client.send(b"X")


def readable(client: socket.socket) -> bool:
    """Whether something can be read; select() takes no descriptor above 1,023."""
    if client.fileno() < 0:
        return False
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ)
        return bool(selector.select(0))


def test_clients_that_leave_are_no_news(server: Serving, body: bytes) -> None:
    whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    before = server.log
    for end in (1, 20, len(HEAD) + 30, len(whole) - 1, len(whole)) * 20:
        server.opened(whole[:end]).close()
    assert answer(server.connection(), "POST", "/invocations", body)[0] == 200
    assert server.log == before


def test_what_is_too_large_is_told_to_who_sends_it(server: Serving, body: bytes) -> None:
    status, said = answer(server.connection(), "POST", "/invocations", b" " * 7_000_000 + body)
    assert status == 413 and b"more than 6,291,456 bytes" in said
    client = server.opened(HEAD + b"Content-Length: 99999999999\r\n\r\n")
    assert client.recv(1000).startswith(b"HTTP/1.1 413")
    client = server.opened(b"GET /ping HTTP/1.1\r\n" + b"x: y\r\n" * 20_000)
    assert client.recv(1000).startswith(b"HTTP/1.1 431")


def test_ping_is_answered_while_the_model_has_much_to_do(server: Serving, body: bytes) -> None:
    many = b'{"instances": [' + b",".join([body] * 15_000) + b"]}"
    busy = [server.connection() for _ in range(3)]
    for connection in busy:
        connection.request("POST", "/invocations", many, {"Content-Type": "application/json"})
    pings = 0
    while not readable(busy[0].sock):
        assert answer(server.connection(), "GET", "/ping")[0] == 200
        pings += 1
    assert pings > 3
    assert {connection.getresponse().status for connection in busy} == {200}


def test_sigterm_answers_what_is_under_way(
    python: Path, data: Path, body: bytes, tmp_path: Path
) -> None:
    many = b'{"instances": [' + b",".join([body] * 15_000) + b"]}"
    with served(python, data / "model", tmp_path) as server:
        busy, idle = server.connection(), server.connection()
        answer(idle, "GET", "/ping")
        stalled = server.opened(HEAD + b"Content-Length: 100\r\n\r\n{")
        busy.request("POST", "/invocations", many, {"Content-Type": "application/json"})
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        assert busy.getresponse().status == 200
        assert server.process.wait(30) == 0
        stalled.close()
        assert "Traceback" not in server.log


def test_a_model_that_cannot_be_loaded_is_a_sentence(
    python: Path, data: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(data / "model", tmp_path / "model"))
    (model / "model.ubj").unlink()
    done = subprocess.run(
        [str(python), "serve.py", "--port=0"],
        cwd=model / "code",
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert "model.ubj" in done.stderr.splitlines()[-1]
