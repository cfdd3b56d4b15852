"""What a person says of columns by parameters: their roles, spellings and words for missing."""

from argparse import Namespace
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from . import job, readable
from .contract import Contract
from .spelling import Reading
from .values import DataError

ROLES = ("numeric", "categorical", "date", "drop")


@dataclass(frozen=True)
class Said:
    """What is said of how a column is read: how its values are spelled, and what means missing."""

    spelling: str = ""
    missing: frozenset[str] = frozenset()

    def without_missing(self, counts: Mapping[str, int]) -> Mapping[str, int]:
        """The texts of a column, with their rows, of which nobody says that they mean missing."""
        if not self.missing:
            return counts
        read = Reading("", "categorical", self.missing)
        return {text: rows for text, rows in counts.items() if read.text(text)}


NOTHING = Said()


def readings(options: Namespace, columns: Collection[str] = ()) -> dict[str, Said]:
    """What is said of columns, by their names; DataError for a column that is none.

    Args:
        options: `spelling`, such as "day=DD/MM/YYYY; rent=1.234,56", and `missing`, such as
            "area=?,k.A.; rent=-999".
        columns: all there are, or none where the names were looked at before.
    """
    spelled = _by_column("spelling", options.spelling, "day=DD/MM/YYYY", columns)
    missing = _by_column("missing", options.missing, "area=?,k.A.", columns)
    return {
        name: Said(spelled.get(name, ""), frozenset(job.words(missing.get(name, ""))))
        for name in spelled | missing
    }


def _by_column(
    parameter: str, argument: str, example: str, columns: Collection[str]
) -> dict[str, str]:
    found = {}
    for part in filter(str.strip, argument.split(";")):
        name, _, value = (each.strip() for each in part.rpartition("="))
        if not name or not value:
            raise DataError(f'{parameter} {part.strip()!r} is not like "{example}"')
        if columns and name not in columns:
            suggested = job.suggest(name, columns)
            raise DataError(f"`{parameter}` names {name!r}, which is not in the data{suggested}")
        found[name] = value
    return found


def check_agreed(name: str, said: Said, agreed: Contract) -> None:
    """Raise a DataError where a contract says something else of a column."""
    read = agreed.reading(name)
    if said.spelling not in ("", read.spelling):
        raise DataError(
            f"spelling of column {name!r} is {said.spelling!r}, but the data contract says "
            f"{read.spelling or 'nothing of it'!r}; change one of them"
        )
    if new := [w for w in sorted(said.missing) if not readable.means_missing(w, read)]:
        raise DataError(
            f"`missing` names {new[0]!r} in column {name!r}, which the data contract does not; add "
            'it there to the "missing" of the column'
        )


def roles(options: Namespace, columns: Sequence[str]) -> dict[str, str]:
    """Column names with the roles that the arguments give them."""
    given: dict[str, str] = {}
    for role in ROLES:
        for name in job.words(getattr(options, role)):
            if name not in columns:
                raise DataError(
                    f"`{role}` names {name!r}, which is not in the data{job.suggest(name, columns)}"
                )
            if name in given:
                raise DataError(
                    f"column {name!r} is under `{given[name]}` and `{role}`; choose one"
                )
            given[name] = role
    return given
