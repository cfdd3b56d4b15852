"""A training job without a script: an algorithm of SageMaker's, by the libraries that are here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sagemaker_local import algorithms
from sagemaker_local.cache.signature import Signing
from sagemaker_local.definition.expressions import function_of
from sagemaker_local.jobs import linear_learner_image, xgboost_image
from sagemaker_local.jobs.algorithm_images import LINEAR_LEARNER, XGBOOST, name_of
from sagemaker_local.jobs.built_in import BuiltIn, Question
from sagemaker_local.jobs.folder import string_environment
from sagemaker_local.jobs.hosts import Host
from sagemaker_local.jobs.program import time_limit
from sagemaker_local.jobs.training_script import has_script
from sagemaker_local.jobs.training_variables import algorithm_variables
from sagemaker_local.processes.container_paths import ContainerPaths
from sagemaker_local.processes.runner import Command

PROGRAM = Path(algorithms.__file__).with_name("start.py")
_RUN = {XGBOOST: xgboost_image.ALGORITHM, LINEAR_LEARNER: linear_learner_image.ALGORITHM}


def of(image: Any) -> BuiltIn | None:
    """The algorithm of an image that runs here; None of any other image."""
    name = name_of(image)
    return _RUN.get(name) if name else None


def without_script(request: Mapping[str, Any], settings: Mapping[str, Any]) -> BuiltIn | None:
    """The algorithm that a training job is of; None: it has a script, or is of another image.

    Args:
        request: of the training job, or of those that a tuning job starts.
        settings: its hyperparameters.
    """
    image = request.get("AlgorithmSpecification", {}).get("TrainingImage")
    return None if has_script(_channels(request), settings) else of(image)


def refusals(
    found: BuiltIn,
    request: Mapping[str, Any],
    settings: Mapping[str, Any],
    tuned: tuple[str, ...] = (),
) -> Iterator[str]:
    """Why such a job cannot run.

    Args:
        found: its algorithm.
        request: see ``without_script``.
        settings: its hyperparameters; of one that is an expression, only the name is asked.
        tuned: names of those that a tuning job gives.
    """
    later = [name for name, value in settings.items() if function_of(value)]
    given = {name: value for name, value in settings.items() if name not in later}
    image = request["AlgorithmSpecification"]["TrainingImage"]
    for said in found.refusals(Question(image, _channels(request), given, [*later, *tuned])):
        yield f"it has no script, and SageMaker's {found.name} algorithm {found.says}: {said}"
    yield from found.missing()
    count = request.get("ResourceConfig", {}).get("InstanceCount")
    if isinstance(count, int) and count > 1 and not found.several_hosts:
        yield f"the {found.name} algorithm trains on one host locally; give InstanceCount 1"


def command(
    found: BuiltIn, job: Mapping[str, Any], host: Host, channels: Mapping[str, Any]
) -> Command:
    """What the image would run.

    Args:
        found: the job's algorithm.
        job: the Describe response so far.
        host: the job's, its channels in place.
        channels: ``inputdataconfig.json``.
    """
    folder = host.folder
    version = found.version(job["AlgorithmSpecification"]["TrainingImage"])
    variables = algorithm_variables(job, host, channels)
    return Command(
        ("python3", str(PROGRAM), found.training, version),
        folder.ml,
        folder.log,
        {**variables, **string_environment(job.get("Environment"), folder)},
        time_limit(dict(job)),
        paths=ContainerPaths(folder.ml),
    )


def sign(found: BuiltIn, signing: Signing) -> None:
    """Add what an algorithm's result depends on: the engine itself, and these."""
    for distribution in found.libraries:
        signing.library(distribution)


def _channels(request: Mapping[str, Any]) -> dict[str, Any]:
    """Content types of channels, by name."""
    channels = request.get("InputDataConfig") or []
    return {str(channel["ChannelName"]): channel.get("ContentType") for channel in channels}
