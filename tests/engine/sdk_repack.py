"""Models into which the SDK packs a script, in a pipeline and outside; prints what it saw as JSON.

Run by ``test_repack`` in a process of its own, without AWS variables and network:
``python sdk_repack.py <folder>``.
"""

from __future__ import annotations

import json
import os
import sys
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])
SEEN: dict[str, Any] = {}

from sagemaker_local import LocalJobSession, LocalSession  # noqa: E402

PRELOAD = ("json",)
session = LocalSession(FOLDER / "root", preload=PRELOAD)
jobs = LocalJobSession(FOLDER / "root", preload=PRELOAD)

from botocore.exceptions import WaiterError  # noqa: E402
from sagemaker.core.transformer import Transformer  # noqa: E402
from sagemaker.core.workflow.parameters import ParameterString  # noqa: E402
from sagemaker.mlops.workflow.model_step import ModelStep  # noqa: E402
from sagemaker.mlops.workflow.pipeline import Pipeline  # noqa: E402
from sagemaker.mlops.workflow.steps import TransformStep  # noqa: E402
from sagemaker.serve.model_builder import ModelBuilder  # noqa: E402
from sagemaker.train.configs import SourceCode  # noqa: E402

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
# As AWS's users write it: the library beside it is found, and the model where it was.
INFERENCE = """
from pathlib import Path
from lib.helper import added

def model_fn(model_dir):
    return int(Path(model_dir, "factor.txt").read_text())

def input_fn(body, content_type):
    text = body if isinstance(body, str) else body.decode()
    return [[int(cell) for cell in line.split(",")] for line in text.splitlines()]

def predict_fn(rows, factor):
    return [factor * added(row) for row in rows]

def output_fn(sums, accept):
    return "".join(f"{each}\\n" for each in sums)
"""
SOURCE = FOLDER / "source"
(SOURCE / "lib").mkdir(parents=True)
(SOURCE / "inference.py").write_text(INFERENCE)
(SOURCE / "lib" / "helper.py").write_text("added = sum\n")
REQUIREMENTS = SOURCE / "requirements.txt"
REQUIREMENTS.write_text("a-library-that-nobody-has==1.0\n")
(FOLDER / "factor.txt").write_text("10")
with tarfile.open(FOLDER / "model.tar.gz", "w:gz") as archive:
    archive.add(FOLDER / "factor.txt", "factor.txt")
(FOLDER / "data.csv").write_text("1,2\n3,4\n")
MODEL = session.upload_data(FOLDER / "model.tar.gz", key_prefix="models")
DATA = session.upload_data(FOLDER / "data.csv", key_prefix="data")


def built(model: Any, owner: Any, requirements: str) -> ModelBuilder:
    return ModelBuilder(
        s3_model_data_url=model,
        image_uri=IMAGE,
        sagemaker_session=owner,
        role_arn=owner.role,
        source_code=SourceCode(
            source_dir=str(SOURCE), entry_script="inference.py", requirements=requirements
        ),
    )


def transformer(model: Any, owner: Any, name: str) -> Transformer:
    return Transformer(
        model_name=model,
        instance_count=1,
        instance_type="ml.m5.large",
        accept="text/csv",
        assemble_with="Line",
        output_path=f"s3://sagemaker-local/{name}",
        sagemaker_session=owner,
    )


def transformed(name: str) -> str:
    return session.read_s3_file("sagemaker-local", f"{name}/data.csv.out")


def packed(uri: str) -> list[str]:
    with tarfile.open(session.bucket.path(uri)) as archive:
        return sorted(member.name.removeprefix("./") for member in archive if member.isfile())


def run(name: str) -> list[list[str]]:
    """A pipeline that makes a model of a parameter, and scores with it."""
    parameter = ParameterString("Model", default_value=MODEL)
    make = ModelStep("Make", step_args=built(parameter, session, "requirements.txt").build())
    scoring = transformer(make.properties.ModelName, session, name)
    score = TransformStep(
        "Score", step_args=scoring.transform(DATA, content_type="text/csv", split_type="Line")
    )
    pipeline = Pipeline(
        name, parameters=[parameter], steps=[make, score], sagemaker_session=session
    )
    pipeline.upsert(role_arn=session.role)
    execution = pipeline.start()
    with suppress(WaiterError):  # the steps tell why
        execution.wait(delay=1)
    steps = execution.list_steps()
    repacked = next(each for each in steps if "RepackModel" in each["StepName"])
    job = repacked["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    found = session.sagemaker_client.describe_training_job(TrainingJobName=job)
    SEEN[f"packed {name}"] = packed(found["ModelArtifacts"]["S3ModelArtifacts"])
    return [[each["StepStatus"], each.get("FailureReason", "")] for each in steps]


SEEN["steps"] = run("mounted")
SEEN["scored"] = transformed("mounted")
os.environ["SAGEMAKER_LOCAL_OPT_ML"] = "copy"
SEEN["replaced"] = run("replaced")
SEEN["scored replaced"] = transformed("replaced")
del os.environ["SAGEMAKER_LOCAL_OPT_ML"]

outside = built(MODEL, jobs, str(REQUIREMENTS))
outside.build(model_name="outside")
transformer("outside", jobs, "outside").transform(
    DATA, content_type="text/csv", split_type="Line", logs=False
)
SEEN["scored outside"] = transformed("outside")
container = jobs.sagemaker_client.describe_model(ModelName="outside")["PrimaryContainer"]
SEEN["packed outside"] = packed(container["ModelDataUrl"])
endpoint = outside.deploy(
    endpoint_name="outside", initial_instance_count=1, instance_type="ml.m5.large"
)
answer = endpoint.invoke(body=b"5,6\n", content_type="text/csv")
SEEN["served"] = answer.body.read().decode()
jobs.stop_endpoints()

(FOLDER / "seen.json").write_text(json.dumps(SEEN))
