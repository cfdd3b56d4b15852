"""What a raw value means: the same text, number or date from CSV, Parquet and JSON."""

from datetime import date
from functools import lru_cache
from typing import Any

MISSING = frozenset({"", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "NULL", "null", "None", "NaT"})
LARGEST = 3.4028234663852886e38  # of the 32-bit floats that models work with


class DataError(ValueError):
    """The data or a request is at fault; the message is one sentence for the person who sent it.

    Attributes:
        status: what a server answers with, of HTTP's codes for a client's mistakes.
    """

    status = 400

    @property
    def message(self) -> str:
        """The sentence, where SageMaker's model server looks for the text of its answer."""
        return str(self)


def text(value: Any) -> str:
    """A raw value as text, the same from CSV, Parquet and JSON; "" when missing."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # Parquet and JSON write 5.0 where a CSV file has 5
    stripped = str(value).strip()
    return "" if stripped in MISSING else stripped


def number(value: Any, name: str) -> float:
    """A raw value as a float, NaN when missing; DataError when it is no finite number."""
    try:
        result = float(value)
    except OverflowError:
        raise DataError(f"field {name!r} holds a number that is too large") from None
    except (TypeError, ValueError):
        if text(value) == "":
            return float("nan")
        raise DataError(f"field {name!r} holds {value!r}, which is not a number") from None
    if result in (float("inf"), float("-inf")):
        raise DataError(f"field {name!r} holds {value!r}, which is not a finite number")
    return result


@lru_cache(maxsize=10_000)
def is_day(value: str) -> bool:
    """Whether a text starts with an ISO day, with nothing or a time of day after it."""
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return value[4:8:3] == "--" and value[10:11] in ("", "T", " ")


def days(value: Any, name: str) -> float:
    """The number of a raw day, counted from 1970, NaN when missing; DataError when it is no day."""
    day = text(value)
    return date_parts(day, "1970-01-01", name)[2] if day else float("nan")


@lru_cache(maxsize=10_000)
def date_parts(day: str, reference: str, name: str) -> tuple[float, float, float]:
    """Year, month and days since `reference` of an ISO day (a time of day is ignored)."""
    if not is_day(day):
        raise DataError(f"field {name!r} holds {day!r}, not a date like 2024-12-31")
    parsed = date.fromisoformat(day[:10])
    days = (parsed - date.fromisoformat(reference)).days
    return float(parsed.year), float(parsed.month), float(days)
