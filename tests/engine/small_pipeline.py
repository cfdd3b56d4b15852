"""A small pipeline with a step of most kinds, whose results are the same in every run."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any

from engine.definitions import (
    Json,
    artifacts_of,
    compare,
    condition,
    definition,
    get,
    json_get,
    model,
    output_of,
    parameter,
    processing,
    register,
    training,
)
from engine.local import Local, Run

GROUP = "shared"
STEPS = {"Beside", "Prepare", "Train", "Evaluate", "Gate", "Create", "Register", "RegisterOwn"}
JOBS = {"Beside", "Prepare", "Train", "Evaluate"}

PREPARE = """
import pathlib
folder = pathlib.Path("processing/output/data")
for number in range(3):
    (folder / f"part-{number}.csv").write_text(f"{number},1\\n" * 40_000)
"""
# With a folder as Hold it says in there that it runs, and goes on when it is told.
TRAIN = """
import os, pathlib, sys, time
hold = sys.argv[sys.argv.index("--hold") + 1]
if hold != "none":
    folder = pathlib.Path(hold)
    (folder / "pid.new").write_text(str(os.getpid()))
    (folder / "pid.new").rename(folder / "pid")
    while not (folder / "go").exists():
        time.sleep(0.005)
data = sorted(pathlib.Path(os.environ["SM_CHANNEL_DATA"]).iterdir())
total = sum(len(file.read_bytes()) for file in data)
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(str(total))
print(f"total={total};")
"""
EVALUATE = """
import json, pathlib, tarfile
with tarfile.open(*pathlib.Path("processing/input/model").iterdir()) as tar:
    total = int(tar.extractfile("model.txt").read())
pathlib.Path("processing/output/report/report.json").write_text(json.dumps({"total": total}))
"""
BESIDE = """
import pathlib
pathlib.Path("processing/output/notes/notes.txt").write_text("beside")
"""


def save(local: Local, name: str = "pipe", own_group: str = "own") -> None:
    """Put its scripts into the bucket, and create it."""
    local.client.create_pipeline(
        PipelineName=name,
        PipelineDefinition=small_pipeline(local, own_group),
        RoleArn="arn:aws:iam::000000000000:role/sagemaker-local",
        ClientRequestToken="0" * 32,
    )


def small_pipeline(local: Local, own_group: str) -> str:
    """Its definition; it registers the model in a shared group, and in one of its own."""
    settings = json.dumps({"entry_script": "script.py", "source_dir": "code"})
    channels = {
        "code": _code(local, "train", TRAIN),
        "sm_drivers": _prefix(local, "drivers", "sourcecode.json", settings),
        "data": output_of("Prepare", "data"),
    }
    trained = artifacts_of("Train")
    evaluated = {"report": ("report", "report.json")}
    good = compare("GreaterThan", json_get("Evaluate", "report", "total"), 0)
    beside = processing("Beside", _code(local, "beside", BESIDE), outputs=["notes"])
    beside["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    return definition(
        beside,
        processing("Prepare", _code(local, "prepare", PREPARE), outputs=["data"]),
        training("Train", channels, hyperparameters={"hold": get("Parameters.Hold")},
                 metrics={"total": r"total=(\d+);"}),
        processing("Evaluate", _code(local, "evaluate", EVALUATE), inputs={"model": trained},
                   outputs=["report"], files=evaluated),
        condition("Gate", [good], [
            model("Create", trained),
            register("Register", GROUP, trained),
            register("RegisterOwn", own_group, trained),
        ], [processing("Never", _code(local, "beside", BESIDE))]),
        parameters=[parameter("Hold", "String", "none")],
    )  # fmt: skip


def _code(local: Local, name: str, script: str) -> str:
    return _prefix(local, name, "script.py", textwrap.dedent(script))


def _prefix(local: Local, name: str, file: str, text: str) -> str:
    return local.put(text, f"code/{name}/{file}").rpartition("/")[0]


def results(run: Run) -> Json:
    """What a finished run left, in words that are the same for every run."""
    steps = run.steps
    identity = run.arn.rsplit("/", 1)[1]
    found: Json = {name: step["StepStatus"] for name, step in steps.items()}
    found["objects"] = {
        _without(identity, key): body
        for key, body in objects(run.local).items()
        if key.startswith(f"runs/{identity}/")
    }
    job = run.job("Train")
    artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
    found["model"] = run.local.bucket.existing(artifact).read_bytes()
    found["metrics"] = {m["MetricName"]: m["Value"] for m in job["FinalMetricDataList"]}
    packages = [
        run.local.client.describe_model_package(
            ModelPackageName=steps[name]["Metadata"]["RegisterModel"]["Arn"]
        )
        for name in ("Register", "RegisterOwn")
    ]
    containers = [package["InferenceSpecification"]["Containers"][0] for package in packages]
    created = run.local.client.describe_model(
        ModelName=steps["Create"]["Metadata"]["Model"]["Arn"].rsplit("/", 1)[1]
    )
    urls = {container["ModelDataUrl"] for container in (*containers, created["PrimaryContainer"])}
    found["registered is what was trained"] = urls == {artifact}
    return found


def objects(local: Local) -> dict[str, bytes]:
    """Every object but code, by its key."""
    return {key: local.bucket.path(local.bucket.uri(key)).read_bytes() for key in local.objects()}


def versions(local: Local, group: str) -> list[int]:
    """Of a group's packages, in ascending order."""
    pages = local.client.get_paginator("list_model_packages")
    found = pages.paginate(ModelPackageGroupName=group).build_full_result()
    return sorted(p["ModelPackageVersion"] for p in found["ModelPackageSummaryList"])


def jobs(local: Local) -> list[Json]:
    """Summaries of all jobs."""
    client: Any = local.client
    processed = client.get_paginator("list_processing_jobs").paginate().build_full_result()
    trained = client.get_paginator("list_training_jobs").paginate().build_full_result()
    return [*processed["ProcessingJobSummaries"], *trained["TrainingJobSummaries"]]


def _without(identity: str, key: str) -> str:
    """A key without what differs between runs: the execution, and the end of job names."""
    return re.sub(rf"pipelines-{identity}-(\w+)-\w{{10}}", r"\1", key.replace(identity, "run"))
