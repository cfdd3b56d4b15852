"""What a client of the runtime is told when it gets no prediction, in the service's own words."""

from __future__ import annotations

import json
from typing import Any

# Of one request, as the service's model says it; the containers of batch jobs may take more.
MOST_BYTES = 6_291_456
_MOST_MESSAGE = 2048
_TOO_LONG = "and could not load the entire response body"


class Refusal(Exception):
    """An answer that is no prediction.

    Args:
        code: as the service calls it; empty: it has none, and clients take the status for it.
        message: for a person.
        status: of HTTP.
        members: of the answer beside the message.
    """

    def __init__(self, code: str, message: str, status: int, **members: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self._members = members

    @property
    def body(self) -> bytes:
        return json.dumps({"Message": str(self), **self._members}).encode()

    @property
    def headers(self) -> dict[str, str]:
        named = {"x-amzn-ErrorType": self.code} if self.code else {}
        return {"Content-Type": "application/json", **named}


def not_found(endpoint: str, account: str) -> Refusal:
    return invalid(f"Endpoint {endpoint} of account {account} not found.")


def invalid(message: str) -> Refusal:
    return Refusal("ValidationError", message, 400)


def unavailable(message: str) -> Refusal:
    return Refusal("ServiceUnavailable", message, 503)


def too_large() -> Refusal:
    """See aws/sagemaker-python-sdk#171."""
    return Refusal("", f"HTTP content length exceeded {MOST_BYTES} bytes.", 413)


def incomplete(seconds: float) -> Refusal:
    told = f"The rest of the request did not come within {seconds:g} seconds."
    return Refusal("RequestTimeout", told, 408)


def model_error(status: int, body: bytes, log: str, arn: str) -> Refusal:
    """A container's error; the status is its own, and the client gets 424.

    Args:
        status: of the container's answer.
        body: of it.
        log: where the container's log is.
        arn: of the log's stream, as the service has it.
    """
    text = body.decode("utf-8", "replace")
    side = "server" if status >= 500 else "client"
    said = f'with message "{text}"' if len(text) <= _MOST_MESSAGE // 2 else _TOO_LONG
    told = f"Received {side} error ({status}) from primary {said}. See {log} for more information."
    return _model_error(told, status, text, arn)


def no_answer(seconds: float, log: str, arn: str) -> Refusal:
    """The container took too long; the words are those of aws/sagemaker-python-sdk#1119."""
    text = (
        "Your invocation timed out while waiting for a response from container primary. Review the "
        "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
    )
    told = (
        f'Received server error (0) from primary with message "{text}". It may take {seconds:g} '
        f"seconds. See {log} for more information."
    )
    return _model_error(told, 0, text, arn)


def broken_off(log: str, arn: str) -> Refusal:
    """The container ended, or closed the connection, before it had answered."""
    text = "The container closed the connection before it had answered."
    told = f'Received server error (0) from primary with message "{text}". See {log}.'
    return _model_error(told, 0, text, arn)


def _model_error(told: str, status: int, text: str, arn: str) -> Refusal:
    return Refusal(
        "ModelError",
        told[:_MOST_MESSAGE],
        424,
        OriginalStatusCode=status,
        OriginalMessage=text[:_MOST_MESSAGE],
        LogStreamArn=arn,
    )
