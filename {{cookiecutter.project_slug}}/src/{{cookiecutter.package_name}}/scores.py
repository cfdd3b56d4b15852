"""What batch scoring left: its summary, and its tables, copied to where a person wants them."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import evaluation, paths, registry
from .runs import executions, record
from .s3 import bucket_and_key

if TYPE_CHECKING:
    import pandas as pd

FILE = "summary.json"
STEP = "SummarizeScores"
RECORD = "scores.json"  # in the folder of the run


def pipeline_name(group: str) -> str:
    """The name of the pipeline that scores by a group's models."""
    return f"{group}{record.SCORING}"


def evaluation_uri(session: Any, described: dict[str, Any]) -> str:
    """Where a package's ``evaluation.json`` is; without one, a prefix with a marker in it."""
    return evaluation.uri_of_package(described) or registry.no_champion_uri(session)


def target_uri(output: str) -> str | None:
    """The prefix that a job writes its tables to, where ``output`` is one; else None."""
    return output.rstrip("/") if output.startswith("s3://") else None


def rejects_uri(session: Any, execution: Any) -> str:
    """Where the files of rejected records are; there are none where all records were scored."""
    return f"{executions.outputs(session, execution, 'SelectRecords')['selection']}/rejects"


def summary(session: Any, execution: Any) -> dict[str, Any]:
    """``summary.json`` of a scoring execution: counts, reasons, distributions of predictions."""
    bucket, key = _split(executions.outputs(session, execution, STEP)["summary"])
    return dict(json.loads(session.read_s3_file(bucket, f"{key}/{FILE}")))


def first(session: Any, execution: Any, rows: int = 5) -> "pd.DataFrame":
    """The first rows of the first table that a scoring execution wrote."""
    import io

    import pandas as pd

    bucket, key = _split(executions.outputs(session, execution, STEP)["scored"])
    keys = sorted(session.list_s3_files(bucket, f"{key}/"))
    lines = session.first_lines(f"s3://{bucket}/{keys[0]}", 50 * (rows + 1))
    return pd.read_csv(io.StringIO("\n".join(lines)), nrows=rows)


def fetch(session: Any, execution: Any, output: str) -> str:
    """Copy the tables to a folder, each under its input's name, and say where they are.

    Args:
        session: local or managed.
        execution: of the scoring pipeline, which has succeeded.
        output: the folder; empty: ``reports/scored``; of an ``s3://`` prefix, where the job has
            put them, they are left.
    """
    uri = executions.outputs(session, execution, STEP)["scored"]
    if target_uri(output):
        return uri
    bucket, key = _split(uri)
    folder = paths.CALLER / Path(output).expanduser() if output else paths.REPORTS / "scored"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".scores-") as scratch:
        session.download_data(scratch, bucket, f"{key}/")
        for file in sorted(path for path in Path(scratch).rglob("*") if path.is_file()):
            target = folder / file.relative_to(scratch)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, target)
    return str(folder)


def _split(uri: str) -> tuple[str, str]:
    bucket, key = bucket_and_key(uri)
    return bucket, key.rstrip("/")
