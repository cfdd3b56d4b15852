"""What a column's texts seem to be: its role, its spelling, and the words that mean missing.

Proposed from distinct texts with their counts. What the texts leave open is asked, in a sentence;
what is decided against the look of a column is said.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .missing_words import is_missing_word
from .values import is_day

MOSTLY = 0.95  # a column that is a number in 95% of its rows is numeric, with mistakes in it
HALF = 0.5
EXAMPLES = 3
Counts = Mapping[str, int]
Read = Callable[[str], object]


@dataclass(frozen=True)
class Proposal:
    """How to read a column.

    Attributes:
        role: numeric, date or categorical.
        spelling: as `spelling.Reading` has it; "" for 1234.56 and 2024-12-31.
        missing: words that mean missing, with their rows, as they are written in the data.
        question: one sentence, where the data leaves open what its texts mean; then `role` and
            `spelling` are only what they would be without an answer.
        notes: sentences for the person whose data this is.
        unreadable: other texts that the role cannot read, with their rows.
    """

    role: str
    spelling: str = ""
    missing: dict[str, int] = field(default_factory=dict)
    question: str = ""
    notes: tuple[str, ...] = ()
    unreadable: dict[str, int] = field(default_factory=dict)


def propose(counts: Counts, role: str = "", name: str = "") -> Proposal:
    """What a column is.

    Args:
        counts: its distinct texts, without `values.MISSING`, with their rows.
        role: which a person or a contract gave; "" for none.
        name: of the column, for sentences.
    """
    if role not in ("", "numeric", "date", "target"):
        return Proposal(role)
    words = {text: rows for text, rows in counts.items() if is_missing_word(text)}
    rest = {text: rows for text, rows in counts.items() if text not in words}
    found = _best(rest)
    return Proposal(role or found, "", words if found != "categorical" else {})


def _best(rest: Counts) -> str:
    total = sum(rest.values())
    for role, read in (("numeric", _number), ("date", is_day)):
        if total and sum(n for text, n in rest.items() if read(text)) >= MOSTLY * total:
            return role
    return "categorical"


def _number(text: str) -> bool:
    try:
        return abs(float(text)) != float("inf")
    except ValueError:
        return False
