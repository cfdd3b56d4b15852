"""Answers whose truth is not known yet: it often comes late, when their window is long over.

They are kept from window to window, without what was asked, until a label comes for them or they
are too old. Each counts once, in the window in which its label is there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tabular import job
from tabular.records import Columns

from . import consolidation, state
from .consolidation import ROWS, Batch, Shape

FILE = state.WAITING
LONGEST = timedelta(days=90)
PACKAGE = b"package"  # which model package answered: another one's answers say nothing of this


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

    def keep(self, folder: Path) -> list[str]:
        """Write the answers that go on waiting, those of this window among them, for the next.

        Returns:
            Sentences about those that wait no more.
        """
        end, is_newest = self._end()
        if not is_newest:
            return []
        schema = self._schema()
        with pq.ParquetWriter(folder / FILE, schema) as writer:
            for rows in (*self._earlier(), *self._new()):
                recent = pc.greater(rows["time"], pa.scalar(end - LONGEST, rows["time"].type))
                waits = pc.and_(recent, pc.invert(self._has_label(rows)))
                left = pa.Table.from_batches([rows.filter(waits)]).cast(schema)
                writer.write_table(left)
        late = sum(batch.rows.num_rows for batch in self.late())
        return [f"{late:,} labels are of answers of earlier windows"] if late else []

    def _earlier(self) -> Iterator[pa.RecordBatch]:
        with state.opened(self.state, FILE) as kept:
            if kept is None:
                return
            file = pq.ParquetFile(kept)
            if file.schema_arrow.metadata[PACKAGE] == self.package.encode():
                yield from file.iter_batches(ROWS)

    def _new(self) -> Iterable[pa.RecordBatch]:
        names = self._schema().names
        with pq.ParquetFile(self.window / consolidation.FILE) as file:
            for rows in file.iter_batches(ROWS, columns=names):
                yield rows.filter(rows["prediction"].is_valid())

    def _has_label(self, rows: pa.RecordBatch) -> pa.Array:
        return pc.is_in(rows["id"], pa.array(self.labels, pa.string()))

    def _end(self) -> tuple[datetime, bool]:
        found = job.read_json(self.window, "window.json")
        return datetime.fromisoformat(found["end"]), found["is_newest"]

    def _schema(self) -> pa.Schema:
        whole = self.shape.schema()
        own = [whole.field(name) for name in whole.names if not name.startswith("in:")]
        return pa.schema(own, {PACKAGE: self.package.encode()})
