"""Answers whose truth is not known yet: it often comes late, when their window is long over.

They are kept from window to window until a label comes for them or they are too old. Each counts
once, in the window in which its label is there. What was asked is kept of the newest `MOST`: they
can be trained on, too.

Each model package has a file of its own: what another one answered says nothing of this one, and
waits until that one is looked at again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tabular import job
from tabular.records import Columns

from . import consolidation, state
from .consolidation import QUICK, Batch
from .shape import Shape

LONGEST = timedelta(days=90)
MOST = 100_000  # rows of which is kept what was asked
KEPT = "inputs_kept"  # the column that tells which these are


def file(package: str) -> str:
    """The name of the file with the answers of a package, by its ARN."""
    return f"{state.WAITING}{quote(package, safe='')}.parquet"


def late(folder: Path | None, package: str, labels: Mapping[str, str]) -> int:
    """How many answers of earlier windows have a label now; as for `Unlabelled`."""
    found = _of_state(folder, file(package), ["id"]) if labels else ()
    names = pa.array(labels, pa.string())
    return sum(pc.sum(pc.is_in(rows["id"], names)).as_py() or 0 for rows in found)


def _of_state(
    folder: Path | None, name: str, columns: Sequence[str] = ()
) -> Iterator[pa.RecordBatch]:
    with state.opened(folder, name) as kept:
        if kept is not None:
            yield from consolidation.read(kept, columns)


@dataclass(frozen=True)
class Unlabelled:
    """The answers that wait for a label.

    Attributes:
        window: folder of the window that is looked at.
        state: folder with what earlier windows left, if there is one.
        package: ARN of the model's package.
        shape: of the model.
        labels: the truth by the id of a row.
    """

    window: Path
    state: Path | None
    package: str
    shape: Shape
    labels: Mapping[str, str]

    def late(self) -> Iterator[Batch]:
        """Answers of earlier windows that have a label now; a past window looks at its own only."""
        if not self._end()[1]:
            return
        for rows in self._earlier():
            rows = rows.filter(self._has_label(rows))
            if rows.num_rows:
                answers = consolidation.answered(rows, self.shape)
                yield Batch(rows, Columns({}, rows.num_rows), *answers)

    def late_rows(self) -> Iterator[pa.RecordBatch]:
        """Those of which is known what was asked, with the columns of a window."""
        names = self.shape.schema().names
        for batch in self.late():
            yield batch.rows.filter(batch.rows[KEPT]).select(names)

    def keep(self, folder: Path) -> list[str]:
        """Write the answers that go on waiting, those of this window among them, for the next.

        Returns:
            Sentences about those that wait no more, and about what is not kept of the others.
        """
        end, is_newest = self._end()
        if not is_newest:
            return []
        self._keep_others(folder, end)
        schema = self.shape.schema().append(pa.field(KEPT, pa.bool_()))
        told = ["id", "time", "prediction"]
        count = sum(rows.num_rows for rows in self._waiting(end, told))
        bare = left = max(0, count - MOST)
        with pq.ParquetWriter(folder / file(self.package), schema, **QUICK) as writer:
            for rows in self._waiting(end):
                older = min(left, rows.num_rows)
                left -= older
                for part in (_bare(rows.slice(0, older), schema), rows.slice(older)):
                    if part.num_rows:
                        writer.write_batch(part.cast(schema))
        return self._notes(bare)

    def _keep_others(self, folder: Path, end: datetime) -> None:
        """Write the answers of other packages, as far as they are not too old."""
        for name in state.waiting(self.state):
            if name != file(self.package):
                found = (_recent(rows, end) for rows in _of_state(self.state, name))
                _write(folder / name, filter(len, found))

    def _notes(self, bare: int) -> list[str]:
        late = known = 0
        for rows in self._earlier(["id", KEPT]):
            found = rows.filter(self._has_label(rows))
            late += found.num_rows
            known += pc.sum(found[KEPT]).as_py() or 0
        notes = [f"{late:,} labels are of answers of earlier windows"] if late else []
        if known < late:
            notes.append(
                f"{late - known:,} of these are not trained on, since what was asked is kept of "
                f"the newest {MOST:,} answers that wait for a label"
            )
        if bare:
            notes.append(
                f"{bare:,} answers that wait for a label will not be trained on: what was asked is "
                f"kept of the newest {MOST:,}"
            )
        return notes

    def _waiting(self, end: datetime, names: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
        """The rows that go on waiting, the oldest first; of some columns, if these are named."""
        for found in (self._earlier(names), self._new(names)):
            for rows in found:
                yield _recent(_filtered(rows, pc.invert(self._has_label(rows))), end)

    def _earlier(self, names: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
        return _of_state(self.state, file(self.package), names)

    def _new(self, names: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
        for found in consolidation.read(self.window / consolidation.FILE, names):
            rows = _filtered(found, found["prediction"].is_valid())
            kept = pa.repeat(pa.scalar(True), rows.num_rows)
            yield rows if names else rows.append_column(KEPT, kept)

    def _has_label(self, rows: pa.RecordBatch) -> pa.Array:
        return pc.is_in(rows["id"], self._ids)

    @cached_property
    def _ids(self) -> pa.Array:
        return pa.array(self.labels, pa.string())

    def _end(self) -> tuple[datetime, bool]:
        found = job.read_json(self.window, "window.json")
        return datetime.fromisoformat(found["end"]), found["is_newest"]


def _write(path: Path, found: Iterator[pa.RecordBatch]) -> None:
    """Write a table of some rows; no file where there are none."""
    if first := next(found, None):
        with pq.ParquetWriter(path, first.schema, **QUICK) as writer:
            for rows in chain([first], found):
                writer.write_batch(rows)


def _recent(rows: pa.RecordBatch, end: datetime) -> pa.RecordBatch:
    """Those that are not too old to wait."""
    return _filtered(rows, pc.greater(rows["time"], pa.scalar(end - LONGEST, rows["time"].type)))


def _filtered(rows: pa.RecordBatch, kept: pa.Array) -> pa.RecordBatch:
    """Some of the rows; all of them without a copy."""
    return rows if pc.all(kept).as_py() else rows.filter(kept)


def _bare(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Rows without what was asked."""
    nothing = pa.nulls(rows.num_rows, pa.string())
    columns = [nothing if name.startswith("in:") else rows[name] for name in schema.names]
    columns[schema.names.index(KEPT)] = pa.repeat(pa.scalar(False), rows.num_rows)
    return pa.RecordBatch.from_arrays(columns, names=schema.names)
