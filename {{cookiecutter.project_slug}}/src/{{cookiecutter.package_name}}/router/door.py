"""The door: asks all models at once, and answers each record with what `choice.choose` takes."""

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from .choice import Answer, choose
from .endpoint import ANSWER_SECONDS, THREADS, Endpoint, ModelFailed
from .messages import Question, Refusal, Reply, Request, read, told

Answers = dict[str, list[Answer]]  # of each model that answered, a row for each record
_PAIR = re.compile(r"([\w.-]+)=([a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62})")

logger = logging.getLogger(__name__)


def pairs(words: str) -> dict[str, str]:
    """The endpoint of each model, out of `xgboost=cars-xgboost,linear=cars-linear`.

    Raises:
        ValueError: the words are something else, or name a model twice.
    """
    found = [_PAIR.fullmatch(each.strip()) for each in words.split(",")]
    named = {each[1]: each[2] for each in found if each}
    if len(named) < len(found):
        raise ValueError(f"{words!r} is not like xgboost=cars-xgboost,linear=cars-linear")
    return named


class Door:
    """See the module.

    Args:
        endpoints: a model's name, and its endpoint's; the first one is asked first, and wins where
            answers are equal.
        runtime: boto3's client for `sagemaker-runtime`, made with `endpoint.CONFIG`.
        seconds: in which a model must have answered.
        choosing: takes an answer out of several.
    """

    def __init__(
        self,
        endpoints: Mapping[str, str],
        runtime: Any,
        seconds: float = ANSWER_SECONDS,
        choosing: Callable[[Sequence[Answer]], Answer] = choose,
    ) -> None:
        self._endpoints = [Endpoint(*each, runtime.invoke_endpoint) for each in endpoints.items()]
        self._seconds = seconds
        self._choosing = choosing
        self._threads = ThreadPoolExecutor(THREADS, "ask")

    def answer(self, request: Request) -> Reply:
        """Answer a request; whatever goes wrong is a sentence, too."""
        try:
            question = read(request)
            answers, failed = self._asked(question)
            document: dict[str, Any] = {
                "inference_id": question.inference_id,
                "predictions": list(self._rows(answers, question.inference_id)),
            }
            document |= {"failed": failed} if failed else {}
            return Reply(200, json.dumps(document, allow_nan=False))
        except Refusal as refusal:
            return told(refusal)
        except Exception:
            logger.exception("a request failed inside the router")
            return told(Refusal(500, "the router failed; its log says why"))

    def _asked(self, question: Question) -> tuple[Answers, dict[str, str]]:
        """The answers of the models that gave some, and why the others did not.

        Raises:
            Refusal: a model refuses the records, none answers, or they do not fit each other.
        """
        asked = {each.model: self._threads.submit(each.ask, question) for each in self._endpoints}
        wait(asked.values(), self._seconds)
        failures = {model: self._failure(future) for model, future in asked.items()}
        failed = {model: failure for model, failure in failures.items() if failure}
        sentences = {model: str(failure) for model, failure in failed.items()}
        answers = {model: asked[model].result() for model in asked if model not in failed}
        if not answers:
            passes = any(each.passes for each in failed.values())
            raise Refusal(503 if passes else 502, "no model answers", failed=sentences)
        if len({_kind(rows) for rows in answers.values()}) > 1:
            raise Refusal(502, "the models' answers do not fit each other", models=list(answers))
        return answers, sentences

    def _failure(self, future: Future[list[Answer]]) -> ModelFailed | None:
        """Why a model did not answer; None where it did.

        Raises:
            Refusal: it refuses the records.
        """
        if not future.done():
            future.cancel()
            return ModelFailed(f"it did not answer within {self._seconds:g} seconds", passes=True)
        error = future.exception()
        if isinstance(error, Refusal):
            raise error
        if error is None or isinstance(error, ModelFailed):
            return error
        logger.error("asking a model failed", exc_info=error)
        return ModelFailed("it could not be asked; the router's log says why")

    def _rows(self, answers: Answers, inference_id: str) -> Iterable[dict[str, Any]]:
        """What is answered to each record, with every model's answer."""
        for place, row in enumerate(zip(*answers.values(), strict=True)):
            chosen = row[0] if len(row) == 1 else self._choosing(row)
            yield {
                **_members(chosen),
                "model": chosen.model,
                "inference_id": f"{inference_id}/{place}",
                "models": {each.model: _members(each) for each in row},
            }


def _kind(rows: list[Answer]) -> tuple[int, bool]:
    """What answers of several models must have in common: their number, and labels or numbers."""
    return len(rows), bool(rows[0].probabilities)


def _members(answer: Answer) -> dict[str, Any]:
    """An answer as its model's endpoint writes it."""
    shares = {"probabilities": dict(answer.probabilities)} if answer.probabilities else {}
    return {"prediction": answer.prediction, **shares}
