"""What is asked of the data: the target, the problem type and the role of each column, and why.

What a person gives comes first, then what the data contract says, and the rest is inferred, from
the facts of all rows (see `profile`). With its role a column gets its reading: the words that mean
missing there and how its numbers or dates are spelled.
"""

import re
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from . import advice, given, job, readable, target_size
from .contract import Contract
from .dates import date_spelling
from .given import NOTHING, Said
from .profile import ColumnFacts
from .proposal import Proposal, propose
from .spelling import Reading, reading
from .values import DataError

MAX_CLASSES = 100
SHOWN = 5  # columns or labels that a sentence about all of them names
ID_NAME = re.compile(r"(^|[_\W])(id|uuid|guid|key|index|unnamed: \d+)$", re.IGNORECASE)


@dataclass(frozen=True)
class Columns:
    """What is used of a table.

    Attributes:
        used: name and role of each column, and, where they differ from what is usual, the words
            that mean missing and the spelling: as `schema.json` has them.
        ignored: reasons for the other columns.
        notes: sentences about what was decided.
    """

    used: list[dict[str, Any]]
    ignored: dict[str, str]
    notes: list[str] = field(default_factory=list)

    def readings(self) -> dict[str, Reading]:
        """How the values of each used column are read."""
        return {column["name"]: reading(column) for column in self.used}


def find_target(columns: Sequence[str], asked: str, agreed: Contract | None) -> str:
    """The target column: as asked, else the contract's, else "target", else the last column."""
    name = _one_answer("target", asked, agreed.target if agreed else "")
    if name and name not in columns:
        raise DataError(f"target column {name!r} is not in the data{job.suggest(name, columns)}")
    return name or ("target" if "target" in columns else columns[-1])


def _one_answer(parameter: str, asked: str, agreed: str) -> str:
    if asked and agreed and asked != agreed:
        raise DataError(
            f"`{parameter}` is {asked!r}, but the data contract says {agreed!r}; change one of them"
        )
    return asked or agreed


# The target


def target_reading(
    facts: ColumnFacts, asked: str, agreed: Contract | None, said: Said = NOTHING
) -> Reading:
    """How the target's values are read: by the contract, or as numbers, where it looks like them.

    Labels are read as they are, so that no class is taken for a missing value; but where they are
    numbers, a sign such as ? is none.
    """
    if agreed and agreed.target == facts.name:
        given.check_agreed(facts.name, said, agreed)
        return agreed.reading(facts.name)
    kind = _one_answer("problem_type", asked, agreed.problem_type if agreed else "")
    counts = said.without_missing(facts.examples)
    found = propose(counts, "numeric" if kind == "regression" else "", facts.name)
    numbers = found.role == "numeric" and kind in ("", "regression")
    if numbers and (kind or facts.distinct - len(found.missing) > 15):
        return _answered(found, facts.name, said)
    signs = {word for word in found.missing if not any(map(str.isalnum, word))}
    return Reading(facts.name, "categorical", said.missing | signs)


def find_problem_type(
    facts: ColumnFacts, read: Reading, asked: str, agreed: Contract | None
) -> str:
    """The problem type: as asked, else the contract's, else inferred from the target's values."""
    found = _one_answer("problem_type", asked, agreed.problem_type if agreed else "")
    found = found or infer_problem_type(facts, read)
    check_target(facts, read, found)
    return found


def infer_problem_type(facts: ColumnFacts, read: Reading) -> str:
    """What to predict: many numbers, two labels, or several labels."""
    labels, _ = readable.known(facts, read)
    if labels > 15 and read.role == "numeric" and not readable.first(facts, read):
        return "regression"
    return "binary_classification" if labels == 2 else "multiclass_classification"


def check_target(facts: ColumnFacts, read: Reading, problem_type: str) -> None:
    """Raise a DataError when a target does not fit `problem_type`."""
    labels, rows = readable.known(facts, read)
    if labels < 2:
        raise DataError(
            f"target {facts.name!r} has {labels} different values in {rows} rows; a model "
            "needs at least two to tell apart"
        )
    if problem_type == "regression":
        readable.check(facts, read, "or choose another problem type or target")
        target_size.check(facts, read)
    elif labels > MAX_CLASSES:
        raise DataError(
            f"target {facts.name!r} has {labels} values, too many for {problem_type}; choose "
            "another target, or regression if they are numbers"
        )
    elif problem_type == "binary_classification" and labels > 2:
        shown = (text for text in facts.counts() if not readable.means_missing(text, read))
        told = ", ".join(map(repr, islice(shown, SHOWN))) + ", ..." * (labels > SHOWN)
        raise DataError(
            f"target {facts.name!r} has {labels} values, but binary_classification needs two: "
            f"{told}; choose multiclass_classification or regression, or say which of them means "
            f"a missing value, as by {advice.means_missing(facts.name, 'unknown')}"
        )


