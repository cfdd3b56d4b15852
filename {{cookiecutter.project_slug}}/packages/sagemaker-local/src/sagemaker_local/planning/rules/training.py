"""Rules about training jobs, those that a tuning job starts too: channels, times, instances."""

from __future__ import annotations

from collections.abc import Iterator

from sagemaker_local.planning.rules.rule import SDK, Arguments, Outcome, RequestRule, repeated

_TRAINING = ("Training",)
_DAY = 24 * 3600
_LONGEST = 28 * _DAY


def _too_long(arguments: Arguments) -> Iterator[str]:
    seconds = arguments.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    if isinstance(seconds, int) and seconds > _LONGEST:
        yield (
            f"StoppingCondition.MaxRuntimeInSeconds is {seconds}, and may be at most {_LONGEST}, "
            "which is 28 days"
        )


def _waiting(arguments: Arguments) -> Iterator[str]:
    condition = arguments.get("StoppingCondition", {})
    spot, wait = arguments.get("EnableManagedSpotTraining", False), "MaxWaitTimeInSeconds"
    seconds, limit = condition.get("MaxRuntimeInSeconds", _DAY), condition.get(wait)
    if not spot and limit is not None:
        yield f"StoppingCondition.{wait} is for EnableManagedSpotTraining only; leave it out"
    elif spot is True and limit is None:
        yield f"StoppingCondition.{wait} is missing, and EnableManagedSpotTraining needs it"
    elif isinstance(limit, int) and isinstance(seconds, int) and limit < seconds:
        yield f"StoppingCondition.{wait} is {limit}, less than MaxRuntimeInSeconds, {seconds}"


def _channels_twice(arguments: Arguments) -> Iterator[str]:
    names = [channel["ChannelName"] for channel in arguments.get("InputDataConfig") or ()]
    for name, count in repeated(names):
        yield f"InputDataConfig has the channel {name!r} {count} times; each is a folder"


def _no_image(arguments: Arguments) -> Iterator[str]:
    specification = arguments.get("AlgorithmSpecification", {})
    if arguments and not {"TrainingImage", "AlgorithmName"} & set(specification):
        yield "AlgorithmSpecification has neither TrainingImage nor AlgorithmName; give one of them"


def _small_instance(arguments: Arguments) -> Iterator[str]:
    kind = arguments.get("ResourceConfig", {}).get("InstanceType")
    if isinstance(kind, str) and kind.startswith("ml.t3."):
        yield f"ResourceConfig.InstanceType is {kind}, which most regions have for processing only"


RULES = (
    RequestRule(
        "MaxRuntimeInSeconds of a training job is at most 28 days",
        "API reference, StoppingCondition",
        _TRAINING,
        _too_long,
    ),
    RequestRule(
        "Managed spot training needs MaxWaitTimeInSeconds, at least MaxRuntimeInSeconds; "
        "without it there is none",
        f"API reference, StoppingCondition; tests of {SDK} against the service",
        _TRAINING,
        _waiting,
    ),
    RequestRule(
        "A training job has TrainingImage or AlgorithmName",
        "API reference, AlgorithmSpecification",
        _TRAINING,
        _no_image,
    ),
    RequestRule(
        "Channels have different names",
        "no refusal was seen; each channel is a folder",
        _TRAINING,
        _channels_twice,
        Outcome.NOTICED,
    ),
    RequestRule(
        "Training has no ml.t3 instances",
        "sources differ: the API's list has them, public reports say that a region has none",
        _TRAINING,
        _small_instance,
        Outcome.NOTICED,
    ),
)
