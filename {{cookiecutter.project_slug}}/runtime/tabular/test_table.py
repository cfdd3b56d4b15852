"""A table of test rows of its own, beside the one whose rows train and validate."""

from collections.abc import Sequence
from pathlib import Path

from .batches import Table, open_table
from .hosts import Hosts
from .values import DataError


def add(table: Table, source: Path, column_names: Sequence[str], hosts: Hosts) -> None:
    """Have a table's last rows be those of a test table; of several hosts, the first has them.

    Args:
        table: the rows to train on, whose columns are the columns.
        source: a CSV or Parquet file, or a folder of them.
        column_names: names for CSV files without a header.
        hosts: of the job.

    Raises:
        DataError: the files cannot be read, or have none of the columns.
    """
    found = open_table(source, column_names)
    if not {*found.columns} & {*table.columns}:
        raise DataError(
            f"`test_data` has none of the columns of the data, but {', '.join(found.columns[:5])}; "
            "give rows of the same table"
        )
    table.given = found.files if hosts.is_first else []
    for name in table.columns:
        if name not in found.columns:
            table.notes.append(f"column {name!r} is not in `test_data`, whose rows have no value")
    if others := [name for name in found.columns if name not in table.columns]:
        told = ", ".join(map(repr, others))
        table.notes.append(f"left out of `test_data`: {told}, which the data does not have")
