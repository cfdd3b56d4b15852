"""The peak memory of a batch transform of 10 million rows, against that of 100 thousand.

    python benchmarks/transform_memory.py

A small model in plain Python answers in a process of its own, which has nothing preloaded: what
counts is what grows with the input. The peaks are those of that process (VmHWM, so Linux only), and
the ratio is that of the medians.
"""

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

import template  # noqa: F401 - which makes the engine importable
from sagemaker_local import LocalSession
from sagemaker_local.storage import archive

FEW, MANY = 100_000, 10_000_000
ROW = b"12,345,6.75,south,2021-03-06\n"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
SCRIPT = """
import atexit, csv, re

@atexit.register
def tell():
    print("peak:", re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])

def model_fn(model_dir):
    return 0.5

def input_fn(body, content_type):
    return list(csv.reader(body.splitlines()))

def predict_fn(rows, factor):
    return [factor * float(row[2]) for row in rows]

def output_fn(predictions, accept):
    return "".join(f"{each}\\n" for each in predictions)
"""


def prepare(session: LocalSession, folder: Path) -> None:
    """A model, and a file for each number of rows."""
    (folder / "model" / "code").mkdir(parents=True)
    (folder / "model" / "code" / "inference.py").write_text(SCRIPT, encoding="utf-8")
    archive.pack(folder / "model", folder / "model.tar.gz")
    session.sagemaker_client.create_model(
        ModelName="half",
        ExecutionRoleArn=session.role,
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": session.upload_data(folder / "model.tar.gz"),
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        },
    )
    for rows in (FEW, MANY):
        file = session.bucket.path(session.bucket.uri(f"data/{rows}.csv"))
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as stream:
            for _ in range(rows // FEW):
                stream.write(ROW * FEW)


def definition(session: LocalSession, rows: int, join: bool) -> str:
    """A pipeline that transforms one of the files."""
    source = {"S3DataType": "S3Prefix", "S3Uri": session.bucket.uri(f"data/{rows}.csv")}
    processing = {"InputFilter": "$[0:3]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    arguments = {
        "ModelName": "half",
        "BatchStrategy": "MultiRecord",
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": session.bucket.uri("scores"),
            "Accept": "text/csv",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **({"DataProcessing": processing} if join else {}),
    }
    step = {"Name": "Score", "Type": "Transform", "Arguments": arguments}
    return json.dumps({"Version": "2020-12-01", "Steps": [step]})


def transform(session: LocalSession, rows: int, join: bool) -> tuple[float, float]:
    """Peak of the job's memory in MB, and seconds."""
    client, name = session.sagemaker_client, f"rows-{rows}-{join}"
    if name not in [p["PipelineName"] for p in client.list_pipelines()["PipelineSummaries"]]:
        client.create_pipeline(
            PipelineName=name,
            PipelineDefinition=definition(session, rows, join),
            RoleArn=session.role,
        )
    started = time.perf_counter()
    arn = client.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
    while (run := client.describe_pipeline_execution(PipelineExecutionArn=arn))[
        "PipelineExecutionStatus"
    ] == "Executing":
        time.sleep(0.02)
    seconds = time.perf_counter() - started
    (step,) = client.list_pipeline_execution_steps(PipelineExecutionArn=arn)[
        "PipelineExecutionSteps"
    ]
    if run["PipelineExecutionStatus"] != "Succeeded":
        sys.exit(str(step))
    job = step["Metadata"]["TransformJob"]["Arn"].rsplit("/", 1)[-1]
    log = "\n".join(session.job_log("Transform", job))
    output = session.bucket.existing(session.bucket.uri(f"scores/{rows}.csv.out"))
    with output.open("rb") as stream:
        assert sum(1 for _ in stream) == rows
    return int(re.findall(r"peak: (\d+)", log)[0]) / 1024, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--join", action="store_true", help="with filters and JoinSource")
    options = parser.parse_args()
    if not Path("/proc/self/status").is_file():
        sys.exit("The peak of a process is measured on Linux only.")
    found: dict[int, list[tuple[float, float]]] = {FEW: [], MANY: []}
    with tempfile.TemporaryDirectory() as folder:
        session = LocalSession(Path(folder) / "root", warm=False)
        prepare(session, Path(folder))
        for _ in range(options.repeats):
            for rows, results in found.items():
                results.append(transform(session, rows, options.join))
    base = statistics.median(peak for peak, _ in found[FEW])
    for rows, results in found.items():
        peak = statistics.median(peak for peak, _ in results)
        seconds = statistics.median(seconds for _, seconds in results)
        print(f"{rows:>11,} rows  peak {peak:6.1f} MB  {seconds:6.1f} s  ratio {peak / base:.2f}")


if __name__ == "__main__":
    main()
