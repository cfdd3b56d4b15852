"""Old runs, and what of the local session nobody needs any more, removed by one command."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from sagemaker_local.names import ACCOUNT
from sagemaker_local.pruning import command
from sagemaker_local.pruning.pruning import Removal
from sagemaker_local.pruning.references import size_of

from . import record


def prune(session: Any, days: float, dry_run: bool) -> Iterator[str]:
    """Remove what is older than an age; gives lines that say what went, with sizes.

    A run stays while its execution does, which the session keeps for a model package, an endpoint
    or lineage; one of a managed session stays if it registered a model.

    Args:
        session: a local one.
        days: the age.
        dry_run: remove nothing, and say what would go.
    """
    removals: list[Removal] = session.prune(days, dry_run)
    gone = {name for removal in removals if removal.what == "executions" for name in removal.names}
    before = datetime.now(UTC) - timedelta(days=days)
    old = [run for run in record.all_runs() if _started(run) < before]
    going = [run for run in old if not _is_needed(session, run, gone)]
    if going:
        files = [file for run in going for file in run.folder.rglob("*") if file.is_file()]
        removals.append(Removal("runs", tuple(run.name for run in going), size_of(files)))
    if not dry_run:
        for run in going:
            shutil.rmtree(run.folder)
    yield from command.lines(removals, dry_run)


def _started(run: record.Run) -> datetime:
    """When, as its name says; a folder that a person named is of the day it was written."""
    try:
        return datetime.strptime(run.name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(run.folder.stat().st_mtime, UTC)


def _is_needed(session: Any, run: record.Run, gone: set[str]) -> bool:
    arn = str(run.lineage.get("execution", ""))
    if not arn or arn.rpartition("/")[2] in gone:
        return False
    if f":{ACCOUNT}:" not in arn:
        return bool(run.lineage.get("model_packages"))
    try:
        session.sagemaker_client.describe_pipeline_execution(PipelineExecutionArn=arn)
    except ClientError:
        return False
    return True
