"""Asking an endpoint from a terminal: a record, or a file of them."""

import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from ..errors import ProjectError

TYPES = {
    ".json": "application/json",
    ".jsonl": "application/jsonlines",
    ".csv": "text/csv",
}


def content_type(file: Path) -> str:
    """What a file's name says that it holds.

    Raises:
        ProjectError: it is none that an endpoint reads.
    """
    if file.suffix.lower() not in TYPES:
        raise ProjectError(
            f"{file} ends in none of {', '.join(TYPES)}, which an endpoint reads; "
            "notebook 04 scores other files"
        )
    return TYPES[file.suffix.lower()]


def body_of(file: Path) -> bytes:
    """A file's content.

    Raises:
        ProjectError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise ProjectError(f"{file} cannot be read: {error.strerror}") from None


def answer(session: Any, endpoint: str, body: bytes, kind: str, accept: str = "") -> str:
    """An endpoint's answer, as it came.

    Args:
        session: local or managed.
        endpoint: its name.
        body: the records.
        kind: their content type.
        accept: the type of the answer; empty: that of the records.

    Raises:
        ProjectError: the model refuses the records, with its reason.
    """
    runtime = session.boto_session.client("sagemaker-runtime")
    try:
        answered = runtime.invoke_endpoint(
            EndpointName=endpoint, Body=body, ContentType=kind, Accept=accept or kind
        )
    except ClientError as error:
        raise ProjectError(f"{endpoint}: {refusal(error)}") from error
    return str(answered["Body"].read().decode("utf-8", "replace")).rstrip("\n")


def refusal(error: ClientError) -> str:
    """What a model said to a request that it could not answer, or else what the service says."""
    said = error.response.get("OriginalMessage") or error.response["Error"].get("Message", "")
    try:
        return str(json.loads(said)["error"])
    except (ValueError, KeyError, TypeError):
        return str(said)
