"""What a request costs `runtime/serve.py`, against Flask in gunicorn, as SageMaker's image serves.

Model, records, contract and encoder are the same.

    python benchmarks/serving.py

Both servers run in an environment of their own (serve-requirements.txt, Flask, gunicorn, gevent),
on one core, and are asked over 8 connections that are kept. They take turns, and what is compared
is the CPU time of their processes for a request: a core's requests per second are one by that, also
on a machine that has other things to do. Linux only.
"""

import argparse
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import template

RUNTIME = template.SOURCE / "runtime"
CONNECTIONS, ROWS = 8, (1, 100)
FLASK = ["Flask==3.1.3", "gunicorn==25.3.0", "gevent==26.4.0"]
# As the image has it, there is no orjson, and XGBoost is called for each request. The same handler
# has both, as serve.py does.
APPLICATION = """
import os, sys
if os.environ["HANDLER"] == "managed":
    sys.modules["orjson"] = None
import inference
from flask import Flask, Response, request
from tabular import trees
if os.environ["HANDLER"] == "managed":
    trees.FEW = 0
model = inference.model_fn("..")
app = Flask("model")

@app.get("/ping")
def ping():
    return Response(status=200)

@app.post("/invocations")
def invocations():
    records = inference.input_fn(request.get_data(), request.content_type)
    body, kind = inference.output_fn(inference.predict_fn(records, model), "application/json")
    return Response(body, content_type=kind)
"""
INSIDE = """
import json, sys, time
import inference
model = inference.model_fn("..")
records = json.loads(sys.stdin.read())["instances"]
inference.predict_fn(records, model)
best = 1.0
for _ in range(15):
    started = time.process_time()
    for _ in range(20):
        inference.predict_fn(records, model)
    best = min(best, (time.process_time() - started) / 20)
print(best)
"""
WALK = """
import time
import numpy as np
from xgboost import Booster
from tabular import booster_margins, forest, leaf_sets
booster = Booster(model_file="../model.ubj")
walked, called = forest.of(booster), booster_margins.of(booster)
sets = leaf_sets.of(walked)
print(f"{walked.roots.size} trees of {walked.depth} levels; walked up to {walked.few} rows")
numbers = np.random.default_rng(7).normal(size=(200, booster.num_features())) * 100

def best(ask, rows):
    times = []
    for _ in range(15):
        started = time.thread_time()
        for _ in range(10):
            ask(rows)
        times.append((time.thread_time() - started) / 10)
    return min(times) * 1e6

for count in (1, 2, 5, 10, 20, 40, 80, 160):
    rows = numbers[:count]
    plain = best(lambda each: booster.inplace_predict(each, predict_type="margin"), rows)
    print(
        f"{count:4} rows: walk {best(walked.margins, rows):5.0f} us, sets of leaves "
        f"{best(sets.margins, rows) if count > 1 else 0:5.0f} us, XGBoost's library "
        f"{best(called, rows):5.0f} us, inplace_predict {plain:5.0f} us"
    )
"""


@dataclass(frozen=True)
class Measured:
    """Seconds of CPU for a request, and of each answer's waiting."""

    cpu: float
    waits: list[float]

    @property
    def p99(self) -> float:
        return sorted(self.waits)[int(0.99 * len(self.waits))]


def environment(folder: Path) -> Path:
    """The interpreter of an environment with both servers."""
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
    python = folder / "bin" / "python"
    wanted = ["-r", str(RUNTIME / "serve-requirements.txt"), *FLASK]
    subprocess.run([*uv, "pip", "install", "-q", "--python", str(python), *wanted], check=True)
    return python


def trained(folder: Path) -> tuple[Path, list[str]]:
    """A model of sample data, with its contract, and raw records."""
    project = template.generate(folder)
    variables = template.variables(project)
    channels = [f"--{name}={folder / name}" for name in ("train", "validation", "schema")]
    (contract,) = (project / "contracts").glob("*.json")
    raw = f"--input={folder / 'raw' / 'cars.csv'}"
    for command in (
        ["-m", "used_car_prices", "sample-data", "--rows=3000", raw.replace("input", "output")],
        ["runtime/preprocess.py", raw, f"--output={folder}", f"--contract={contract}"],
        ["runtime/train.py", *channels, f"--model-dir={folder / 'model'}"],
    ):
        run = [sys.executable, *command]
        subprocess.run(run, cwd=project, env=variables, check=True, capture_output=True)
    lines = (folder / "records" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    return folder / "model", lines


@contextmanager
def serving(command: list[str], model: Path, port: int, handler: str) -> Iterator[psutil.Process]:
    """A server on the first core, once it answers; its first seconds are not measured."""
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "HANDLER": handler, "PYTHONPATH": ""}
    log = model.parent / "server.log"
    with log.open("wb") as output:
        process = psutil.Popen(
            command, cwd=model / "code", env=variables, stdout=output, stderr=output
        )
    process.cpu_affinity([min(os.sched_getaffinity(0))])
    try:
        while True:
            try:
                if asked(port, b"GET /ping HTTP/1.1\r\nHost: m\r\n\r\n", 1).waits:
                    break
            except (OSError, AssertionError):  # it does not listen, or is not loaded
                time.sleep(0.02)
            if process.poll() is not None:
                raise RuntimeError(log.read_text(encoding="utf-8")[-2000:])
        yield process
    finally:
        process.terminate()
        process.wait(30)


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time of a server's processes so far."""
    family = [process, *process.children(recursive=True)]
    return sum(sum(each.cpu_times()[:2]) for each in family)


