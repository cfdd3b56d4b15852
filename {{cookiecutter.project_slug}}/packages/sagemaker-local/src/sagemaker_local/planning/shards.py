"""Inputs that hosts share out by their objects' keys, and that have fewer objects than hosts.

The service runs such a job: "some nodes won't get any data and you will pay for nodes that aren't
getting any" (API reference, S3DataSource). So does this engine, and says it before the first step
where the objects are known by then, else in the job's log.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sagemaker_local.errors import LocalError, Refusal
from sagemaker_local.jobs.hosts import SHARDED
from sagemaker_local.planning.known import Known
from sagemaker_local.planning.rules.rule import at_step
from sagemaker_local.steps.job_step import JobStep
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import files_below
from sagemaker_local.storage.manifest import MANIFEST, objects

_Found = Iterator[tuple[str, dict[str, Any]]]


def few_objects(known: Known, bucket: Bucket) -> list[Refusal]:
    """A sentence for each input of a definition with too few objects, as far as it is known."""
    return [
        Refusal(at_step(step.name), told)
        for step in known.definition.steps.values()
        for told in few_objects_of(step.type, known.arguments(step.arguments), bucket)
    ]


def few_objects_of(step_type: str, arguments: dict[str, Any], bucket: Bucket) -> Iterator[str]:
    """A sentence for each input of a request with too few objects."""
    found = STEP_TYPES.get(step_type)
    if not isinstance(found, JobStep):
        return
    try:
        hosts = found.kind.hosts(arguments)
    except TypeError:  # an expression
        return
    for where, source in _shared(step_type, arguments) if hosts > 1 else ():
        count = _count(source, hosts, bucket)
        if count is not None and count < hosts:
            told = "1 object" if count == 1 else f"{count} objects"
            yield (
                f"{where}: {told} at {source['S3Uri']} for {hosts} hosts, of which "
                f"{hosts - count} will have nothing to do; give fewer hosts, or more files"
            )


def _shared(step_type: str, arguments: dict[str, Any]) -> _Found:
    """Names and sources of the inputs that hosts share out."""
    if step_type == "Transform":
        yield "TransformInput", arguments["TransformInput"]["DataSource"]["S3DataSource"]
    for item in arguments.get("ProcessingInputs") or ():
        source = item.get("S3Input", {})
        if source.get("S3DataDistributionType") == SHARDED:
            yield f"input {item['InputName']!r}", source
    job = arguments.get("TrainingJobDefinition", arguments)
    for channel in job.get("InputDataConfig") or ():
        source = channel["DataSource"].get("S3DataSource", {})
        if source.get("S3DataDistributionType") == SHARDED:
            yield f"channel {channel['ChannelName']!r}", source


def _count(source: dict[str, Any], enough: int, bucket: Bucket) -> int | None:
    """How many objects a source has, at most so many; None: that is not known yet."""
    uri, data_type = source["S3Uri"], source.get("S3DataType")
    if not isinstance(uri, str):
        return None
    try:
        if data_type == MANIFEST:
            return len(objects(bucket, uri, data_type)[1])
        return sum(1 for _ in islice(files_below(bucket.existing(uri)), enough)) or None
    except (LocalError, OSError):  # a step before may make it
        return None
