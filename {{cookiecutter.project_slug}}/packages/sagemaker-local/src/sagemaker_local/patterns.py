r"""The patterns of the service's model, which are Java's, read by Python.

What differs: ``\p{L}`` and its like, ``\w``, ``\d`` and ``\s``, which mean ASCII there, a ``.``
that matches none of Java's line breaks, surrogate pairs, and a ``$`` with a quantifier.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from itertools import groupby

_NO_LINE_BREAK = r"[^\n\r\u0085\u2028\u2029]"
_TOKEN = re.compile(
    r"""\\p\{(?P<category>\w+)\}
    |\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})
    |(?P<end>\$)\{\d+,\d+\}
    |\\.
    |.""",
    re.VERBOSE | re.DOTALL,
)
_POSIX = {"Alnum": "a-zA-Z0-9"}
_CATEGORIES = "CLMNPSZ"
_ASCII = 0x7F


def matches(pattern: str, text: str) -> bool:
    """Does the whole of ``text`` match a pattern of the service's model?

    A pattern in a dialect that is not known here matches everything.
    """
    compiled = _compiled(pattern, _ASCII if text.isascii() else sys.maxunicode)
    return compiled is None or compiled.fullmatch(text) is not None


@cache
def _compiled(pattern: str, last: int) -> re.Pattern[str] | None:
    """For texts whose characters go up to ``last``: to list all letters takes a while."""
    try:
        return re.compile(translated(pattern, last), re.ASCII)
    except re.error:
        return None


def translated(pattern: str, last: int = sys.maxunicode) -> str:
    """The pattern in Python's words.

    Args:
        pattern: Java's.
        last: the highest code point that a text has.
    """
    parts, in_class = [], False
    for token in _TOKEN.finditer(pattern):
        text = token.group()
        if token["category"]:
            ranges = _characters(token["category"], last)
            parts.append(ranges if in_class else f"[{ranges}]")
        elif token["high"]:
            high, low = int(token["high"], 16), int(token["low"], 16)
            parts.append(f"\\U{0x10000 + ((high - 0xD800) << 10) + low - 0xDC00:08x}")
        elif text == "." and not in_class:
            parts.append(_NO_LINE_BREAK)
        else:
            in_class = text == "[" or (in_class and text != "]")
            parts.append(token["end"] or text)
    return "".join(parts)


def _characters(category: str, last: int) -> str:
    """What ``\\p{category}`` stands for, for use between brackets."""
    if category in _POSIX:
        return _POSIX[category]
    if category not in _CATEGORIES:
        raise re.error(f"the category {category} is not known")
    return _ranges(last).get(category, "")


@cache
def _ranges(last: int) -> dict[str, str]:
    """The characters of each Unicode category, for use between brackets."""
    found: dict[str, str] = {}
    start = 0
    for category, run in groupby(range(last + 1), lambda code: unicodedata.category(chr(code))[0]):
        end = start + sum(1 for _ in run)
        found[category] = f"{found.get(category, '')}\\U{start:08x}-\\U{end - 1:08x}"
        start = end
    return found
