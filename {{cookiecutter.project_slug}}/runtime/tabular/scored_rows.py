"""What a batch job answered, read a part at a time, and written as a table for people.

A line of its output is a record's `row` and `kept` columns with the answer, `SageMakerOutput`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as arrow_json

from . import rendering
from .predictions import Predictions
from .values import DataError

BLOCK = 1 << 23  # bytes that are read at once
PREDICTION = "prediction"
ADDED = ("SageMakerInferenceId", "SageMakerInferenceTime")  # where a batch job gives records ids


@dataclass(frozen=True)
class Answers:
    """How a batch job's output is read: its kept columns, and the classes (none: regression)."""

    kept: Sequence[str]
    classes: Sequence[str]

    def batches(self, path: Path) -> Iterator["Scored"]:
        """The lines of a file, some at a time; DataError where it holds something else."""
        options = arrow_json.ParseOptions(
            explicit_schema=self._schema(), unexpected_field_behavior="ignore"
        )
        for block in _blocks(path):
            read = arrow_json.ReadOptions(block_size=len(block) + 1)
            try:
                table = arrow_json.read_json(pa.BufferReader(block), read, options)
            except pa.ArrowInvalid as error:
                raise DataError(f"{path.name} holds no answers of a batch job: {error}") from None
            yield Scored(self, table.combine_chunks())

    def _schema(self) -> pa.Schema:
        text = pa.string()
        answer: dict[str, pa.DataType] = {PREDICTION: text if self.classes else pa.float64()}
        if self.classes:
            answer["probabilities"] = pa.struct(dict.fromkeys(self.classes, pa.float64()))
        members = {"row": pa.int64(), "SageMakerOutput": pa.struct(answer)}
        if self.kept:
            members["kept"] = pa.struct(dict.fromkeys(self.kept, text))
        return pa.schema({**members, **dict.fromkeys(ADDED, text)})


@dataclass(frozen=True)
class Scored:
    """Some scored rows."""

    answers: Answers
    table: pa.Table

    @property
    def predictions(self) -> Predictions:
        """What the model answered."""
        values = self._of_answer(PREDICTION)
        if values.null_count:
            raise DataError("the batch job gave no prediction for some records; look at its log")
        if not self.answers.classes:
            return Predictions(values.to_numpy())
        shares = [each.to_numpy() for each in self._probabilities().values()]
        labels = values.to_numpy(zero_copy_only=False)
        return Predictions(labels.astype(str), np.column_stack(shares), self.answers.classes)

    def columns(self) -> dict[str, pa.Array]:
        """The rows as columns: row, kept ones, prediction, P(class), and ids if there are any."""
        columns: dict[str, Any] = {"row": self._column("row")}
        kept = self._column("kept") if self.answers.kept else None
        for name in self.answers.kept:
            columns[name if name != "row" else "row_"] = pc.struct_field(kept, name)
        found = {PREDICTION: self._of_answer(PREDICTION), **self._named_probabilities()}
        added = {name: self._column(name) for name in ADDED}
        found |= {name: each for name, each in added.items() if not each.null_count}
        for name, each in found.items():
            columns[name if name not in columns else f"{name}_"] = each
        return columns

    def _named_probabilities(self) -> dict[str, pa.Array]:
        return {f"P({label})": each for label, each in self._probabilities().items()}

    def _probabilities(self) -> dict[str, pa.Array]:
        if not self.answers.classes:
            return {}
        shares = self._of_answer("probabilities")
        return {each: pc.struct_field(shares, each) for each in self.answers.classes}

    def _of_answer(self, name: str) -> pa.Array:
        return pc.struct_field(self._column("SageMakerOutput"), name)

    def _column(self, name: str) -> pa.Array:
        return self.table.column(name).chunk(0)


def write_csv(batches: Iterator[Mapping[str, pa.Array]], path: Path) -> None:
    """Write rows with the same columns as one CSV file, some at a time."""
    with path.open("wb") as file:
        for place, columns in enumerate(batches):
            if not place:
                file.write(rendering.header(list(columns)))
            file.write(rendering.content(rendering.csv_rows(columns)))


def _blocks(path: Path) -> Iterator[bytes]:
    """The file's bytes, in parts that end with a line."""
    rest = b""
    with path.open("rb") as file:
        while part := file.read(BLOCK):
            whole, line_end, begun = part.rpartition(b"\n")
            if line_end:
                yield rest + whole + line_end
                rest = begun
            else:
                rest += begun
    if rest.strip():
        yield rest
