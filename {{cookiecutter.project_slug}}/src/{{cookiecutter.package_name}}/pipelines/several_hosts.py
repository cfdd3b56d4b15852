"""Jobs of several hosts: what their scripts are told, and what cannot be shared by hosts."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from .. import paths
from ..errors import ProjectError
from ..s3 import bucket_and_key

# Where a processing job says which hosts it has; a training job has variables for that.
RESOURCES = "/opt/ml/config/resourceconfig.json"


def options(hosts: int) -> dict[str, str]:
    """What preprocessing is told of its hosts; nothing of one."""
    return {"hosts": RESOURCES} if hosts > 1 else {}


def check(
    session: Any, input_uri: str, processing: int, training: int, families: Iterable[str]
) -> int:
    """Refuse more hosts than can share the work.

    Args:
        session: local or managed.
        input_uri: of the files that hosts of Preprocess share.
        processing: how many of these.
        training: hosts of each training job, which share its rows.
        families: of the models that are trained.

    Returns:
        How many files there are; they are counted only where hosts share them, else it is 1.

    Raises:
        ProjectError: there are fewer files than hosts, or a family trains on one host only.
    """
    if training > 1:
        _check_families(training, families)
    files = count_files(session, input_uri) if processing > 1 else 1
    if processing > files:
        told = "1 file" if files == 1 else f"{files} files"
        raise ProjectError(
            f"processing_instance_count is {processing}, and input_data has {told}: each host "
            "works on files of its own; give fewer hosts, or a folder of more files"
        )
    return files


def _check_families(hosts: int, families: Iterable[str]) -> None:
    """Refuse several hosts for a family that trains on one."""
    paths.make_runtime_importable()
    from models import FAMILIES

    able = [name for name, each in FAMILIES.items() if each.several_hosts]
    for family in families:
        if family not in able:
            raise ProjectError(
                f"training_instance_count is {hosts}, and models of the family {family} are "
                f"trained on one host; give 1, or model_family {' or '.join(able)}"
            )


def count_files(session: Any, uri: str) -> int:
    """How many tables there are below an S3 URI."""
    paths.make_runtime_importable()
    from tabular.files import is_table

    bucket, key = bucket_and_key(uri)
    keys = session.list_s3_files(bucket, key)
    below = [PurePosixPath(each) for each in keys]
    if len(below) == 1 or key in keys:
        return 1
    return sum(is_table(each.relative_to(key)) for each in below if each.is_relative_to(key))
