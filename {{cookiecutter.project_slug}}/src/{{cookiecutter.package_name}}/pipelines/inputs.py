"""A pipeline's input data, from wherever it is to where a session's jobs can read it."""

from pathlib import Path
from typing import Any

from .. import paths
from ..errors import ProjectError


def upload(session: Any, source: str | Path) -> str:
    """The S3 URI of input data.

    Args:
        session: local or managed.
        source: a CSV or Parquet file, a folder of them, or an ``s3://`` URI, which is passed on. A
            relative path is looked for where the notebook was started, then in the project.

    Raises:
        ProjectError: there is nothing there, or nothing in it.
    """
    text = str(source)
    if text.startswith("s3://"):
        return text
    if "://" in text:
        raise ProjectError(f"input_data {text!r} is neither a path nor an s3:// URI")
    path = find(text)
    if not any(file.is_file() and file.stat().st_size for file in (path, *path.rglob("*"))):
        raise ProjectError(f"input_data {path} is empty; it should hold rows of a table")
    return str(session.upload_data(path, key_prefix="input"))


def find(source: str | Path, parameter: str = "input_data") -> Path:
    """The file or folder that a person means by a path, given by a parameter.

    Raises:
        ProjectError: it is not there.
    """
    places = [
        (base / Path(source).expanduser()).resolve() for base in (paths.CALLER, paths.PROJECT)
    ]
    for place in places:
        if place.exists():
            return place
    where = " or ".join(dict.fromkeys(str(place) for place in places))
    raise ProjectError(f"{parameter} is not there: {where} does not exist")
