"""What comes to the door and what goes out of it, whoever carries it."""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JSON = "application/json"
MOST_BYTES = 6_291_456  # of a request to an endpoint, and to a Lambda
INFERENCE_ID = "x-amzn-sagemaker-inference-id"
_ID = re.compile(r"[!-~][ -~]{0,63}")  # as SageMaker takes it
_TYPE = re.compile(r"[ -~]{1,1024}")


class Refusal(Exception):
    """A request that gets no prediction; its sentence is for the caller.

    Args:
        status: of HTTP.
        sentence: what is wrong, and what to do.
        members: of the answer, beside the sentence.
    """

    def __init__(self, status: int, sentence: str, **members: Any) -> None:
        super().__init__(sentence)
        self.status = status
        self.members = members


@dataclass(frozen=True)
class Request:
    """What a client sends; names of headers are in small letters."""

    method: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Question:
    """What each model is asked: records of a type, by an id that ground truth is joined by."""

    body: bytes
    content_type: str
    inference_id: str


@dataclass(frozen=True)
class Reply:
    """What the client gets: JSON."""

    status: int
    body: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": JSON} | ({"Allow": "POST"} if self.status == 405 else {})


def told(refusal: Refusal) -> Reply:
    """A refusal as a reply."""
    return Reply(refusal.status, json.dumps({"error": str(refusal), **refusal.members}))


def read(request: Request) -> Question:
    """The question in a request; without an id it gets one.

    Raises:
        Refusal: it is none.
    """
    if request.method != "POST":
        raise Refusal(405, "predictions are asked for by POST")
    kind = request.headers.get("content-type") or JSON
    if not _TYPE.fullmatch(kind):
        raise Refusal(415, "the content type is no line of at most 1,024 characters of ASCII")
    accept = request.headers.get("accept", "")
    if not _takes_json(accept):
        raise Refusal(406, f"accept {accept[:100]!r} does not allow {JSON}, the answer's only type")
    given = request.headers.get(INFERENCE_ID) or str(uuid.uuid4())
    if not _ID.fullmatch(given):
        raise Refusal(400, f"{INFERENCE_ID} is not 1 to 64 printable characters of ASCII")
    if len(request.body) > MOST_BYTES:
        raise too_large()
    return Question(request.body, kind, given)


def too_large() -> Refusal:
    return Refusal(413, f"the request has more than {MOST_BYTES:,} bytes; send fewer records")


def _takes_json(accept: str) -> bool:
    """Whether a header `Accept` allows JSON; the range that names it closest decides."""
    weights: dict[str, bool] = {}
    for each in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in each.split(";"))
        weights[kind] = not any(re.fullmatch(r"q\s*=\s*0(\.0*)?", part) for part in parameters)
    ranges = (JSON, "application/*", "*/*")
    return not accept.strip() or next((weights[each] for each in ranges if each in weights), False)
