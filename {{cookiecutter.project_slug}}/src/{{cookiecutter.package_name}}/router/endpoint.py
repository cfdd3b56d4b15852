"""One model's endpoint: its answers to a request, or why there are none.

What a caller is told names no account, address or role; those are in the log.
"""

import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError

from .choice import Answer
from .messages import JSON, Question, Refusal

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 20.0  # API Gateway gives a Lambda 29 or 30
THREADS = 64  # requests to endpoints at once
# Nobody waits for a second attempt: the other model answers, and the client may try again.
CONFIG = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=ANSWER_SECONDS,
    retries={"total_max_attempts": 1},
    max_pool_connections=THREADS,
)
# A model's statuses that are the caller's doing; what else it may say is the model's.
MISTAKES = (400, 406, 413, 415, 422)
# What another attempt may find gone, by the runtime's codes.
PASSING = ("ServiceUnavailable", "ModelNotReadyException", "ThrottlingException", "RequestTimeout")
LONGEST_SENTENCE = 1_000

logger = logging.getLogger(__name__)


class ModelFailed(Exception):
    """A model gave no prediction, and not by the caller's doing.

    Args:
        sentence: for the caller.
        passes: another attempt may succeed.
    """

    def __init__(self, sentence: str, passes: bool = False) -> None:
        super().__init__(sentence)
        self.passes = passes


@dataclass(frozen=True)
class Endpoint:
    """Where a model is asked.

    Attributes:
        model: its name at the door.
        name: the endpoint's.
        invoke: `invoke_endpoint` of boto3's client for `sagemaker-runtime`, made with `CONFIG`.
    """

    model: str
    name: str
    invoke: Callable[..., Any]

    def ask(self, question: Question) -> list[Answer]:
        """The model's answer to each record.

        Raises:
            Refusal: the model refuses the records.
            ModelFailed: it does not answer, or not with predictions.
        """
        try:
            try:
                body = self._invoked(question)
            except ConnectionClosedError:  # one that was kept, and that the service had ended
                body = self._invoked(question)
        except ClientError as error:
            raise self._said(error) from None
        except BotoCoreError as error:
            logger.warning("%s: %s", self.name, error)
            raise ModelFailed("its endpoint cannot be reached, or is too slow", True) from None
        try:
            return answers(self.model, body)
        except (ValueError, OverflowError, RecursionError) as error:
            logger.warning("%s: %s", self.name, error)
            raise ModelFailed("its answer is not one of predictions") from None

    def _invoked(self, question: Question) -> bytes:
        answered = self.invoke(
            EndpointName=self.name,
            Body=question.body,
            ContentType=question.content_type,
            Accept=JSON,
            InferenceId=question.inference_id,
        )
        return bytes(answered["Body"].read())

    def _said(self, error: ClientError) -> Exception:
        """What the runtime's error means."""
        found: Mapping[str, Any] = error.response
        code = found.get("Error", {}).get("Code", "")
        if code == "ModelError":
            status = found.get("OriginalStatusCode", 0)
            if status in MISTAKES:
                return Refusal(status, sentence(found.get("OriginalMessage", "")), model=self.model)
            code = f"status {status}"
        logger.warning("%s: %s", self.name, error)
        if code.startswith("status"):
            return ModelFailed(f"its server failed with {code}", code in ("status 0", "status 503"))
        return ModelFailed(f"its endpoint answers with {code or 'an error'}", code in PASSING)


def sentence(said: str) -> str:
    """A model's words about a request: the sentence of its JSON, else its first line."""
    try:
        found = json.loads(said)["error"]
    except (ValueError, TypeError, KeyError, RecursionError):
        found = next(iter(said.strip().splitlines()), "")
    words = str(found) or "the model refuses the request"
    return words if len(words) <= LONGEST_SENTENCE else f"{words[:LONGEST_SENTENCE]} ..."


def answers(model: str, body: bytes) -> list[Answer]:
    """The answers in a model's JSON.

    Raises:
        ValueError: it is something else.
    """
    found = json.loads(body)
    rows = found.get("predictions") if isinstance(found, dict) else None
    if not isinstance(rows, list) or not rows:
        raise ValueError("the body holds no predictions")
    return [_answer(model, row) for row in rows]


def _answer(model: str, row: Any) -> Answer:
    prediction: Any = row.get("prediction") if isinstance(row, dict) else None
    if isinstance(prediction, str):
        shares = row.get("probabilities")
        if not isinstance(shares, dict) or not shares or not all(map(_number, shares.values())):
            raise ValueError("a class comes without the probabilities of the classes")
        return Answer(model, prediction, shares)
    if not _number(prediction):
        raise ValueError("a prediction is neither a number nor a class")
    return Answer(model, prediction)


def _number(value: Any) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and math.isfinite(value)
