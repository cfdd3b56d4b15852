"""Which spelling of numbers a column's texts have, by what they share and what they rule out."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from .numerals import MINUS, PATTERNS, Numeral
from .units import CURRENCIES, MEASURES, canonical

Counts = Mapping[str, int]  # distinct texts with their rows
PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PARTS = re.compile(
    rf"\(?\s*[+{MINUS}]?\s*(?P<before>[^\s0-9()+.,'’{MINUS}][^0-9()+{MINUS}]*?)?\s*[+{MINUS}]?\s*"
    r"(?P<digits>[.,]?[0-9](?:[\s0-9.,'’]*[0-9])?[.,]?(?:[eE][+-]?[0-9]+)?)\s*"
    rf"(?P<behind>[^\s0-9()+.,'’{MINUS}][^()\s]*(?:\s[^()\s]+)?)?\s*[{MINUS}]?\s*\)?"
)
_THOUSAND = re.compile(r"-?[0-9]{1,3}|-?[1-9][0-9]{0,2}\.[0-9]{3}")
HALF = 0.5  # of the rows have something like a number, where a column may be one of numbers
DECIDED = 40  # numbers without a final zero: decimals, of which a tenth lost one
FEW = 3  # distinct numbers, by which something may be told
ROUND = 2  # numbers with a final zero, beside whole ones that have no decimals: thousands


@dataclass(frozen=True)
class Fit:
    """How well the best spelling fits.

    Attributes:
        spelling: "" for the default one.
        unread: texts that it cannot read, with their rows.
        either: the spellings that fit equally and mean different numbers or days.
        example: a text that they read in different ways.
        notes: sentences without a subject, such as "holds ...".
    """

    spelling: str = ""
    unread: dict[str, int] = field(default_factory=dict)
    either: tuple[str, ...] = ()
    example: str = ""
    notes: tuple[str, ...] = ()


def fit(counts: Counts) -> Fit:
    """The spelling that reads most rows; the default where none reads more."""
    odd = {text: rows for text, rows in counts.items() if not PLAIN.fullmatch(text)}
    unread = {text: rows for text, rows in odd.items() if not is_float(text)}
    parts = {text: found for text in unread if (found := _PARTS.fullmatch(text))}
    hopeless = sum(rows for text, rows in unread.items() if text not in parts)
    if hopeless > (1 - HALF) * sum(counts.values()):
        return Fit("", unread)
    if not parts:
        return _dotted(counts, unread)
    unit, written = _unit(parts, odd)
    tried = _Tried(counts, unit, {char for each in parts.values() for char in each["digits"]})
    if tried.least >= sum(unread.values()):
        return _dotted(counts, unread)
    return tried.fit(written)


def units_behind(counts: Counts) -> Counter[str]:
    """What stands behind the numbers of texts such as `45 l/s`, with its rows; "" where nothing."""
    units: Counter[str] = Counter()
    for text, rows in counts.items():
        found = _PARTS.fullmatch(text)
        if found and not found["before"]:
            units[found["behind"] or ""] += rows
    return units


def is_float(text: str) -> bool:
    """Whether a text is a finite number in the default spelling."""
    return _FLOAT.fullmatch(text) is not None and abs(float(text)) != float("inf")


def _unit(parts: Mapping[str, re.Match[str]], odd: Counts) -> tuple[str, str]:
    """The unit that most texts have, and how an example is written with it."""
    places: Counter[tuple[str, str]] = Counter()
    for text, found in parts.items():
        before, behind = found["before"] or "", found["behind"] or ""
        unit = canonical(before or behind)
        if not (before and behind) and unit in CURRENCIES | (frozenset() if before else MEASURES):
            space = " " if before + " " in text or " " + behind in text else ""
            places[unit, f"{before}{space}{{}}" if before else f"{{}}{space}{behind}"] += odd[text]
    units: Counter[str] = Counter()
    for (unit, _), rows in places.items():
        units[unit] += rows
    if not units:
        return "", "{}"
    best = units.most_common(1)[0][0]
    return best, next(written for (unit, written), _ in places.most_common() if unit == best)


class _Tried:
    """All patterns of digits that may fit, tried on all texts."""

    def __init__(self, counts: Counts, unit: str, characters: Collection[str]) -> None:
        self._counts, self._unit = counts, unit
        self._numerals = {
            name: Numeral(pattern, unit)
            for name, pattern in PATTERNS.items()
            if not pattern.groups or not frozenset(pattern.groups).isdisjoint(characters)
        }
        self._unread = {
            name: {text: rows for text, rows in counts.items() if each.read(text) is None}
            for name, each in self._numerals.items()
        }
        self.least = min(sum(each.values()) for each in self._unread.values())

    def fit(self, written: str) -> Fit:
        """The best pattern, and another that is as good but means something else."""
        best = [name for name, each in self._unread.items() if sum(each.values()) == self.least]
        chosen, example = best[0], self._doubtful(best)
        either: tuple[str, ...] = ()
        if example:
            separator = "," if "," in example else "."
            grouped = next(each for each in best if separator in PATTERNS[each].groups)
            decimal = next(each for each in best if separator == PATTERNS[each].decimal)
            thousands = self._unit in CURRENCIES or separates_thousands(self._counts, separator)
            chosen = grouped if thousands else decimal
            either = (decimal, grouped) if thousands is None else ()
        return Fit(
            written.format(chosen),
            self._unread[chosen],
            tuple(written.format(each) for each in either),
            example if either else "",
            self._notes(self._unread[chosen]),
        )

    def _doubtful(self, best: Sequence[str]) -> str:
        """A text that one of the best patterns has decimals in, and another thousands."""
        for text in self._counts:
            if len({self._numerals[name].read(text) for name in best} - {None}) > 1:
                return text
        return ""

    def _notes(self, unread: Counts) -> tuple[str, ...]:
        known = {text: rows for text, rows in self._counts.items() if text not in unread}
        bare = sum(rows for text, rows in known.items() if _bare(text)) if self._unit else 0
        return (f"has {bare:,} rows without {self._unit}, which are read like the others",) * bool(
            bare
        )


def _bare(text: str) -> bool:
    found = _PARTS.fullmatch(text)
    return found is not None and not found["before"] and not found["behind"]


def separates_thousands(texts: Collection[str], separator: str) -> bool | None:
    """Whether it separates thousands (else decimals) in texts that allow both; None: unknown.

    Who writes three decimals everywhere has no whole numbers, and who leaves out final zeros has
    none. A column with both separates thousands.
    """
    parted: list[str] = []
    whole: list[str] = []
    for text in texts:
        digits = re.sub(r"[^0-9.,]", "", text)
        (parted if separator in digits else whole).append(digits)
    rounded = sum(each.endswith("0") for each in parted)
    if rounded >= ROUND and whole and all(len(each) <= 3 for each in whole):
        return True
    return False if not rounded and len(parted) >= DECIDED else None


def _dotted(counts: Counts, unread: dict[str, int]) -> Fit:
    """The default, unless all its points separate thousands: `856` and `1.230`, but never `1.5`."""
    known = [text for text in counts if text not in unread]
    if not all(_THOUSAND.fullmatch(text) for text in known):
        return Fit("", unread)
    dotted = [text for text in known if "." in text]
    thousands = separates_thousands(known, ".") if dotted else False
    if thousands is None and len(dotted) >= FEW:
        note = f"holds numbers such as {dotted[0]!r}, which are read with decimals; if these are "
        return Fit("", unread, notes=(f"{note}thousands, its spelling is 1.234,56",))
    return Fit("1.234,56" if thousands else "", unread)
