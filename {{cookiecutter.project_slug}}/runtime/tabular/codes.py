"""Whole numbers that are no quantities but codes: leading zeros, very long ids, phone numbers."""

import re
from collections.abc import Mapping

MOSTLY = 0.95
OFTEN = 0.01  # of the rows have a leading zero, where numbers have other lengths, too
LONG = 16  # digits, of which a 64-bit float does not hold all
WHOLE = re.compile(r"\+?[0-9]+(?: [0-9]+)*")
NAMES = re.compile(
    r"(^|[_\W\d])(zip|zip_?code|postal|postal_?code|post_?code|plz|code_?postal|phone|telephone|"
    r"phone_?(no|nr|number)|telefon|mobile_?(no|nr|number)|fax|iban|isbn|ean|gtin|upc|fips|siren|"
    r"siret|imei|vat_?id)$",
    re.IGNORECASE,
)


def reason(counts: Mapping[str, int], name: str) -> str:
    """Why a column of numbers is one of codes, as the end of "holds ..."; "" when it is not."""
    whole = {text: rows for text, rows in counts.items() if WHOLE.fullmatch(text)}
    if not whole or sum(whole.values()) < MOSTLY * sum(counts.values()):
        return ""
    return _zeros(whole) or _long(whole) or _phones(whole) or _named(whole, name)


def _zeros(whole: Mapping[str, int]) -> str:
    zeros = {text: rows for text, rows in whole.items() if text[0] == "0" and len(text) > 1}
    if not zeros:
        return ""
    same_length = len(set(map(len, whole))) == 1
    if same_length or sum(zeros.values()) >= OFTEN * sum(whole.values()):
        return f"codes with leading zeros, such as {next(iter(zeros))!r}"
    return ""


def _long(whole: Mapping[str, int]) -> str:
    long = {text: rows for text, rows in whole.items() if len(text) >= LONG}
    times = sum(rows for text, rows in long.items() if text.endswith("000"))  # in nanoseconds
    rows = sum(long.values())
    if rows * 2 > sum(whole.values()) and times < MOSTLY * rows:
        return f"codes of {LONG} digits or more, such as {next(iter(long))!r}"
    return ""


def _phones(whole: Mapping[str, int]) -> str:
    if not all(text[0] == "+" or " " in text for text in whole):
        return ""
    digits = {sum(map(str.isdigit, text)) for text in whole}
    international = all(text[0] == "+" for text in whole) and min(digits) > 7
    same = len(digits) == 1 and min(digits) > 8
    return f"phone numbers, such as {next(iter(whole))!r}" if international or same else ""


def _named(whole: Mapping[str, int], name: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)  # postalCode
    if NAMES.search(words) and all(len(text) >= 4 for text in whole):
        return f"codes by its name, such as {next(iter(whole))!r}"
    return ""
