"""What a window leaves to the next one, in one object: all of it is there, or nothing.

A job's outputs are uploaded one after another, and whoever uploads them may be killed in between.
So the bookmark, the history and the answers that wait for a label are in one archive. Before the
first window they are plain files; `bookmark.json` and `history.json` beside it are for reading.
"""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tabular import job
from tabular.values import DataError

FILE = "state.tar"
BOOKMARK, HISTORY = "bookmark.json", "history.json"
WAITING = "unlabelled-"  # how the names of the files with answers that wait for a label begin


@contextmanager
def opened(folder: Path | None, name: str) -> Iterator[BinaryIO | None]:
    """A file of the state, to be read at any place; None where no window has left it.

    Raises:
        DataError: the archive is none.
    """
    if folder is None:
        yield None
    elif (folder / FILE).is_file():
        with _archive(folder) as archive:
            file = archive.extractfile(name) if name in archive.getnames() else None
            yield file  # type: ignore[misc]
    elif (folder / name).is_file():
        with (folder / name).open("rb") as file:
            yield file
    else:
        yield None


def document(folder: Path | None, name: str) -> dict[str, Any] | None:
    """A document of the state; None where no window has left it.

    Raises:
        DataError: it is none.
    """
    with opened(folder, name) as file:
        text = file.read() if file else None
    return None if text is None else job.parsed(text, name)


def waiting(folder: Path | None) -> list[str]:
    """The names of the files with answers that wait for a label, in a state."""
    if folder is None:
        return []
    if not (folder / FILE).is_file():
        return [path.name for path in _waiting(folder)]
    with _archive(folder) as archive:
        return [name for name in archive.getnames() if name.startswith(WAITING)]


def _waiting(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{WAITING}*"))


def write(folder: Path, before: Path | None) -> None:
    """Put what this window has left into an archive; what it has not is as it was before.

    Args:
        folder: with the files of this window; the answers that wait are in the archive alone.
        before: folder of the state before it.
    """
    left = _waiting(folder)
    with tarfile.open(folder / FILE, "w") as archive:
        for name in (BOOKMARK, HISTORY, *([path.name for path in left] or waiting(before))):
            if (folder / name).is_file():
                archive.add(folder / name, name)
                continue
            with opened(before, name) as file:
                if file:
                    about = tarfile.TarInfo(name)
                    about.size = file.seek(0, io.SEEK_END)
                    file.seek(0)
                    archive.addfile(about, file)
    for path in left:
        path.unlink()


@contextmanager
def _archive(folder: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(folder / FILE, "r:") as archive:
            yield archive
    except tarfile.TarError as error:
        raise DataError(
            f"{FILE} is no archive ({error}); delete the state's folder to begin anew"
        ) from None
