"""Functions as steps and as jobs, ``@step`` and ``@remote``; prints what it saw as JSON.

Run by ``test_functions`` in a process of its own, without AWS variables and network:
``python sdk_functions.py <folder>``.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])
SEEN: dict[str, Any] = {}

from sagemaker_local import LocalJobSession, LocalSession  # noqa: E402

PRELOAD = ("json",)
session = LocalSession(FOLDER / "root", preload=PRELOAD)

from botocore.exceptions import ClientError, WaiterError  # noqa: E402
from sagemaker.core.remote_function import remote  # noqa: E402
from sagemaker.core.workflow.conditions import ConditionGreaterThan  # noqa: E402
from sagemaker.core.workflow.execution_variables import ExecutionVariables  # noqa: E402
from sagemaker.core.workflow.functions import Join  # noqa: E402
from sagemaker.core.workflow.parameters import ParameterInteger  # noqa: E402
from sagemaker.mlops.workflow.condition_step import ConditionStep  # noqa: E402
from sagemaker.mlops.workflow.fail_step import FailStep  # noqa: E402
from sagemaker.mlops.workflow.function_step import step  # noqa: E402
from sagemaker.mlops.workflow.pipeline import Pipeline  # noqa: E402

COMMON = {
    "instance_type": "ml.m5.large",
    "image_uri": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0",
    "role": session.role,
}
REQUIREMENTS = FOLDER / "requirements.txt"
REQUIREMENTS.write_text("a-library-that-nobody-has==1.0\n")


@step(
    name="count",
    dependencies=str(REQUIREMENTS),
    pre_execution_commands=["echo prepared > /opt/ml/model/prepared.txt"],
    environment_variables={"GREETING": "hello"},
    **COMMON,
)
def count(rows: int, execution: str) -> tuple:
    prepared = Path("/opt/ml/model/prepared.txt").read_text().strip()
    return rows, {"execution": execution, "told": [prepared, os.environ["GREETING"]]}


@step(name="double", **COMMON)
def double(rows: int, told: list) -> dict:
    import boto3

    buckets = boto3.client("s3").list_buckets()["Buckets"]
    return {"rows": 2 * rows, "told": told, "buckets": [each["Name"] for each in buckets]}


@step(name="fail", **COMMON)
def fail(rows: int) -> int:
    raise ValueError(f"{rows} rows are too few")


def run(pipeline: Pipeline, **parameters: Any) -> tuple[Any, dict[str, Any]]:
    """An execution, and what its steps became."""
    pipeline.upsert(role_arn=session.role)
    execution = pipeline.start(parameters=parameters)
    with suppress(WaiterError):  # it failed
        execution.wait(delay=1)
    steps = {each["StepName"]: each for each in execution.list_steps()}
    return execution, {
        name: [each["StepStatus"], each.get("FailureReason", "")] for name, each in steps.items()
    }


def log_of(name: str) -> str:
    (folder,) = (FOLDER / "root" / "jobs").glob(f"pipelines-*-{name}-*")
    return (folder / "job.log").read_text()


rows = ParameterInteger("Rows", default_value=3)
counted = count(rows, ExecutionVariables.PIPELINE_EXECUTION_ID)
doubled = double(counted[0], counted[1]["told"])
small = FailStep(name="small", error_message=Join(on=" ", values=["only", doubled["rows"]]))
gate = ConditionStep(
    name="gate",
    conditions=[ConditionGreaterThan(left=doubled["rows"], right=5)],
    if_steps=[fail(doubled["rows"])],
    else_steps=[
        FailStep(name="small", error_message=Join(on=" ", values=["only", doubled["rows"]]))
    ],
)
pipeline = Pipeline("functions", parameters=[rows], steps=[gate], sagemaker_session=session)
execution, SEEN["steps"] = run(pipeline)
SEEN["results"] = [execution.result("count"), execution.result("double")]
SEEN["id"] = execution.arn.rpartition("/")[2]
SEEN["log"] = log_of("count")
SEEN["small"] = run(pipeline, Rows=2)[1]

# Where nothing can be mounted, a failure must be one all the same.
os.environ["SAGEMAKER_LOCAL_OPT_ML"] = "copy"
_, SEEN["replaced"] = run(Pipeline("replaced", steps=[fail(1)], sagemaker_session=session))
del os.environ["SAGEMAKER_LOCAL_OPT_ML"]


def refusal(**options: Any) -> str:
    @step(name="refused", **{**COMMON, **options})
    def refused() -> None: ...

    try:
        run(Pipeline("refused", steps=[refused()], sagemaker_session=session))
    except ClientError as error:
        return str(error)
    return "it ran"


(FOLDER / "environment.yml").write_text("dependencies: []\n")
SEEN["conda"] = refusal(job_conda_env="mine")
SEEN["conda file"] = refusal(dependencies=str(FOLDER / "environment.yml"))

jobs = LocalJobSession(FOLDER / "root", preload=PRELOAD)


@remote(sagemaker_session=jobs, **COMMON)
def divide(a: float, b: float) -> float:
    print("dividing")
    return a / b


SEEN["remote"] = divide(1, 4)
try:
    divide(1, 0)
except ZeroDivisionError as error:
    SEEN["remote failure"] = str(error)

(FOLDER / "seen.json").write_text(json.dumps(SEEN))
