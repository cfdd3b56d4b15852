"""What the front of local endpoints costs: CPU per request, beside its HTTP library alone.

    python benchmarks/endpoint_front.py

The model's server does nothing, so that what is measured is the front: reading a request, choosing
a variant, asking its process, metrics, and capture of every request. Figures are CPU time of the
front's process, medians of rounds that take turns; the ratio says more than the microseconds.
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import template  # noqa: F401 - which makes the engine importable
from sagemaker_local.client.client import SageMakerClient
from sagemaker_local.engine import Engine
from sagemaker_local.processes.warm import shared_runner
from sagemaker_local.storage import archive

CLIENTS = 4
BODY = "1.0,2.0,3.0,4.0,5.0,6.0,7.0,8.0,9.0,10.0"
# A model's own server that answers at once.
SERVER = """
import asyncio, os

ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/csv\\r\\nContent-Length: 5\\r\\n\\r\\n42.0\\n"

async def answer(reader, writer):
    try:
        while head := await reader.readuntil(b"\\r\\n\\r\\n"):
            _, _, length = head.lower().partition(b"content-length:")
            if length:
                await reader.readexactly(int(length.split(b"\\r\\n")[0]))
            writer.write(ANSWER)
    except asyncio.IncompleteReadError:
        writer.close()

async def main():
    port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    await (await asyncio.start_server(answer, "127.0.0.1", port)).serve_forever()

asyncio.run(main())
"""
ALONE = """
import asyncio
from aiohttp import web

async def answer(request):
    await request.read()
    return web.Response(body=b"42.0\\n", headers={"Content-Type": "text/csv"})

async def main():
    server = web.Server(answer, access_log=None)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await listener.serve_forever()

asyncio.run(main())
"""
CAPTURE = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://sagemaker-local/captured",
    "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
}


def ask(url: str, endpoint: str, requests: int) -> None:
    """Send requests from several threads, each on a connection that stays."""

    def client() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        for _ in range(requests // CLIENTS):
            kinds = {"Content-Type": "text/csv", "Accept": "text/csv"}
            connection.request("POST", f"/endpoints/{endpoint}/invocations", BODY, kinds)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"42.0\n")
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def cpu(pid: int, work: Callable[[], None]) -> float:
    """Seconds of CPU that a process spends meanwhile."""
    process = psutil.Process(pid)
    before = sum(process.cpu_times()[:2])
    work()
    return sum(process.cpu_times()[:2]) - before


def host(client: SageMakerClient, folder: Path) -> None:
    """The endpoints ``plain`` and ``captured`` of one model."""
    (folder / "model" / "code").mkdir(parents=True)
    (folder / "model" / "code" / "serve.py").write_text(SERVER)
    bucket = client.engine.bucket
    archive.pack(folder / "model", bucket.path(bucket.uri("model.tar.gz")))
    container = {"Image": "own:1", "ModelDataUrl": bucket.uri("model.tar.gz")}
    client.create_model(ModelName="m", PrimaryContainer=container)
    sizes = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    variant = {"VariantName": "v", "ModelName": "m", **sizes}
    for name, more in (("plain", {}), ("captured", {"DataCaptureConfig": CAPTURE})):
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], **more)
        client.create_endpoint(EndpointName=name, EndpointConfigName=name)
        client.get_waiter("endpoint_in_service").wait(EndpointName=name)


def measured(requests: int, rounds: int) -> dict[str, float]:
    """Microseconds of CPU for a request: of the library alone, the front, and with capture."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder) / "root", runner=shared_runner(False))
        alone = subprocess.Popen([sys.executable, "-c", ALONE], stdout=subprocess.PIPE, text=True)
        try:
            assert alone.stdout is not None
            library = f"http://127.0.0.1:{alone.stdout.readline().strip()}"
            host(SageMakerClient(engine), Path(folder))
            record = engine.supervision.running()
            assert record is not None
            front = int(record.owner.split(":")[1])
            whom = {
                "aiohttp alone": (alone.pid, library, "any"),
                "front": (front, record.url, "plain"),
                "front, capturing all": (front, record.url, "captured"),
            }
            times: dict[str, list[float]] = {name: [] for name in whom}
            for number in range(rounds + 1):
                for name, (pid, url, endpoint) in whom.items():
                    spent = cpu(pid, lambda u=url, e=endpoint: ask(u, e, requests))  # type: ignore[misc]
                    times[name] += [spent / requests * 1e6] if number else []  # the first warms up
        finally:
            alone.kill()
            alone.communicate()
            engine.supervision.stop()
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000, help="in a round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    found = measured(options.requests, options.rounds)
    base = found["aiohttp alone"]
    print("| CPU of the front's process | us per request | ratio |\n| --- | --- | --- |")
    for name, microseconds in found.items():
        print(f"| {name} | {microseconds:.0f} | {microseconds / base:.1f} |")


if __name__ == "__main__":
    main()