# The other columns


def find_columns(
    facts: Iterable[ColumnFacts], options: Namespace, agreed: Contract | None
) -> Columns:
    """Used columns with their roles, and reasons for the others; a person's roles come first."""
    known = {each.name: each for each in facts}
    roles, said = given.roles(options, list(known)), given.readings(options)
    found = Columns([], {})
    for name, column in known.items():
        of_column = said.get(name, NOTHING)
        if agreed and (name not in roles or roles[name] == agreed.roles().get(name)):
            _by_contract(column, agreed, found, of_column)
        else:
            _by_look(column, roles.get(name, ""), found, of_column)
    if not found.used:
        raise DataError(_nothing_left(found))
    return found


def _nothing_left(found: Columns) -> str:
    """Why no column is used, in a sentence: some columns with their reasons, and what to do."""
    told = [f"{name!r} is left out because {why}" for name, why in found.ignored.items()][:SHOWN]
    more = len(found.ignored) - len(told)
    return (
        f"no column is left to learn from: {', '.join(told)}{f' and {more} more' * (more > 0)}; "
        "give columns that say something of the target, name fewer by -p drop, or give a column "
        "its role, such as -p numeric a,b"
    ) + "".join(f"; {note}" for note in found.notes[:1])


def _by_contract(column: ColumnFacts, agreed: Contract, found: Columns, said: Said) -> None:
    known = agreed.columns.get(column.name)
    if known is None or known.role == "drop":
        reason = known.reason or "the data contract drops it" if known else ""
        found.ignored[column.name] = reason or "no data contract has it"
        return
    given.check_agreed(column.name, said, agreed)
    _use(column, agreed.reading(column.name), found)


def _by_look(column: ColumnFacts, role: str, found: Columns, said: Said) -> None:
    if role == "drop":
        found.ignored[column.name] = "it is listed under `drop`"
        return
    if said.spelling and not role:
        role = "date" if date_spelling(said.spelling) else "numeric"
    proposed = propose(said.without_missing(column.examples), role, column.name)
    read = _answered(proposed, column.name, said)
    found.notes.extend(proposed.notes)
    if reason := "" if role else reason_to_ignore(column, read):
        found.ignored[column.name] = reason
        return
    found.notes.extend(reading_notes(read, column.examples))
    readable.check(column, read)
    _use(column, read, found)


def reading_notes(read: Reading, counts: Mapping[str, int]) -> list[str]:
    """What was found of how a column's values are read: its missing words, with rows, and spelling.

    Args:
        read: how its values are read.
        counts: of its texts, the missing words among them.
    """
    notes = []
    if read.missing:
        known = {w: rows for w, rows in counts.items() if readable.means_missing(w, read)}
        words = ", ".join(f"{word!r} ({rows})" for word, rows in known.items())
        told = words or f"{', '.join(map(repr, sorted(read.missing)))}, which no row does"
        notes.append(f"column {read.name!r}: missing where it says {told}")
    if read.spelling:
        notes.append(f"column {read.name!r}: read as spelled like {read.spelling}")
    return notes


def _use(column: ColumnFacts, read: Reading, found: Columns) -> None:
    entry: dict[str, Any] = {"name": column.name, "role": read.role}
    if read.missing:
        entry["missing"] = sorted(read.missing)
    if read.spelling:
        entry["spelling"] = read.spelling
    found.used.append(entry)


def _answered(proposed: Proposal, name: str, said: Said) -> Reading:
    """The reading that is proposed, or as a person says; DataError where that is asked."""
    if proposed.question and not said.spelling:
        raise DataError(proposed.question)
    missing = said.missing | frozenset(proposed.missing)
    return Reading(name, proposed.role, missing, said.spelling or proposed.spelling)


def reason_to_ignore(facts: ColumnFacts, read: Reading) -> str:
    """Why a column can teach a model nothing; "" when it can."""
    distinct, rows = readable.known(facts, read)
    if distinct <= 1:
        return "it has one value" if distinct else "it is empty"
    plain = facts.numbers == rows and not read.spelling
    if read.role == "numeric" and facts.each_its_own(distinct, rows) and plain and facts.whole:
        if ID_NAME.search(facts.name):
            return "it is an identifier: each row has its own"
        if facts.high - facts.low == rows - 1:
            return "it numbers the rows"
    if read.role == "categorical" and distinct > max(20, rows / 2):
        about = "" if facts.texts.complete else "about "
        return f"it is an identifier or free text: {about}{distinct} values in {rows} rows"
    return ""
