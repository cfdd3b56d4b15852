"""Which new records a model can score: by its own data contract, or by how its columns are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from . import columns, contract, job
from .contract import Contract
from .records import Columns
from .spelling import Reading, reading
from .values import DataError
from .violations import RecordCheck

Reasons = dict[int, list[str]]  # by the place of a record


@dataclass(frozen=True)
class Admission:
    """What a model takes, as its artifact says.

    Attributes:
        signature: the artifact's.
        agreed: the contract under which the model was trained, if any.
    """

    signature: Mapping[str, Any]
    agreed: Contract | None

    @classmethod
    def of_artifact(cls, folder: Path) -> "Admission":
        """What an extracted artifact takes."""
        signature = job.read_json(folder, "signature.json")
        agreed = signature.get("contract")
        return cls(signature, contract.from_document(agreed) if agreed else None)

    @cached_property
    def names(self) -> list[str]:
        """The columns that the model takes, in their order."""
        return [column["name"] for column in self.signature["columns"]]

    @cached_property
    def headers(self) -> list[list[str]]:
        """The names that a CSV file without a header may have: of so many columns, these."""
        agreed = list(self.agreed.columns) if self.agreed else []
        unlabelled = [name for name in agreed if name != self.signature["target"]]
        return [self.names, *filter(None, (unlabelled, agreed))]

    @cached_property
    def with_comma(self) -> frozenset[str]:
        """The columns whose numbers have a decimal comma."""
        spelled = (each for each in self._readings if each.numeral)
        return frozenset(e.name for e in spelled if e.numeral and e.numeral.pattern.decimal == ",")

    def check_columns(self, found: Iterable[str], file: str) -> None:
        """Raise a DataError where a file has not the columns that the model needs."""
        present = set(found)
        lacking = [name for name in self.needed if name not in present]
        if lacking:
            more = f" and {len(lacking) - 3} more" * (len(lacking) > 3)
            raise DataError(
                f"{file} has no column {', '.join(map(repr, lacking[:3]))}{more}, which the model "
                "needs"
            )

    @cached_property
    def needed(self) -> list[str]:
        """The columns without which the model refuses a record."""
        return [name for name in self.names if self._needs(name)]

    def _needs(self, name: str) -> bool:
        if self.agreed is None or name not in self.agreed.columns:
            return True
        return self.agreed.severity("missing_column", name) == "error"

    def refused(self, records: Columns) -> Reasons:
        """The records that cannot be scored, by their place, each with the reasons."""
        if self._check:
            return self._check.refused(records)
        found: Reasons = {}
        for read in self._readings:
            if read.role in ("numeric", "date"):
                for place in _unreadable(records.columns[read.name], read):
                    found.setdefault(place, []).append(f"{read.name}: {_unlike(read)}")
        return found

    @cached_property
    def _check(self) -> RecordCheck | None:
        return RecordCheck(self.agreed, self.names) if self.agreed else None

    @cached_property
    def _readings(self) -> list[Reading]:
        return [reading(column) for column in self.signature["columns"]]


def _unreadable(column: Any, read: Reading) -> list[int]:
    """The places of values that are neither missing nor a number, or a date."""
    if not isinstance(column, list):
        return np.flatnonzero(columns.marked(column, read)[1]).tolist()
    return [place for place, value in enumerate(column) if not _reads(value, read)]


def _reads(value: Any, read: Reading) -> bool:
    try:
        read.known(value)
    except DataError:
        return False
    return True


def _unlike(read: Reading) -> str:
    if read.role == "date":
        return f"not a date like {read.spelling or '2024-12-31'}"
    return "not a number" + f" like {read.spelling}" * bool(read.spelling)
