"""A pipeline's inputs, from wherever they are to where a session's jobs can read them."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import paths
from ..errors import ProjectError

OPTIONS = "options"  # a channel, and what scripts call the file in it


def upload(session: Any, source: str | Path, parameter: str = "input_data") -> str:
    """The S3 URI of input data.

    Args:
        session: local or managed.
        source: a CSV or Parquet file, a folder of them, or an ``s3://`` URI, which is passed on. A
            relative path is looked for where the notebook was started, then in the project.
        parameter: of the notebook, which gave the source.

    Raises:
        ProjectError: there is nothing there, or nothing in it.
    """
    text = str(source)
    if text.startswith("s3://"):
        return text
    if "://" in text:
        raise ProjectError(f"{parameter} {text!r} is neither a path nor an s3:// URI")
    path = find(text, parameter)
    if not any(file.is_file() and file.stat().st_size for file in (path, *path.rglob("*"))):
        raise ProjectError(f"{parameter} {path} is empty; it should hold rows of a table")
    return str(session.upload_content(path, key_prefix="input"))


def long_options(session: Any, options: Mapping[str, str]) -> dict[str, str]:
    """A channel with those options of a script that may be too long for its command line.

    SageMaker allows 256 characters for a word, and no line break in it. The file is named by its
    content, so that a changed list runs again what reads it, and nothing else.

    Args:
        session: local or managed.
        options: by name; "" for what is not given.

    Returns:
        The channel's name and S3 URI; empty where no option is given.
    """
    given = {name: value for name, value in options.items() if value}
    if not given:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"{OPTIONS}.json")
        text = json.dumps(given, indent=1, ensure_ascii=False)
        file.write_text(f"{text}\n", encoding="utf-8", newline="\n")
        return {OPTIONS: str(session.upload_content(file, key_prefix=OPTIONS))}


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
