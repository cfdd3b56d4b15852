"""The smoke check: known records go to an endpoint, and their answers are compared.

Evaluation keeps a few test records beside ``evaluation.json``, with what the model's own code
predicted for them. Whatever serves the model later has to give the same.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from .. import evaluation, registry
from ..errors import ProjectError
from ..runs import predictions
from ..runs.predictions import Known
from ..s3 import bucket_and_key
from .invoke import refusal

RELATIVE = 1e-6
TINY = 1e-12  # probabilities next to 0 that differ by this are equal
OF_OLDER = 5  # records
FILE = "known_records.json"
INFERENCE_ID = "smoke-check"  # marks its requests in captures
JSON = "application/json"


class Unfit(ProjectError):
    """A model package does not serve as it should; it becomes Rejected."""


def known(session: Any, package: Mapping[str, Any]) -> Known | None:
    """A package's known records; None where nothing is kept of it.

    Of one from before evaluation kept some, they are those that its run's batch job answered.
    """
    bucket, key = bucket_and_key(evaluation.uri_of_package(package))
    file = f"{key.rpartition('/')[0]}/{FILE}"
    if key and file in session.list_s3_files(bucket, file):
        kept = json.loads(session.read_s3_file(bucket, file))
        return Known(kept["records"], kept["predictions"])
    try:
        return predictions.of_package(session, dict(package), OF_OLDER)
    except (ProjectError, ClientError):
        return None


def check(session: Any, endpoint: str, package: Mapping[str, Any]) -> str:
    """Ask an endpoint for what is known.

    Args:
        session: local or managed.
        endpoint: its name; it is InService.
        package: the model package that it serves.

    Returns:
        A sentence on what was checked.

    Raises:
        Unfit: the model fails, or answers otherwise than it did when it was evaluated.
    """
    expected = known(session, package)
    if expected is None:
        return (
            f"nothing is kept of what {registry.version_name(package)} answers, which is not of a "
            f"run of notebook 03: {endpoint} is in service, and its answers are not checked"
        )
    answered = ask(session, endpoint, expected.records)
    if difference := differs(answered, expected.answers):
        raise Unfit(f"{endpoint} answers known records otherwise than in evaluation: {difference}")
    return f"{endpoint} answers {len(answered)} known records as in evaluation"


def ask(session: Any, endpoint: str, records: Sequence[Any]) -> list[Any]:
    """An endpoint's predictions.

    Raises:
        Unfit: the model answers with an error, or with something that is no list of predictions.
    """
    runtime = session.boto_session.client("sagemaker-runtime")
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint,
            Body=json.dumps({"instances": list(records)}).encode(),
            ContentType=JSON,
            Accept=JSON,
            InferenceId=INFERENCE_ID,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ModelError":
            raise
        raise Unfit(f"{endpoint} cannot answer known records: {refusal(error)}") from error
    body = answer["Body"].read()
    try:
        return list(json.loads(body)["predictions"])
    except (ValueError, KeyError, TypeError):
        shown = body[:100].decode("utf-8", "replace")
        raise Unfit(f"{endpoint} answers {shown!r}, which are no predictions") from None


def differs(answered: Sequence[Any], expected: Sequence[Any]) -> str:
    """In what answers differ from the expected ones, or ""."""
    if len(answered) != len(expected):
        return f"{len(answered)} predictions for {len(expected)} records"
    for place, (here, there) in enumerate(zip(answered, expected, strict=True), start=1):
        if not same(here, there):
            return f"record {place} gets {here}, not {there}"
    return ""


def same(here: Any, there: Any) -> bool:
    """Whether two predictions are of one shape, with equal labels, and numbers as good as equal."""
    if isinstance(there, Mapping):
        if not isinstance(here, Mapping) or here.keys() != there.keys():
            return False
        return all(same(here[key], there[key]) for key in there)
    if isinstance(here, int | float) and isinstance(there, int | float):
        return math.isclose(here, there, rel_tol=RELATIVE, abs_tol=TINY)
    return bool(here == there)
