"""What a model answered to records in a batch job."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ProjectError
from ..s3 import bucket_and_key
from . import executions, lineage

if TYPE_CHECKING:
    import pandas as pd

ANSWER = "SageMakerOutput"  # where a batch job puts it beside the record's own fields


@dataclass(frozen=True)
class Known:
    """Raw records with what a model is known to answer to them, in their order."""

    records: list[dict[str, Any]]
    answers: list[dict[str, Any]]


def first(session: Any, execution: Any, step_name: str, rows: int = 5) -> "pd.DataFrame":
    """The first records of a Transform step with the model's answers, as a table.

    Args:
        session: local or managed.
        execution: what ``pipeline.start()`` returned.
        step_name: of the pipeline, such as ``Transform``; its output is JSON Lines, joined to the
            input.
        rows: this many of them.

    Returns:
        A row for each record: its fields, ``prediction``, and a column for each class's
        probability.

    Raises:
        ProjectError: the execution has no such step, or the step wrote nothing.
    """
    import pandas as pd

    known = _known(session, executions.listed(session, execution.arn), step_name, rows)
    pairs = zip(known.records, known.answers, strict=True)
    return pd.DataFrame([record | flat(answer) for record, answer in pairs])


def of_package(session: Any, package: dict[str, Any], rows: int) -> Known:
    """Raw test records of the run that made a model package, with the answers of its batch job.

    Args:
        session: local or managed.
        package: its description.
        rows: this many of them, where there are so many.

    Raises:
        ProjectError: nothing says which run that was, or its batch job wrote nothing.
    """
    steps = executions.listed(session, lineage.of_package(session, package)["execution"])
    arn = package["ModelPackageArn"]
    made = [step["StepName"] for step in steps if _made(step) == arn]
    if not made:
        raise ProjectError(f"{arn} is not of the run that its lineage names")
    return _known(session, steps, made[0].replace("RegisterModel", "Transform", 1), rows)


def flat(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer's parts as columns of a table."""
    probabilities = {f"P({label})": p for label, p in answer.get("probabilities", {}).items()}
    return {"prediction": answer["prediction"]} | probabilities


def _made(step: dict[str, Any]) -> str:
    return str(step.get("Metadata", {}).get("RegisterModel", {}).get("Arn", ""))


def _known(session: Any, steps: list[dict[str, Any]], step_name: str, rows: int) -> Known:
    found = [step for step in steps if _is(step, step_name)]
    if not found:
        raise ProjectError(f"the execution has no step {step_name!r} that transformed records")
    name = found[0]["Metadata"]["TransformJob"]["Arn"].rpartition("/")[2]
    job = session.sagemaker_client.describe_transform_job(TransformJobName=name)
    bucket, prefix = bucket_and_key(job["TransformOutput"]["S3OutputPath"])
    keys = sorted(session.list_s3_files(bucket, prefix))
    if not keys:
        raise ProjectError(f"step {step_name} wrote nothing below s3://{bucket}/{prefix}")
    lines = session.first_lines(f"s3://{bucket}/{keys[0]}", rows)
    records = [json.loads(line) for line in lines]
    return Known(records, [record.pop(ANSWER) for record in records])


def _is(step: dict[str, Any], name: str) -> bool:
    return step["StepName"] == name and "TransformJob" in step.get("Metadata", {})
