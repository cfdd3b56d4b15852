"""What turned out to be true: labels by the id of a row, however they came.

Source: Amazon SageMaker Developer Guide, "Ingest ground truth labels and merge them": lines of JSON
with `groundTruthData` and `eventMetadata.eventId`. A table of ids and labels is taken as well.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from tabular.values import DataError

ID_NAMES = ("id", "inference_id", "event_id", "inferenceid", "eventid")


def read(paths: Iterable[Path]) -> dict[str, str]:
    """Labels by the id of a row.

    A request of several rows has one line, whose data is CSV with as many values.

    Raises:
        DataError: a line is no ground truth, or two lines give one id different labels.
    """
    found: dict[str, str] = {}
    for path in paths:
        _add(path, found)
    return found


def of_folder(folder: Path | None) -> dict[str, str]:
    """The labels of all files of a folder, as `read` does; none where there is none.

    Args:
        folder: of tables, or of lines below yyyy/mm/dd/hh, the hour in which they were collected.
    """
    return read(_files(folder))


def with_new(folder: Path | None, since: datetime) -> tuple[dict[str, str], set[str]]:
    """The labels of a folder, and the ids of those that were collected since, as folders tell it.

    Args:
        folder: as for `of_folder`.
        since: a time; its whole hour counts.
    """
    found: dict[str, str] = {}
    new: set[str] = set()
    hour = since.replace(minute=0, second=0, microsecond=0)
    for path in _files(folder):
        names = _add(path, found)
        if _hour(path) >= hour:
            new |= names
    return found, new


def _files(folder: Path | None) -> list[Path]:
    found = sorted(folder.rglob("*")) if folder else []
    return [each for each in found if each.suffix in (".csv", ".jsonl")]


def _hour(path: Path) -> datetime:
    try:
        year, month, day, hour = map(int, path.parts[-5:-1])
        return datetime(year, month, day, hour, tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


def _add(path: Path, found: dict[str, str]) -> set[str]:
    """Take in the labels of a file, and give their ids."""
    names: set[str] = set()
    try:
        for place, name, label in _labels(path):
            names.add(name)
            if found.setdefault(name, label) != label:
                raise DataError(
                    f"{place} says {label!r} of {name!r}, which had {found[name]!r} before; keep "
                    "one of the two lines"
                )
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is not in UTF-8; save it so") from None
    except csv.Error as error:
        raise DataError(f"{path.name} is no table: {error}") from None
    return names


def _labels(path: Path) -> Iterator[tuple[str, str, str]]:
    if path.suffix.lower() == ".csv":
        yield from _of_table(path)
        return
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                for name, label in _of_line(line, f"{path.name}:{number}"):
                    yield f"{path.name}:{number}", name, label


def _of_line(line: str, place: str) -> list[tuple[str, str]]:
    try:
        found = json.loads(line)
        data, name = found["groundTruthData"]["data"], found["eventMetadata"]["eventId"]
        if isinstance(data, dict | list) or isinstance(name, dict | list):
            raise TypeError
    except RecursionError:
        raise DataError(f"{place} is not one line of JSON") from None
    except json.JSONDecodeError as error:
        hint = "; separate lines by a newline, not a comma" if "Extra data" in str(error) else ""
        raise DataError(f"{place} is not one line of JSON{hint}") from None
    except (KeyError, TypeError):
        raise DataError(
            f"{place} is no ground truth: give groundTruthData.data and eventMetadata.eventId"
        ) from None
    name, cells = str(name), next(csv.reader(["" if data is None else str(data)]), [""])
    if len(cells) == 1:
        return [(name, cells[0].strip())]
    return [(f"{name}/{row}", cell.strip()) for row, cell in enumerate(cells)]


def _of_table(path: Path) -> Iterator[tuple[str, str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        mark = ";" if ";" in head and "," not in head else ","
        names = [name.strip() for name in next(csv.reader([head], delimiter=mark), [])]
        if not names:
            return
        if len(names) != 2 or names[0].lower().replace(" ", "_") not in ID_NAMES:
            raise DataError(f"{path.name} has the columns {', '.join(names)}; give id,label")
        for number, row in enumerate(csv.reader(file, delimiter=mark), start=2):
            if not row:
                continue
            if len(row) != 2:
                raise DataError(
                    f"{path.name}:{number} has {len(row)} cells; give an id and a label"
                )
            yield f"{path.name}:{number}", row[0].strip(), row[1].strip()


def lines(labels: Mapping[str, str]) -> Iterator[str]:
    """Labels as lines of ground truth, which `read` and SageMaker's own merge take."""
    for name, label in labels.items():
        record = {
            "groundTruthData": {"data": label, "encoding": "CSV"},
            "eventMetadata": {"eventId": name},
            "eventVersion": "0",
        }
        yield json.dumps(record) + "\n"


def cell(label: str) -> str:
    """A label as CSV, of which one with a comma would be two."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([label])
    return text.getvalue()
