"""What a column's texts seem to be: its role, its spelling, and the words that mean missing.

Proposed from distinct texts with their rows. What the texts leave open is asked, in a sentence;
what is decided against the look of a column is said.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from . import advice, codes, date_fit, number_fit
from .dates import date_spelling
from .missing_words import is_missing_word
from .number_fit import HALF, Counts, Fit
from .spelling import Reading
from .values import LARGEST, DataError

MOSTLY = 0.95  # a column that is a number in 95% of its rows is numeric, with mistakes in it
EXAMPLES = 3
FITS = {"numeric": number_fit.fit, "date": date_fit.fit}
THINGS = {"numeric": "numbers", "date": "dates"}
EXACT = 2**24  # from here on, 32-bit floats do not hold every whole number
MANY = 20  # distinct numbers, among which words are no steps of a scale
SEVERAL = 0.2  # of the rows at most have one of several such words
FEW = 3  # distinct texts that look like 20240131, and are so by chance no longer
ANSWERS = {"yes", "no", "true", "false", "y", "n", "t", "f", "x", "ja", "nein", "inf", "infinity"}
_LARGE = re.compile(r"[+-]?[0-9]{8}|.*[eE]")
_DAY = re.compile(r"(?:19|20)[0-9]{6}")
_ZERO_DAY = re.compile(r"[0/. -]+(?:[T ][0:.]+)?")


@dataclass(frozen=True)
class Proposal:
    """How to read a column.

    Attributes:
        role: numeric, date or categorical.
        spelling: as `spelling.Reading` has it; "" for 1234.56 and 2024-12-31.
        missing: words that mean missing, with their rows, as they are written in the data.
        question: one sentence, where nobody can go on without an answer; role and spelling are
            what they would be by a guess.
        notes: sentences for the person whose data this is.
        unreadable: other texts that the role cannot read, with their rows.
    """

    role: str
    spelling: str = ""
    missing: dict[str, int] = field(default_factory=dict)
    question: str = ""
    notes: tuple[str, ...] = ()
    unreadable: dict[str, int] = field(default_factory=dict)

    def reading(self, name: str) -> Reading:
        """The reading that is proposed."""
        return Reading(name, self.role, frozenset(self.missing), self.spelling)


def propose(counts: Counts, role: str = "", name: str = "") -> Proposal:
    """What a column is.

    Args:
        counts: its distinct texts, without `values.MISSING`, with their rows.
        role: numeric, date or categorical as a person or a contract says; "" for none.
        name: of the column, for sentences.
    """
    if role not in ("", *FITS):
        return Proposal(role)
    plain = number_fit.PLAIN.fullmatch
    words = {t: rows for t, rows in counts.items() if not plain(t) and is_missing_word(t)}
    rest = {text: rows for text, rows in counts.items() if text not in words} if words else counts
    if role:
        return _checked(_fitted(role, words, rest, name), rest, name)
    tried = []
    for each in FITS:
        found = _fitted(each, words, rest, name)
        if _reads_nearly_all(found, rest):
            found = _as_codes(found, rest, name) if each == "numeric" else found
            return _checked(found, rest, name)
        tried.append(found)
    said = tuple(filter(None, (_half(each, rest, name) for each in tried)))
    return Proposal("categorical", notes=said or _units(rest, name))


def _fitted(role: str, words: Mapping[str, int], rest: Counts, name: str) -> Proposal:
    """The best spelling, with the words that mean missing, such as the only ones that are left."""
    fit = FITS[role](rest)
    missing, unread = dict(words), fit.unread
    if role == "date":  # 0000-00-00 is what MySQL writes for none
        missing |= {text: rows for text, rows in unread.items() if _ZERO_DAY.fullmatch(text)}
        unread = {text: rows for text, rows in unread.items() if text not in missing}
    if _are_words(unread, rest):
        missing, unread = missing | unread, {}
    notes = tuple(f"column {name!r} {note}" for note in fit.notes)
    return Proposal(role, fit.spelling, missing, _open(fit, role, name), notes, unread)


def _are_words(unread: Counts, rest: Counts) -> bool:
    """Whether texts are one word that is repeated, in any case, or, of many numbers, a few words.

    They are no values of their own: where they have a digit or answer a question, they may be.
    """
    folded = Counter[str]()
    for text, rows in islice(unread.items(), MANY):
        folded[text.casefold()] += rows
    values = any(word in ANSWERS or any(map(str.isdigit, word)) for word in folded)
    if values or not folded or len(unread) > MANY or min(folded.values()) < 2:
        return False
    many = len(rest) - len(unread) >= MANY
    most = HALF if len(folded) == 1 else SEVERAL * (many and len(folded) <= EXAMPLES)
    return sum(folded.values()) <= most * sum(rest.values())


def _open(fit: Fit, role: str, name: str) -> str:
    """What is to be asked where spellings fit equally well."""
    if not fit.either:
        return ""
    first, second = fit.either
    doubt = "which may have day or month first"
    if role == "numeric":
        doubt = "which may have decimals or thousands behind the separator"
    elif "YY/MM/DD" in fit.either:
        doubt = "which may have day or year first"
    return (
        f"column {name!r} holds {THINGS[role]} such as {fit.example!r}, {doubt}, and nothing in it "
        f'decides: give its spelling, "{first}" or "{second}", in the data contract or as '
        f"{advice.spelled(name, first)}"
    )


def _reads_nearly_all(found: Proposal, rest: Counts) -> bool:
    """Whether nearly all rows are read, beside missing words as more than one value."""
    known = {text: rows for text, rows in rest.items() if text not in found.missing}
    total = sum(known.values())
    distinct = len(known) - len(found.unreadable)
    if not distinct or (distinct == 1 and found.missing):
        return False
    return total - sum(found.unreadable.values()) >= MOSTLY * total


def _as_codes(found: Proposal, rest: Counts, name: str) -> Proposal:
    """Numbers, unless they are codes, or days such as 20240131."""
    known = {text: rows for text, rows in rest.items() if text not in found.missing}
    if reason := codes.reason(known, name):
        numbers = advice.names("numeric", name)
        why = f"column {name!r} holds {reason}, and is text; {numbers} makes it numbers"
        return Proposal("categorical", notes=(why,))
    if not found.spelling and len(known) >= FEW and all(map(_is_day, known)):
        return replace(found, role="date", spelling="YYYYMMDD")
    return found


def _is_day(text: str) -> bool:
    days = date_spelling("YYYYMMDD")
    return bool(days and _DAY.fullmatch(text) and days.read(text))


def _checked(found: Proposal, rest: Counts, name: str) -> Proposal:
    """The same, with what the 32-bit floats of a model cannot hold."""
    if found.role != "numeric":
        return found
    texts = [t for t in rest if found.spelling or _LARGE.match(t)]
    texts_of = {value: text for value, text in _numbers(texts, found.reading(name))}
    for value, text in texts_of.items():
        if abs(value) > LARGEST:
            asked = (
                f"column {name!r} holds {text!r}, larger than the 32-bit floats of a model hold; "
                f"divide it, or give {advice.names('drop', name)}"
            )
            return replace(found, question=asked)
    whole = sorted(value for value in texts_of if abs(value) > EXACT and value.is_integer())
    held = np.array(whole).astype(np.float32)
    same = np.flatnonzero(held[1:] == held[:-1])
    if not len(same):
        return found
    one, other = texts_of[whole[same[0]]], texts_of[whole[same[0] + 1]]
    note = (
        f"column {name!r} holds whole numbers that the 32-bit floats of a model cannot tell apart, "
        f"such as {one} and {other}; if they are codes, give {advice.names('categorical', name)} "
        f"or {advice.names('drop', name)}"
    )
    return replace(found, notes=(*found.notes, note))


def _numbers(texts: list[str], reading: Reading) -> list[tuple[float, str]]:
    found = []
    for text in texts:
        try:
            found.append((reading.number(text), text))
        except DataError:
            continue
    return [(value, text) for value, text in found if value == value]


def _half(found: Proposal, rest: Counts, name: str) -> str:
    """What is said of a column of text that is half numbers or dates; "" of any other."""
    known = sum(rows for text, rows in rest.items() if text not in found.missing)
    read = known - sum(found.unreadable.values())
    if not read or read < HALF * known or not found.unreadable:
        return ""
    shown = ", ".join(map(repr, islice(found.unreadable, EXAMPLES)))
    return (
        f"column {name!r} is text, although {read / known:.0%} of its rows hold "
        f"{THINGS[found.role]}, because others hold {shown}; correct them, say what means a "
        f"missing value by {advice.means_missing(name, '...')} or in the data contract, or leave "
        f"the column out by {advice.names('drop', name)}"
    )


def _units(rest: Counts, name: str) -> tuple[str, ...]:
    """What is said of a column of text that is numbers with units, unknown ones or several."""
    found = number_fit.units_behind(rest)
    units = [unit for unit, _ in found.most_common() if unit]
    if len(rest) < MANY or found.total() < MOSTLY * sum(rest.values()):
        return ()
    if not 0 < len(units) <= EXAMPLES or not all(unit[0].isalpha() for unit in units):
        return ()
    spelled = advice.spelled(name, f"1234.56 {units[0]}")
    mend = f"say so by {spelled}, or write numbers alone"
    if len(units) > 1:
        mend = f"write them in one, or leave the column out by {advice.names('drop', name)}"
    shown = ", ".join(f"{unit!r} ({found[unit]})" for unit in units)
    return (f"column {name!r} is text, although it holds numbers with units: {shown}; {mend}",)
