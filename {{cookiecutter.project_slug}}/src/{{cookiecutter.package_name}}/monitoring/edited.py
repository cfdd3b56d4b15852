"""A baseline with constraints that a person has edited, in place of its own."""

import json
import tempfile
from pathlib import Path
from typing import Any

from ..errors import ProjectError
from ..pipelines import inputs
from ..s3 import bucket_and_key

FILE = "constraints.json"
FILES = (FILE, "statistics.json")


def folder_uri(session: Any, baseline: str, constraints: str) -> str:
    """Where a baseline is; with edited constraints a copy that has them.

    Args:
        session: local or managed.
        baseline: URI of its folder.
        constraints: the file, of the data or of the quality; empty: the baseline's own.

    Raises:
        ProjectError: the file is not there, or holds no constraints.
    """
    if not constraints:
        return baseline
    document = _read(session, constraints)
    about = "data" if "features" in document else "quality"
    bucket, key = bucket_and_key(baseline)
    with tempfile.TemporaryDirectory() as folder:
        for name in (f"{each}/{kind}" for each in ("data", "quality") for kind in FILES):
            target = Path(folder, name)
            target.parent.mkdir(exist_ok=True)
            target.write_text(session.read_s3_file(bucket, f"{key}/{name}"), encoding="utf-8")
        text = json.dumps(document, indent=2)
        Path(folder, about, FILE).write_text(text, encoding="utf-8")
        return str(session.upload_content(folder, key_prefix="baseline"))


def _read(session: Any, constraints: str) -> dict[str, Any]:
    if constraints.startswith("s3://"):
        bucket, key = bucket_and_key(constraints)
        text = str(session.read_s3_file(bucket, key))
    else:
        text = inputs.find(constraints, "constraints").read_text(encoding="utf-8")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ProjectError(f"constraints {constraints} is no JSON: {error}") from None
    if not isinstance(found, dict) or not any("constraints" in n or n == "features" for n in found):
        raise ProjectError(
            f"constraints {constraints} holds no constraints; give an edited {FILE} of a baseline"
        )
    return found
