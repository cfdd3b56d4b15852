"""A training job without a script: SageMaker's XGBoost algorithm, with the XGBoost that is here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sagemaker_local import algorithms
from sagemaker_local.algorithms.hyperparameters import UserError
from sagemaker_local.algorithms.xgboost_hyperparameters import validate
from sagemaker_local.cache.signature import Signing
from sagemaker_local.definition.expressions import function_of
from sagemaker_local.jobs import xgboost_image
from sagemaker_local.jobs.folder import string_environment
from sagemaker_local.jobs.hosts import Host
from sagemaker_local.jobs.program import time_limit
from sagemaker_local.jobs.training_script import has_script
from sagemaker_local.jobs.training_variables import algorithm_variables
from sagemaker_local.processes.container_paths import ContainerPaths
from sagemaker_local.processes.runner import Command

PROGRAM = Path(algorithms.__file__).with_name("train_xgboost.py")
_CHANNELS = ("train", "validation")
_VERSION = re.compile(r":(?P<major>\d+)\.(?P<minor>\d+)")
# What the tags 1 and latest mean.
_FIRST = (0, 72)
_LIBRARIES = ("xgboost", "numpy", "scikit-learn")
# Of the algorithm's; each with what to do instead.
_NOT_RUN = {
    "_kfold": "cross validation is not run locally; leave out _kfold",
    "use_dask_gpu_training": "training on GPUs is not run locally; leave out use_dask_gpu_training",
}


def runs(request: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Is a training job the algorithm's?

    Args:
        request: of the training job, or of those that a tuning job starts.
        settings: its hyperparameters.
    """
    image = request.get("AlgorithmSpecification", {}).get("TrainingImage")
    return xgboost_image.is_sagemakers(image) and not has_script(_channels(request), settings)


def refusals(
    request: Mapping[str, Any], settings: Mapping[str, Any], tuned: tuple[str, ...] = ()
) -> Iterator[str]:
    """Why such a job cannot run, in the image's words.

    Args:
        request: see ``runs``.
        settings: its hyperparameters; of one that is an expression, only the name is asked.
        tuned: names of those that a tuning job gives.
    """
    for said in _said(request, settings, tuned):
        yield f"it has no script, and SageMaker's XGBoost algorithm says: {said}"
    for name, what in _NOT_RUN.items():
        if str(settings.get(name, "false")) != "false":
            yield what


def _said(
    request: Mapping[str, Any], settings: Mapping[str, Any], tuned: tuple[str, ...]
) -> Iterator[str]:
    later = [name for name, value in settings.items() if function_of(value)]
    given = {name: value for name, value in settings.items() if name not in later}
    try:
        validate(given, _version(request), [*later, *tuned])
    except UserError as error:
        yield str(error)
    channels = _channels(request)
    if "train" not in channels:
        yield "Missing required channel: train"
    for name in channels:
        if name not in _CHANNELS:
            yield f"Extraneous channel found: {name}"


def host_refusals(count: Any) -> Iterator[str]:
    """Why the algorithm does not run on so many hosts."""
    if isinstance(count, int) and count > 1:
        yield (
            "the XGBoost algorithm trains on one host locally; give InstanceCount 1, or a script"
        )


def command(job: Mapping[str, Any], host: Host, channels: Mapping[str, Any]) -> Command:
    """What the image would run.

    Args:
        job: the Describe response so far.
        host: the job's, its channels in place.
        channels: ``inputdataconfig.json``.
    """
    folder = host.folder
    version = ".".join(map(str, _version(job)))
    variables = algorithm_variables(job, host, channels)
    return Command(
        ("python3", str(PROGRAM), version),
        folder.ml,
        folder.log,
        {**variables, **string_environment(job.get("Environment"), folder)},
        time_limit(dict(job)),
        paths=ContainerPaths(folder.ml),
    )


def sign(signing: Signing) -> None:
    """Add what the algorithm's result depends on: the engine itself, and these."""
    for name in _LIBRARIES:
        signing.library(name)


def _channels(request: Mapping[str, Any]) -> list[str]:
    return [str(channel["ChannelName"]) for channel in request.get("InputDataConfig") or []]


def _version(request: Mapping[str, Any]) -> tuple[int, int]:
    found = _VERSION.search(request["AlgorithmSpecification"]["TrainingImage"])
    return (int(found["major"]), int(found["minor"])) if found else _FIRST
