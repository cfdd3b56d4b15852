"""How numbers are spelled in texts: `1234.56`, `1.234,56 €`, `12 %`; each spelling is an example.

A spelling has a pattern of digits and, where the column has one, a unit. It reads numbers with or
without thousands separators and unit, with a minus before or behind, or in the brackets of
accounting. Anything else is no number: `12,5` is refused where the comma separates thousands.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import isfinite

from .units import canonical, ways

SPACES = " \u00a0\u2007\u2009\u202f"  # of which Excel and French tables use the no-break ones
APOSTROPHES = "'’"
MINUS = "−–-"  # the hyphen last, as classes of regular expressions want it
EXPONENT = "(?:[eE][+-]?[0-9]{1,3})?"
THREES, INDIAN = "{0}[0-9]{{3}}", "(?:{0}[0-9]{{2}})*{0}[0-9]{{3}}"


@dataclass(frozen=True)
class Pattern:
    """A pattern of digits: what separates decimals and groups, by the example that names it."""

    name: str
    decimal: str
    groups: str = ""  # characters that may separate groups of digits
    indian: bool = False  # groups of two before the last of three

    @cached_property
    def body(self) -> str:
        """A regular expression of the digits, for Python and RE2 alike."""
        whole = "[0-9]+"
        if self.groups:
            first, rest = ("?", INDIAN) if self.indian else ("{0,2}", f"(?:{THREES})+")
            tails = "|".join(rest.format(re.escape(each)) for each in self.groups)
            whole = f"(?:[1-9][0-9]{first}(?:{tails})|[0-9]+)"
        point = re.escape(self.decimal)
        return f"(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)"

    def plain(self, digits: str) -> str:
        """The digits as Python reads them."""
        for each in self.groups:
            digits = digits.replace(each, "")
        return digits.replace(self.decimal, ".")


PATTERNS = {
    pattern.name: pattern
    for pattern in (
        Pattern("1234.56", "."),
        Pattern("1234,56", ","),
        Pattern("1,234.56", ".", ","),
        Pattern("1.234,56", ",", "."),
        Pattern("1 234.56", ".", SPACES),
        Pattern("1 234,56", ",", SPACES),
        Pattern("1'234.56", ".", APOSTROPHES),
        Pattern("1'234,56", ",", APOSTROPHES),
        Pattern("12,34,567.89", ".", ",", indian=True),
    )
}
_UNIT = re.compile(r"[^0-9()+−–.,'’-][^0-9()]*[23]?")


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


@dataclass(frozen=True)
class Numeral:
    """One spelling of numbers."""

    pattern: Pattern
    unit: str = ""  # as `units.canonical` writes it

    @cached_property
    def plain(self) -> str:
        """A regular expression of the usual ways, for Python and RE2 alike: minus and digits."""
        words = {word for way in ways(self.unit) for word in (way, way.upper())}
        unit = f"(?:{_any_of(words)})?" if self.unit else ""
        return f"(-?){unit} ?({self.pattern.body}) ?{unit}"

    @cached_property
    def _usual(self) -> re.Pattern[str]:
        return re.compile(self.plain)

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """What a whole text must be like."""
        unit = f"(?:{_any_of(ways(self.unit))})?" if self.unit else ""
        space = r"\s*"
        before = f"(?P<sign>[+{MINUS}]?){space}{unit}{space}(?P<inner>[+{MINUS}]?){space}"
        behind = f"{space}{unit}{space}(?P<behind>[{MINUS}]?){space}{unit}"
        return re.compile(
            rf"(?P<open>\(?)\s*{before}(?P<digits>{self.pattern.body}{EXPONENT}){behind}\s*"
            r"(?P<close>\)?)",
            re.IGNORECASE,
        )

    def read(self, text: str) -> float | None:
        """The finite number that a text is; None when it is none in this spelling."""
        if usual := self._usual.fullmatch(text):
            value = float(usual[1] + self.pattern.plain(usual[2]))
            return value if isfinite(value) else None
        found = self.expression.fullmatch(text)
        if found is None:
            return None
        sign, inner, behind = found["sign"], found["inner"], found["behind"]
        brackets = found["open"] + found["close"]
        if len(brackets) == 1 or bool(sign) + bool(inner) + bool(behind) + bool(brackets) > 1:
            return None
        value = float(self.pattern.plain(found["digits"]))
        if not isfinite(value):
            return None
        negative = brackets or behind or (sign + inner not in ("", "+"))
        return -value if negative else value


@lru_cache(maxsize=1_000)
def numeral(spelling: str) -> Numeral | None:
    """A spelling of numbers by its example; None when it is none."""
    name = max((each for each in PATTERNS if each in spelling), key=len, default="")
    before, found, behind = spelling.partition(name) if name else ("", "", "")
    if not found or (before.strip() and behind.strip()):
        return None
    unit = canonical(before + behind)
    return Numeral(PATTERNS[name], unit) if not unit or _UNIT.fullmatch(unit) else None
