"""A pipeline with an input of 2 GB: what the first run reads of it, and what later ones do.

    python benchmarks/large_input.py

Each run uploads the file and starts the pipeline, as a notebook does when it is run again; the
job itself looks at the file's size only, so that what is read, the engine reads. ``again`` finds
the step in the cache; ``another script`` does not, and gives the job its input. Bytes are those
that this process asked the system for (``rchar`` of ``/proc/self/io``); what counts is their
ratio to the file's size, and the ratio of the seconds to the first run's.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import template  # noqa: F401 - which makes the engine importable
from sagemaker_local import LocalSession

CODE = "/opt/ml/processing/input/code"
DATA = "/opt/ml/processing/input/data"
SCRIPT = "import os, sys\nassert os.stat(sys.argv[1]).st_size == int(sys.argv[2])\n"


@dataclass(frozen=True)
class Measured:
    """One run.

    Attributes:
        seconds: for the upload and the pipeline.
        read: bytes.
    """

    seconds: float
    read: int


def write(file: Path, size: int) -> None:
    """A file of real bytes, no two parts of it alike."""
    with file.open("wb") as stream:
        for _ in range(size >> 24):
            stream.write(os.urandom(1 << 24))


def definition(data: str, code: str, size: int) -> str:
    def given(name: str, uri: str, path: str) -> dict[str, Any]:
        source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
        return {"InputName": name, "S3Input": source}

    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
    arguments = {
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {
            "ImageUri": "local",
            "ContainerEntrypoint": ["python3", f"{CODE}/script.py"],
            "ContainerArguments": [f"{DATA}/large.bin", str(size)],
        },
        "RoleArn": "arn:aws:iam::000000000000:role/sagemaker-local",
        "ProcessingInputs": [given("code", code, CODE), given("data", data, DATA)],
    }
    step = {"Name": "Look", "Type": "Processing", "Arguments": arguments}
    step["CacheConfig"] = {"Enabled": True}
    return json.dumps({"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": [step]})


def bytes_read() -> int:
    counters = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counters["rchar"])


def run(session: LocalSession, large: Path, script: Path) -> Measured:
    """Upload, save and start the pipeline, and wait for its end."""
    started, read = time.perf_counter(), bytes_read()
    client = session.sagemaker_client
    data = session.upload_data(large, key_prefix="data")
    code = session.upload_data(script, key_prefix="code")
    text = definition(data, code, large.stat().st_size)
    names = [item["PipelineName"] for item in client.list_pipelines()["PipelineSummaries"]]
    save = client.update_pipeline if names else client.create_pipeline
    save(PipelineName="large", PipelineDefinition=text, RoleArn=session.role)
    arn = client.start_pipeline_execution(PipelineName="large")["PipelineExecutionArn"]
    status = "Executing"
    while status == "Executing":
        time.sleep(0.005)
        described = client.describe_pipeline_execution(PipelineExecutionArn=arn)
        status = described["PipelineExecutionStatus"]
    assert status == "Succeeded", client.list_pipeline_execution_steps(PipelineExecutionArn=arn)
    return Measured(time.perf_counter() - started, bytes_read() - read)


def measure(folder: Path, size: int) -> dict[str, Measured]:
    large, script = folder / "large.bin", folder / "script.py"
    write(large, size)
    script.write_text(SCRIPT, encoding="utf-8")
    session = LocalSession(folder / "root", preload=("json",))
    measured = {"first": run(session, large, script), "again": run(session, large, script)}
    script.write_text(f"{SCRIPT}print('another')\n", encoding="utf-8")
    measured["another script"] = run(session, large, script)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--megabytes", type=int, default=2048)
    options = parser.parse_args()
    if not Path("/proc/self/io").is_file():
        sys.exit("This benchmark reads /proc/self/io, which Linux has.")
    with tempfile.TemporaryDirectory() as folder:
        size = options.megabytes >> 4 << 24
        measured = measure(Path(folder), size)
    first = measured["first"].seconds
    for name, values in measured.items():
        seconds = f"{values.seconds:6.2f} s, {values.seconds / first:.3f} of the first run"
        print(f"{name:<15} {seconds}; read {values.read / size:.4f} times the file's size")


if __name__ == "__main__":
    main()
