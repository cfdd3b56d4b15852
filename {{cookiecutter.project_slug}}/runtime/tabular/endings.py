"""What stands below the rows of a CSV file and is none: a total, or lines with a remark."""

import csv
import io
import re
from dataclasses import dataclass, field

from .values import text

MOST = 5  # lines with a remark
TOTAL = re.compile(
    r"((grand|overall|sub)[ -]?)?(totals?|sum|summe|gesamt(summe)?|insgesamt|totale|totaal|somme"
    r"|suma|soma|итого|всего|合计|总计)( (general|général|generale))?[\s:.]*(\(.*\))?",
    re.IGNORECASE,
)
NUMBER_LIKE = re.compile(r"[^\w]*\d[\d.,' \u00a0\u202f]*[^\w]*\w{0,3}")


@dataclass(frozen=True)
class Ending:
    """Lines that are no rows, whether the last row is a total, and sentences about both."""

    no_rows: frozenset[str] = frozenset()
    total: bool = False
    notes: list[str] = field(default_factory=list)


def find(name: str, tail: str, separator: str, width: int, skip: int) -> Ending:
    """What stands at the end of a file.

    Args:
        name: of the file.
        tail: its last lines, the first of them in part or, with `skip`, all.
        separator: between its cells.
        width: how many columns it has.
        skip: lines above the first row; 0 where the tail begins among the rows.
    """
    lines = list(io.StringIO(tail, newline=""))[skip or 1 :]
    rows = _rows(lines, separator)
    remarks: list[str] = []
    while rows and width > 1 and len(rows[-1][1]) == 1 and len(remarks) < MOST:
        remarks.append(rows.pop()[0])
    if not rows or len(rows[-1][1]) == 1 or any(NUMBER_LIKE.fullmatch(each) for each in remarks):
        remarks = []
    notes = [
        f"the end of {name} is left out, since it is no row: {'; '.join(remarks[::-1])[:100]!r}"
    ] * bool(remarks)
    label = _total_label([cells for _, cells in rows])
    if label:
        notes.append(f"the last row of {name} is left out, since it sums up the others: {label!r}")
    short = bool(label) and len(rows[-1][1]) < width
    no_rows = [*remarks, rows[-1][0]] if short else remarks
    return Ending(frozenset(no_rows), bool(label) and not short, notes)


def _rows(lines: list[str], separator: str) -> list[tuple[str, list[str]]]:
    """The rows of some lines that hold more than spaces: as text, and in cells."""
    reader = csv.reader(lines, delimiter=separator)
    rows, done = [], 0
    for cells in reader:
        row = "".join(lines[done : reader.line_num]).strip("\r\n")
        done = reader.line_num
        if row.strip():
            rows.append((row, cells))
    return rows


def _total_label(rows: list[list[str]]) -> str:
    """The word for a total in the last row, if only numbers stand beside it; else ""."""
    if len(rows) < 3:
        return ""
    known = {place: cell.strip() for place, cell in enumerate(rows[-1]) if text(cell)}
    place = next(iter(known), -1)
    label = known.pop(place, "")
    only_numbers = known and all(NUMBER_LIKE.fullmatch(cell) for cell in known.values())
    if not only_numbers or not TOTAL.fullmatch(label):
        return ""
    elsewhere = {cells[place].strip() for cells in rows[:-1] if place < len(cells)}
    return label if label not in elsewhere else ""
