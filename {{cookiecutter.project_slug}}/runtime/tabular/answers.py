"""What the caller of a model's server gets to see: the type of an answer, or what was wrong.

SageMaker's server for XGBoost is Flask, under sagemaker-containers. Of `output_fn` it takes a body
with its type (a body alone becomes text/html), and it makes a 500 without a word of every exception
in a person's functions. A request may replace its own answer, though, and that goes out unchanged.
"""

import json
import sys
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

from .values import DataError

Result = TypeVar("Result")
JSON = "application/json"


def told_to_caller(function: Callable[..., Result]) -> Callable[..., Result]:
    """A function whose DataError the caller of SageMaker's server can read, with its 4xx.

    The error is raised all the same: anywhere else it is all that happens.
    """

    @wraps(function)
    def called(*given: object) -> Result:
        try:
            return function(*given)
        except DataError as error:
            _replace_answer(error.status, str(error))
            raise

    return called


def _replace_answer(status: int, sentence: str) -> None:
    """Answer the request that is being served, if one is, with a sentence."""
    flask = sys.modules.get("flask")
    if flask is None or not flask.has_request_context():
        return
    body = json.dumps({"error": sentence})
    flask.after_this_request(lambda _: flask.Response(body, status, mimetype=JSON))


@lru_cache(maxsize=100)
def best_type(accept: str, types: tuple[str, ...]) -> str:
    """The first of the types that the client accepts most; "" where it accepts none.

    `accept` is a header's value, such as `text/csv, application/json;q=0.5`; "" is anything.
    """
    wanted = [_range(each) for each in (accept or "*/*").split(",") if each.strip()]
    weights = {kind: _weight(kind, wanted) for kind in types}
    best = max(types, key=lambda kind: weights[kind])
    return best if weights[best] > 0 else ""


def _range(text: str) -> tuple[str, float]:
    """A media range and its weight: ("application/json", 0.5)."""
    kind, *parameters = (part.strip() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return kind.lower(), float(value)
            except ValueError:
                return kind.lower(), 0.0
    return kind.lower(), 1.0


def _weight(kind: str, wanted: list[tuple[str, float]]) -> float:
    """How much a type is accepted: what names it counts before what only fits it."""
    fitting = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    return next((weight for each in fitting for name, weight in wanted if name == each), 0.0)
