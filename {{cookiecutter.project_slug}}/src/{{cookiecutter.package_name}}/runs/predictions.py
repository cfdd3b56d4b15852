"""What a model answered to records in a batch job."""

import json
from typing import TYPE_CHECKING, Any

from ..errors import ProjectError
from . import executions

if TYPE_CHECKING:
    import pandas as pd

ANSWER = "SageMakerOutput"  # where a batch job puts it beside the record's own fields


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

    found = [step for step in executions.listed(session, execution.arn) if _is(step, step_name)]
    if not found:
        raise ProjectError(f"the execution has no step {step_name!r} that transformed records")
    name = found[0]["Metadata"]["TransformJob"]["Arn"].rpartition("/")[2]
    job = session.sagemaker_client.describe_transform_job(TransformJobName=name)
    bucket, _, prefix = job["TransformOutput"]["S3OutputPath"].removeprefix("s3://").partition("/")
    keys = sorted(session.list_s3_files(bucket, prefix))
    if not keys:
        raise ProjectError(f"step {step_name} wrote nothing below s3://{bucket}/{prefix}")
    lines = session.first_lines(f"s3://{bucket}/{keys[0]}", rows)
    return pd.DataFrame([_flat(json.loads(line)) for line in lines])


def _is(step: dict[str, Any], name: str) -> bool:
    return step["StepName"] == name and "TransformJob" in step.get("Metadata", {})


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """A joined record with the answer's parts as columns of their own, after the record's."""
    answer = record.pop(ANSWER)
    probabilities = {f"P({label})": p for label, p in answer.get("probabilities", {}).items()}
    return record | {"prediction": answer["prediction"]} | probabilities
