"""Which spelling of dates a column's texts have; days after the 12th tell day from month."""

import re
from collections.abc import Iterable

from .dates import DATES, date_spelling
from .number_fit import HALF, Counts, Fit
from .values import is_day

TRIED = 200  # texts by which it is told whether a column has dates at all
CROSSED = {  # the spellings that mix up, of which a column may fit both
    "DD/MM/YYYY": "MM/DD/YYYY",
    "DD/MM/YY": "MM/DD/YY",
}


def fit(counts: Counts) -> Fit:
    """The spelling that reads most rows; the default, ISO days, where none reads more."""
    odd = {text: rows for text, rows in counts.items() if not is_day(text)}
    if not odd:
        return Fit()
    first = dict(list(odd.items())[:TRIED])
    hopeful = [each for each in DATES if _read(first, each) >= HALF * len(first)]
    unread = {name: _unread(odd, name) for name in hopeful}
    least = min((sum(each.values()) for each in unread.values()), default=sum(odd.values()))
    if least == sum(odd.values()):
        return Fit("", odd)
    best = [name for name, each in unread.items() if sum(each.values()) == least]
    chosen = best[0]
    other = CROSSED.get(chosen, "")
    if chosen == "DD/MM/YY" and _years_first(odd):
        other = "YY/MM/DD"
        best.append(other)
    either = (chosen, other) if other in best else ()
    example = next(text for text in odd if text not in unread[chosen])
    return Fit(chosen, unread[chosen], either, example)


def _years_first(texts: Iterable[str]) -> bool:
    """Whether the year may come first: of two digits, years differ less than days."""
    parts = [re.split(r"[^0-9]+", text)[:3] for text in texts]
    if _unread(dict.fromkeys(texts, 1), "YY/MM/DD"):
        return False
    return len({each[0] for each in parts}) <= len({each[-1] for each in parts})


def _read(counts: Counts, name: str) -> int:
    return len(counts) - len(_unread(counts, name))


def _unread(counts: Counts, name: str) -> dict[str, int]:
    spelling = date_spelling(name)
    assert spelling is not None
    return {text: rows for text, rows in counts.items() if spelling.read(text) is None}
