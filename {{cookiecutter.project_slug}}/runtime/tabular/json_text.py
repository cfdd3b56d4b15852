"""JSON that is read as `json` reads it, and numbers of it written, sooner where there is orjson."""

import json
import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any

try:
    import orjson
except ImportError:  # SageMaker's image has none
    orjson = None  # type: ignore[assignment]

# To orjson an integer of more than 64 bits is a float; as text it has all its digits.
DIGITS = bytes(48 if chr(byte).isdecimal() else 32 for byte in range(256))
LONG = b"0" * 19
ESCAPED_DIGIT = b"\\u003"
DIGITS_OF_FLOAT = re.compile(rb"\d*[.eE]")
SMALL = re.compile(r"\b0\.0000")
# Stands between texts that are read as one array. Nobody can guess it: where it comes back after
# every value, each text is one value, and not the end of another and something more.
MARK = secrets.token_hex(8)
BETWEEN = b',"%s",' % MARK.encode()


def loads(text: bytes) -> Any:
    """What a text in UTF-8 holds; ValueError or RecursionError where it is no JSON.

    What orjson refuses, `json` may take, such as NaN and half of a character.
    """
    if orjson is not None and not _has_long_integer(text):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
    return json.loads(text.decode("utf-8").removeprefix("\ufeff"))


def loads_together(texts: Sequence[bytes]) -> list[Any] | None:
    """`loads` of each text in one go, which takes half of the time; None where that may differ."""
    if orjson is None or not texts:
        return None
    text = b"[%s]" % BETWEEN.join(texts)
    if _has_long_integer(text):
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    marks = len(texts) - 1
    whole = len(found) == 2 * marks + 1 and found[1::2] == [MARK] * marks
    return found[::2] if whole else None


def loads_of(texts: Sequence[bytes]) -> Callable[[Any], Any] | None:
    """What reads these texts, and texts of JSON within them, as `loads` does, only sooner.

    It raises a ValueError where `loads` may read more. None: nothing is sooner.
    """
    if orjson is None:
        return None
    whole = b" ".join(texts)
    is_plain = ESCAPED_DIGIT not in whole and not _has_long_integer(whole)
    return orjson.loads if is_plain else None


def _has_long_integer(text: bytes) -> bool:
    """Whether there may be an integer of more than 64 bits; a float may have as many digits."""
    digits = text.translate(DIGITS)
    at = digits.find(LONG)
    while at >= 0:
        is_fraction = text[digits.rfind(b" ", 0, at)] == ord(".")
        if not is_fraction and not DIGITS_OF_FLOAT.match(text, at):
            return True
        at = digits.find(LONG, digits.find(b" ", at))
    return False


def number_texts(values: Sequence[Any]) -> list[str]:
    """Each number as `json` writes it."""
    if not values:
        return []
    if orjson is not None:
        try:
            text = orjson.dumps(values).decode("ascii")
        except orjson.JSONEncodeError:  # an integer of more than 64 bits
            text = "e"
        if not _is_otherwise(text):
            return text[1:-1].split(",")
    return json.dumps(values)[1:-1].split(", ")


def _is_otherwise(text: str) -> bool:
    """Whether orjson writes one in its own way: NaN, and what has an exponent here or in `json`."""
    if "n" in text or "e" in text:
        return True
    return "0.0000" in text and SMALL.search(text) is not None  # the plain look is much quicker
