"""Models whose scripts are written here, and steps over files that they answer for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagemaker_local.storage import archive

from engine.definitions import (
    IMAGE,
    ROLE,
    Json,
    definition,
    transform,
)
from engine.local import Local, Run

OUTPUT = "s3://sagemaker-local/scores"
SERVED = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
CSV: Json = {
    "source": {"ContentType": "text/csv", "SplitType": "Line"},
    "target": {"Accept": "text/csv", "AssembleWith": "Line"},
}
LINES: Json = {
    "source": {"ContentType": "application/jsonlines", "SplitType": "Line"},
    "target": {"Accept": "application/jsonlines", "AssembleWith": "Line"},
}
JSON: Json = {
    "source": {"ContentType": "application/json"},
    "target": {"Accept": "application/json"},
}
# Adds up the numbers of a record, times a factor; prints how many records came together.
SUM = """
import json
from pathlib import Path

def model_fn(model_dir):
    return int(Path(model_dir, "factor.txt").read_text())

def input_fn(body, content_type):
    text = body if isinstance(body, str) else body.decode()
    print("records:", len(text.splitlines()), "type:", type(body).__name__)
    if content_type == "text/csv":
        return [[int(cell) for cell in line.split(",")] for line in text.splitlines()]
    return [json.loads(line) for line in text.splitlines()]

def predict_fn(rows, factor):
    return [factor * sum(row["features"] if isinstance(row, dict) else row) for row in rows]

def output_fn(sums, accept):
    if accept == "text/csv":
        return "".join(f"{each}\\n" for each in sums)
    return "".join(json.dumps({"sum": each}) + "\\n" for each in sums)
"""
# Answers with the body itself.
ECHO = """
def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    return body
"""


def artifacts(local: Local, script: str = SUM, **modules: str) -> str:
    """The URI of a ``model.tar.gz`` with a factor of 10 and ``code/inference.py``."""
    folder = local.root / "models" / str(len(list(local.root.glob("models/*"))))
    (folder / "code").mkdir(parents=True)
    (folder / "factor.txt").write_text("10")
    for name, text in {"inference": script, **modules}.items():
        (folder / "code" / f"{name}.py").write_text(text, encoding="utf-8")
    uri = local.bucket.uri(f"code/{folder.name}/model.tar.gz")
    archive.pack(folder, local.bucket.path(uri))
    return uri


def container(local: Local, script: str = SUM, /, **members: Any) -> Json:
    return {
        "Image": IMAGE,
        "ModelDataUrl": artifacts(local, script),
        "Environment": dict(SERVED),
        **members,
    }


def created(local: Local, name: str = "sum", script: str = SUM, **members: Any) -> str:
    """A model's name."""
    local.client.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer=container(local, script, **members),
    )
    return name


def score(model_name: Any, **options: Any) -> Json:
    """A Transform step over everything below ``data``."""
    return transform("Score", model_name, "s3://sagemaker-local/data", OUTPUT, **options)


def scored(
    local: Local, files: Mapping[str, str | bytes], script: str = SUM, /, **options: Any
) -> Run:
    """An execution of one Transform step over files with these keys below ``data``."""
    for key, text in files.items():
        local.put(text, f"data/{key}")
    data = options.pop("data", "s3://sagemaker-local/data")
    name = created(local, script=script)
    return local.run(definition(transform("Score", name, data, OUTPUT, **options)))


def outputs(local: Local) -> dict[str, str]:
    """The texts below the output prefix."""
    keys = local.bucket.keys(OUTPUT)
    return {key.removeprefix("scores/"): local.read(local.bucket.uri(key)) for key in keys}


def succeeded(local: Local, run: Run) -> dict[str, str]:
    assert run.status == "Succeeded", run.steps
    return outputs(local)


def failed(local: Local, run: Run) -> str:
    """Why the step failed; nothing of it is in the bucket."""
    assert run.status == "Failed"
    assert outputs(local) == {}
    reason = run.reason("Score")
    assert reason.startswith("ClientError: ")
    return reason
