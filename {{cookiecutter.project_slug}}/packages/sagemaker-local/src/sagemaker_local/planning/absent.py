"""Inputs without any object, for which the service refuses a single job at once.

It was seen for CreateTrainingJob (aws/amazon-sagemaker-examples#2267) and CreateTransformJob
(#2270), in these words. A processing job without its input starts there, and fails; so does one of
a step, whose inputs an earlier step may make.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local.errors import LocalError
from sagemaker_local.storage.bucket import Bucket


def refusals(step_type: str, request: dict[str, Any], bucket: Bucket) -> Iterator[str]:
    """A sentence for each input of a valid request that has no object."""
    for source in _sources(step_type, request):
        try:
            bucket.existing(source["S3Uri"])
        except LocalError as error:
            yield (
                f'No S3 objects found under S3 URL "{source["S3Uri"]}" given in input data source. '
                f"{error}"
            )


def _sources(step_type: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if step_type == "Transform":
        yield request["TransformInput"]["DataSource"]["S3DataSource"]
    for channel in request.get("InputDataConfig", ()) if step_type == "Training" else ():
        source = channel["DataSource"].get("S3DataSource")
        if source:
            yield source