def asked(port: int, request: bytes, count: int) -> Measured:
    """Send a request so often over all connections; each waits for its answer."""
    chooser, waits, sent = selectors.DefaultSelector(), list[float](), 0
    for _ in range(min(CONNECTIONS, count)):
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chooser.register(client, selectors.EVENT_READ, [time.perf_counter(), b""])
        client.sendall(request)
        sent += 1
    while len(waits) < count:
        for key, _ in chooser.select():
            assert isinstance(key.fileobj, socket.socket)
            client, state = key.fileobj, key.data
            state[1] += (part := client.recv(1 << 18))
            if not part:
                raise ConnectionError("the server closed a connection")
            head, separator, body = state[1].partition(b"\r\n\r\n")
            if not separator or len(body) < length(head):
                continue
            assert b" 200 " in head.partition(b"\r\n")[0], state[1][:500]
            waits.append(time.perf_counter() - state[0])
            if sent < count:
                state[:] = [time.perf_counter(), b""]
                client.sendall(request)
                sent += 1
    for key in list(chooser.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    return Measured(0.0, waits)


def length(head: bytes) -> int:
    """The length of an answer's body."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def measured(process: psutil.Process, port: int, request: bytes, count: int) -> Measured:
    """The same requests, with the CPU time that the server took for each."""
    before = cpu_seconds(process)
    answers = asked(port, request, count)
    return Measured((cpu_seconds(process) - before) / count, answers.waits)


def inside(python: Path, model: Path, code: str, body: bytes = b"") -> str:
    """What a program in the model's code prints, without any server."""
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""}
    done = subprocess.run(
        [str(python), "-c", code],
        cwd=model / "code",
        env=variables,
        input=body,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1500, help="of one row, each time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        python = environment(Path(scratch) / "venv")
        model, lines = trained(Path(scratch) / "trained")
        (model / "code" / "flask_model.py").write_text(APPLICATION, encoding="utf-8")
        gunicorn = [str(python), "-m", "gunicorn", "-k", "gevent", "-w", "1", "-b"]
        servers = {
            "serve.py": ([str(python), "serve.py", "--port=18080"], 18080, ""),
            "same handler": ([*gunicorn, "127.0.0.1:18081", "flask_model:app"], 18081, "same"),
            "managed": ([*gunicorn, "127.0.0.1:18082", "flask_model:app"], 18082, "managed"),
        }
        starts = []
        for _ in range(3):
            with serving(servers["serve.py"][0], model, 18080, "") as process:
                starts.append(cpu_seconds(process))
        print(f"start to the first answer: {statistics.median(starts):.2f} s of CPU")
        print(inside(python, model, WALK), end="")
        for rows in ROWS:
            body = b'{"instances": [' + ",".join(lines[:rows]).encode() + b"]}"
            head = f"POST /invocations HTTP/1.1\r\nHost: m\r\nContent-Length: {len(body)}\r\n"
            request = head.encode() + b"Content-Type: application/json\r\n\r\n" + body
            compare(servers, model, rows, request, options)
            alone = float(inside(python, model, INSIDE, body))
            print(f"  encoding and prediction alone: {alone * 1e6:.0f} us of CPU")


def compare(
    servers: dict[str, tuple[list[str], int, str]],
    model: Path,
    rows: int,
    request: bytes,
    options: argparse.Namespace,
) -> None:
    """Ask all servers in turns, and print what each took."""
    found: dict[str, list[Measured]] = {name: [] for name in servers}
    count = max(100, options.requests // (1 if rows == 1 else 5))
    running = {}
    with ExitStack() as stack:
        for name, (command, port, handler) in servers.items():
            running[name] = stack.enter_context(serving(command, model, port, handler)), port
            asked(port, request, 50)
        for _ in range(options.repeats):
            for name, (process, port) in running.items():
                found[name].append(measured(process, port, request, count))
    best = {name: min(each.cpu for each in all_of) for name, all_of in found.items()}
    print(f"{rows} row{'s' * (rows > 1)} in a request")
    for name, all_of in found.items():
        p99 = statistics.median(each.p99 for each in all_of)
        print(
            f"  {name:13} {best[name] * 1e6:6.0f} us of CPU, {1 / best[name]:7,.0f} requests/s, "
            f"p99 {p99 * 1e3:6.1f} ms, serve.py {best[name] / best['serve.py']:.2f} times as many"
        )


if __name__ == "__main__":
    main()
