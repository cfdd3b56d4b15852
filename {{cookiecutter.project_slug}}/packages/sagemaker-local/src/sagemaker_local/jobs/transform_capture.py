"""Data capture of a transform job: manifests of what it read and wrote, and an id for each record.

"Capture data from batch transform job" in the SageMaker Developer Guide
(model-monitor-data-capture-batch): to copy no data, a capture is a manifest of the objects, below
``input/`` and ``output/`` of the destination and the UTC hour in which the job started. A manifest
is a JSON array, ``{"prefix": <URI that ends in a slash>}`` and then keys relative to it. With
``GenerateInferenceId`` each record of the output has a random UUID and the job's start, as
``SageMakerInferenceId`` and ``SageMakerInferenceTime``, or as its last two columns. Names of
manifests (``<uuid>.json``), and one of a real job with its output, are in the notebook
"SageMaker-Monitoring-Bias-Drift-for-Batch-Transform" (JSON Lines) of amazon-sagemaker-examples.

No source says what the manifest of an input that is one object has for its prefix, how many
manifests a job of several instances writes, and what becomes of ids after an output filter. Here it
is the object's folder, there is one, and ids are added to what the filter gives.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import files_below

MEMBER = "DataCaptureConfig"
_CAPTURED = "captured"

_Job = dict[str, Any]


def refusals(request: _Job) -> Iterator[str]:
    """Why a request's capture cannot be written; expressions are left out."""
    destination = request.get(MEMBER, {}).get("DestinationS3Uri")
    if isinstance(destination, str) and not destination.startswith("s3://"):
        yield (
            f"{MEMBER}.DestinationS3Uri is {destination!r}; a local session writes below URIs that "
            "begin with s3://"
        )


def inference_time(job: _Job) -> str:
    """What each record has as ``SageMakerInferenceTime``; empty: records get no ids."""
    if not job.get(MEMBER, {}).get("GenerateInferenceId"):
        return ""
    return f"{_started(job):%Y-%m-%dT%H:%M:%SZ}"


def write(job: _Job, names: Sequence[str], folder: JobFolder, bucket: Bucket) -> None:
    """Write a completed job's manifests, if it asks for them.

    Args:
        job: its description.
        names: of the input's files, relative to the input; that of an output ends in ``.out``.
        folder: the job's; keeps a copy.
        bucket: gets the manifests.
    """
    if MEMBER not in job:
        return
    hour, uri = f"{_started(job):%Y/%m/%d/%H}", _input_prefix(job, bucket)
    _manifest(folder, f"input/{hour}", uri, names)
    target = job["TransformOutput"]["S3OutputPath"]
    _manifest(folder, f"output/{hour}", target, [f"{name}.out" for name in names])
    bucket.collect(folder.path / _CAPTURED, job[MEMBER]["DestinationS3Uri"])


def outputs(job: _Job, folder: JobFolder) -> dict[str, Path]:
    """URIs of the manifests that a completed job wrote, and the files that they are copies of."""
    destination = job.get(MEMBER, {}).get("DestinationS3Uri", "").rstrip("/")
    return {f"{destination}/{name}": file for file, name in files_below(folder.path / _CAPTURED)}


def _input_prefix(job: _Job, bucket: Bucket) -> str:
    uri = str(job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    return uri.rpartition("/")[0] if bucket.path(uri).is_file() else uri


def _manifest(folder: JobFolder, place: str, uri: str, keys: Sequence[str]) -> None:
    file = folder.path / _CAPTURED / place / f"{uuid.uuid4()}.json"
    file.parent.mkdir(parents=True)
    entries: list[Any] = [{"prefix": f"{uri.rstrip('/')}/"}, *keys]
    file.write_text(json.dumps(entries), encoding="utf-8")


def _started(job: _Job) -> datetime:
    started: datetime = job["TransformStartTime"]
    return started.astimezone(UTC)
