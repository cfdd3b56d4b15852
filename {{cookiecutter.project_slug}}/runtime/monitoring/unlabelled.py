"""Answers whose truth is not known yet: it often comes late, when their window is long over.

They are kept from window to window until a label comes for them or they are too old. Each counts
once, in the window in which its label is there. What was asked is kept of the newest `MOST`: they
can be trained on, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tabular import job
from tabular.records import Columns

from . import consolidation, state
from .consolidation import QUICK, Batch
from .shape import Shape

FILE = state.WAITING
LONGEST = timedelta(days=90)
MOST = 100_000  # rows of which is kept what was asked
KEPT = "inputs_kept"  # the column that tells which these are
PACKAGE = b"package"  # which model package answered: another one's answers say nothing of this


def late(folder: Path | None, package: str, labels: Mapping[str, str]) -> int:
    """How many answers of earlier windows have a label now; as for `Unlabelled`."""
    found = _of_state(folder, package, ["id"]) if labels else ()
    return sum(pc.sum(_has_label(rows, labels)).as_py() or 0 for rows in found)


def _of_state(
    folder: Path | None, package: str, names: Sequence[str] = ()
) -> Iterator[pa.RecordBatch]:
    with state.opened(folder, FILE) as kept:
        if kept is None:
            return
        if pq.read_schema(kept).metadata[PACKAGE] == package.encode():
            kept.seek(0)
            yield from consolidation.read(kept, names)


def _has_label(rows: pa.RecordBatch, labels: Mapping[str, str]) -> pa.Array:
    return pc.is_in(rows["id"], pa.array(labels, pa.string()))


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
        schema = self._schema()
        told = ["id", "time", "prediction"]
        count = sum(rows.num_rows for rows in self._waiting(end, told))
        bare = left = max(0, count - MOST)
        with pq.ParquetWriter(folder / FILE, schema, **QUICK) as writer:
            for rows in self._waiting(end):
                older = min(left, rows.num_rows)
                left -= older
                for part in (_bare(rows.slice(0, older), schema), rows.slice(older)):
                    writer.write_table(pa.Table.from_batches([part]).cast(schema))
        return self._notes(bare)

    def _notes(self, bare: int) -> list[str]:
        late = sum(batch.rows.num_rows for batch in self.late())
        known = sum(rows.num_rows for rows in self.late_rows())
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
                recent = pc.greater(rows["time"], pa.scalar(end - LONGEST, rows["time"].type))
                yield rows.filter(pc.and_(recent, pc.invert(self._has_label(rows))))

    def _earlier(self, names: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
        return _of_state(self.state, self.package, names)

    def _new(self, names: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
        for found in consolidation.read(self.window / consolidation.FILE, names):
            rows = found.filter(found["prediction"].is_valid())
            kept = pa.repeat(pa.scalar(True), rows.num_rows)
            yield rows if names else rows.append_column(KEPT, kept)

    def _has_label(self, rows: pa.RecordBatch) -> pa.Array:
        return _has_label(rows, self.labels)

    def _end(self) -> tuple[datetime, bool]:
        found = job.read_json(self.window, "window.json")
        return datetime.fromisoformat(found["end"]), found["is_newest"]

    def _schema(self) -> pa.Schema:
        schema = self.shape.schema().append(pa.field(KEPT, pa.bool_()))
        return schema.with_metadata({PACKAGE: self.package.encode()})


def _bare(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Rows without what was asked."""
    nothing = pa.nulls(rows.num_rows, pa.string())
    columns = [nothing if name.startswith("in:") else rows[name] for name in schema.names]
    columns[schema.names.index(KEPT)] = pa.repeat(pa.scalar(False), rows.num_rows)
    return pa.RecordBatch.from_arrays(columns, names=schema.names)
