"""Results of a batch job as captures: tables of notebook 04, or answers beside their records.

A table is CSV with the model's columns, `prediction` and `P(<class>)`. Lines of JSON have a record,
or one in `kept` or `features`, and the answer as `SageMakerOutput`, as `join_source` leaves it. The
id of a row is the one that the job gave it, else `<file>/<row>`, from 1.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tabular.json_text import loads
from tabular.values import DataError

from .captured import Unreadable
from .captured_line import Capture, Wanted, check_answer, moment_of, reason

TABLE, JOINED = ".scored.csv", ".jsonl.out"
ID, TIME, ANSWER = "SageMakerInferenceId", "SageMakerInferenceTime", "SageMakerOutput"
Line = Mapping[str, Any]


def are(keys: Iterable[str]) -> bool:
    """Whether files are results of a batch job, and not what an endpoint captured."""
    return any(key.endswith((TABLE, JOINED)) for key in keys)


def read(
    key: str,
    path: Path,
    columns: Sequence[str],
    classes: Sequence[str],
    moment: datetime,
    unreadable: Unreadable,
) -> Iterator[Capture]:
    """The rows of a file, one after another.

    Args:
        key: of the file, such as `listings.csv.scored.csv`.
        path: of it.
        columns: of the model.
        classes: that the model tells apart; none: it predicts numbers.
        moment: of rows that do not say when they were answered.
        unreadable: takes the rows that are none.

    Raises:
        DataError: a table was written without the model's columns.
    """
    is_table = key.endswith(TABLE)
    name = key.removesuffix(TABLE if is_table else JOINED)
    shares = [f"P({label})" for label in classes]
    wanted = Wanted(columns, classes)
    rows = _of_table(path, [*columns, "prediction", *shares]) if is_table else _of_lines(path)
    for number, found in enumerate(rows, start=1):
        try:
            record, answer, about = _row(found, classes) if is_table else _joined(found)
            values = wanted.row(record)
            check_answer(answer, classes)
            asked = moment_of(time) if (time := about.get(TIME)) else moment
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
            unreadable.add(f"{path.name}:{number}", reason(error))
            continue
        row = about.get(ID) or f"{name}/{about.get('row') or number}"
        yield Capture(str(row), asked, [values], [answer])


def _of_table(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if lacking := [name for name in columns if name not in (rows.fieldnames or ())]:
            raise DataError(
                f"{path.name} lacks the columns {', '.join(lacking)}; notebook 04 writes "
                "all of the model where its `keep` is empty"
            )
        yield from rows


def _row(row: Line, classes: Sequence[str]) -> tuple[Line, Line, Line]:
    if not classes:
        return row, {"prediction": float(row["prediction"])}, row
    shares = {label: float(row[f"P({label})"]) for label in classes}
    return row, {"prediction": row["prediction"], "probabilities": shares}, row


def _of_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line for line in file if line.strip())


def _joined(line: bytes) -> tuple[Line, Line, Line]:
    found = loads(line)
    record = found.get("features") or found.get("kept") or found
    return record, found[ANSWER], found
