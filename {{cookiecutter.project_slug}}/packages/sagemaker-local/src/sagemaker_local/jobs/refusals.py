"""What is not read here of any job's inputs, in the words of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local.storage.manifest import MANIFEST

AUGMENTED = "AugmentedManifestFile"


def source_refusals(where: str, mode: Any, data_type: Any) -> Iterator[str]:
    """Why an input's mode or data type is not one that is read here; expressions are left out."""
    if mode not in (None, "File", "FastFile") and not isinstance(mode, dict):
        yield f"{where}: input mode {mode} is not run locally; use File"
    if data_type == AUGMENTED:
        yield (
            f"{where}: an augmented manifest is read in Pipe mode only (API reference, "
            "S3DataSource), which is not run locally; give File mode with S3Prefix or ManifestFile"
        )
    elif data_type not in (None, "S3Prefix", MANIFEST) and not isinstance(data_type, dict):
        yield f"{where}: data type {data_type} is not read locally; use S3Prefix or ManifestFile"
