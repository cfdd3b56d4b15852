"""JSON that is read as `json` reads it, and numbers of it written, sooner where there is orjson."""

import json
import re
from collections.abc import Sequence
from typing import Any

try:
    import orjson
except ImportError:  # SageMaker's image has none
    orjson = None  # type: ignore[assignment]

# To orjson an integer of more than 64 bits is a float; as text it has all its digits.
DIGITS = bytes(48 if chr(byte).isdecimal() else 32 for byte in range(256))
LONG = b"0" * 19
# What orjson writes in its own way: NaN, exponents, and numbers of which `json` makes exponents.
OTHERWISE = re.compile(r"[ne]|\b0\.0000")


def loads(text: bytes) -> Any:
    """What a text in UTF-8 holds; ValueError or RecursionError where it is no JSON.

    What orjson refuses, `json` may take, such as NaN and half of a character.
    """
    if orjson is not None and LONG not in text.translate(DIGITS):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
    return json.loads(text.decode("utf-8").removeprefix("\ufeff"))


def number_texts(values: Sequence[Any]) -> list[str]:
    """Each number as `json` writes it."""
    if not values:
        return []
    if orjson is not None:
        text = orjson.dumps(values).decode("ascii")
        if not OTHERWISE.search(text):
            return text[1:-1].split(",")
    return json.dumps(values)[1:-1].split(", ")
