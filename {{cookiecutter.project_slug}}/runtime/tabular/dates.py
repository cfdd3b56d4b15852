"""How dates are spelled in texts: `DD/MM/YYYY`, `Mon DD, YYYY`; each spelling names the order.

Whatever of `/ . -` and spaces separates the parts, a time of day and a zone may follow and are no
part of the date. An ISO day is read under every spelling. Years of two digits are 1969 to 2068.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from .values import is_day

PIVOT = 69  # the first of two digits that belong to the last century, as in POSIX
DATES = (
    "DD/MM/YYYY",
    "MM/DD/YYYY",
    "YYYY/MM/DD",
    "DD/MM/YY",
    "MM/DD/YY",
    "DD Mon YYYY",
    "Mon DD, YYYY",
    "YYYY Mon DD",
    "DD Mon YY",
    "YYYYMMDD",
)
_TOKEN = re.compile(r"YYYY|YY|MM|DD|Month|Mon")
_ORDERS = ("DMY", "MDY", "YMD")
_SEPARATOR = r"(?:\s*[/.,\-\s]\s*)+"
_ZONE = r"(?:Z|[A-Z]{2,5}|(?:UTC|GMT)?[+-][0-9]{1,2}(?::?[0-9]{2})?)"
_CLOCK = r"[0-9]{1,2}[:.h][0-9]{2}(?:[:.][0-9]{2})?(?:[.,][0-9]+)?\s*(?:[ap]\.?m\.?)?"
_TIME = rf"(?:(?:[T,\s]\s*{_CLOCK}|T[0-9]{{4}}(?:[0-9]{{2}})?)\s*{_ZONE}?|Z)?"
_MONTHS = (
    "jan january januar jänner janv janvier ene enero gen gennaio januari janeiro",
    "feb february februar fev fevr fevrier febrero febbraio februari fevereiro",
    "mar march marz maerz mrz mars marzo maart mrt marco",
    "apr april avr avril abr abril aprile",
    "may mai mayo mag maggio mei maio",
    "jun june juni juin junio giu giugno junho",
    "jul july juli juil juillet julio lug luglio julho",
    "aug august aou aout ago agosto augustus",
    "sep sept september septembre septiembre set settembre setembro",
    "oct october okt oktober octobre octubre ott ottobre out outubro",
    "nov november novembre noviembre novembro",
    "dec december dez dezember decembre dic diciembre dicembre dezembro",
)
_PLAIN = str.maketrans("äáàâéèêëíîóôöúûüç", "aaaaeeeeiiooouuuc")
MONTHS = {
    word.translate(_PLAIN): number
    for number, words in enumerate(_MONTHS, start=1)
    for word in words.split()
}


@dataclass(frozen=True)
class DateSpelling:
    """One spelling of dates."""

    name: str
    expression: re.Pattern[str]

    def read(self, text: str) -> str | None:
        """The ISO day that a text starts with; None when it is no date in this spelling."""
        return _read(self.name, text)


@lru_cache(maxsize=100_000)  # there are fewer days than rows
def _read(name: str, text: str) -> str | None:
    if is_day(text):
        return text[:10]
    spelling = date_spelling(name)
    found = spelling.expression.fullmatch(text) if spelling else None
    if found is None:
        return None
    year, month = int(found["year"]), found["month"]
    if len(found["year"]) == 2:
        year += 1900 if year >= PIVOT else 2000
    number = int(month) if month.isdecimal() else MONTHS.get(plain_word(month), 0)
    try:
        return date(year, number, int(found["day"])).isoformat()
    except ValueError:
        return None


def plain_word(word: str) -> str:
    """A word without case and accents."""
    return word.casefold().translate(_PLAIN)


@lru_cache(maxsize=1_000)
def date_spelling(spelling: str) -> DateSpelling | None:
    """A spelling of dates by its name; None when it is none."""
    tokens = _TOKEN.findall(spelling)
    order = "".join("M" if each.startswith("M") else each[0] for each in tokens)
    if order not in _ORDERS or re.search(r"[^\s/.,\-]", _TOKEN.sub("", spelling)):
        return None
    joined = "".join(tokens) == spelling
    named = not {"Mon", "Month"}.isdisjoint(tokens)
    digits = "[0-9]{2}" if joined and not named else "[0-9]{1,2}"
    ordinal = "(?:st|nd|rd|th|er|º)?" if named else ""
    parts = {
        "YYYY": "(?P<year>[0-9]{4})",
        "YY": "(?P<year>[0-9]{2})" if joined else "(?P<year>[0-9]{4}|[0-9]{2})",
        "MM": f"(?P<month>{digits})",
        "DD": f"(?P<day>{digits}){ordinal}",
        "Mon": r"(?P<month>[^\W\d_]+)",
        "Month": r"(?P<month>[^\W\d_]+)",
    }
    weekday = r"(?:[^\W\d_]+\.?,?\s+)?" if named else ""
    separator = "" if joined and not named else _SEPARATOR
    body = separator.join(parts[each] for each in tokens)
    return DateSpelling(spelling, re.compile(weekday + body + _TIME, re.IGNORECASE))
