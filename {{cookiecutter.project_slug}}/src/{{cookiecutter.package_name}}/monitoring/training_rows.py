"""The rows of a retraining: what the champion was trained on, and what turned out to be true since.

The newest labelled rows are kept out: on them the new model and the champion are compared.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ProjectError
from ..s3 import bucket_and_key

if TYPE_CHECKING:
    import pyarrow as pa

FILE = "labelled.parquet"  # of the quality task, from which also the prefix below
LABEL, PREFIX = "label", "in:"
LEAST = 50  # labelled rows: fewer tell no two models apart


@dataclass(frozen=True)
class Rows:
    """What a retraining is given.

    Attributes:
        train_uri: folder of the previous data and of the older labelled rows.
        test_uri: folder of the newest labelled rows.
        older: how many labelled rows train.
        newest: how many compare.
    """

    train_uri: str
    test_uri: str
    older: int
    newest: int


def labelled(session: Any, quality_uri: str) -> "pa.Table | None":
    """A window's labelled rows; None where no row has a label.

    Args:
        session: local or managed.
        quality_uri: folder that the quality task has left.
    """
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory() as folder:
        fetch(session, f"{quality_uri.rstrip('/')}/{FILE}", Path(folder))
        file = Path(folder, FILE)
        return pq.read_table(file) if file.is_file() else None


def put_together(
    session: Any,
    previous: Sequence[str],
    found: "pa.Table | None",
    target: str,
    newest_share: float,
    name: str,
) -> Rows:
    """Upload the rows of a retraining.

    Args:
        session: local or managed.
        previous: URIs of what the champion was trained and tested on: files or folders.
        found: the labelled rows of a window.
        target: the column that is predicted.
        newest_share: of the labelled rows, on which models are compared.
        name: of the window, for file names.

    Raises:
        ProjectError: there are too few labelled rows.
    """
    import pyarrow.parquet as pq

    rows = len(found) if found is not None else 0
    if found is None or rows < LEAST:
        raise ProjectError(
            f"{rows or 'no'} rows of the window have a label, and a retraining needs {LEAST} at "
            "least: `labels FILE` adds some, then look at the window again by `-p window`"
        )
    older, newest = divided(found, newest_share)
    with tempfile.TemporaryDirectory() as folder:
        train, test = Path(folder, "train"), Path(folder, "test")
        for number, uri in enumerate(previous):
            fetch(session, uri, train / f"{number}")
        test.mkdir()
        pq.write_table(raw(older, target), train / f"{name}.parquet")
        pq.write_table(raw(newest, target), test / f"{name}.parquet")
        of_train, of_test = (
            str(session.upload_content(each, key_prefix="retraining")) for each in (train, test)
        )
    return Rows(of_train, of_test, len(older), len(newest))


def divided(rows: "pa.Table", newest_share: float) -> "tuple[pa.Table, pa.Table]":
    """The older rows and the newest, by their time; each has one at least."""
    ordered = rows.sort_by("time")
    newest = min(max(1, round(len(rows) * newest_share)), len(rows) - 1)
    return ordered.slice(0, len(rows) - newest), ordered.slice(len(rows) - newest)


def raw(rows: "pa.Table", target: str) -> "pa.Table":
    """Labelled rows as a table like any other: the model's columns, and the target as the last."""
    import pyarrow as pa

    inputs = [name for name in rows.column_names if name.startswith(PREFIX)]
    columns = {name.removeprefix(PREFIX): rows.column(name) for name in inputs}
    return pa.table({**columns, target: rows.column(LABEL)})


def fetch(session: Any, uri: str, folder: Path) -> None:
    """Copy an object, or all below a prefix, from S3 into a folder."""
    bucket, key = bucket_and_key(uri)
    folder.mkdir(parents=True, exist_ok=True)
    keys, below = session.list_s3_files(bucket, key), f"{key.rstrip('/')}/"
    if key in keys:
        session.download_data(str(folder), bucket, key)
    elif any(each.startswith(below) for each in keys):
        session.download_data(str(folder), bucket, below)
