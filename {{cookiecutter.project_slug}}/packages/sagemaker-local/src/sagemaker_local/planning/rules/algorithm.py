"""Rules about the images of SageMaker's own algorithms, whatever script runs in them."""

from __future__ import annotations

from collections.abc import Iterator

from sagemaker_local.algorithms import xgboost_channels
from sagemaker_local.jobs import algorithm, tuning_search, xgboost_image
from sagemaker_local.jobs.built_in import BuiltIn
from sagemaker_local.planning.rules.rule import GUIDE, SDK, Arguments, Outcome, RequestRule

_TUNE = f'{GUIDE}, "Tune an XGBoost Model", "Tune a linear learner model"'
_CONTAINER = "aws/sagemaker-xgboost-container"
_CONFIG, _JOBS = "HyperParameterTuningJobConfig", "TrainingJobDefinition"


def _algorithm(job: Arguments) -> BuiltIn | None:
    """The algorithm of a training job's image, or of those that a tuning job starts."""
    return algorithm.of(job.get("AlgorithmSpecification", {}).get("TrainingImage"))


def _defined_metrics(arguments: Arguments) -> Iterator[str]:
    found = _algorithm(arguments)
    if found and arguments["AlgorithmSpecification"].get("MetricDefinitions"):
        yield (
            "AlgorithmSpecification.MetricDefinitions: You can't override the metric definitions "
            f"for Amazon SageMaker algorithms, and the service takes its {found.name} image for "
            "one; leave them out"
        )


def _strange_objective(arguments: Arguments) -> Iterator[str]:
    objective = arguments[_CONFIG].get("HyperParameterTuningJobObjective", {})
    metric, found = objective.get("MetricName"), _algorithm(arguments.get(_JOBS, {}))
    if found and isinstance(metric, str) and metric not in found.objectives:
        yield (
            f"{_CONFIG}.HyperParameterTuningJobObjective.MetricName is {metric!r}, which is no "
            f"metric of SageMaker's {found.name} algorithm; give one of "
            f"{', '.join(found.objectives)}"
        )


def _untunable(arguments: Arguments) -> Iterator[str]:
    found = _algorithm(arguments.get(_JOBS, {}))
    if found is None:
        return
    for name in tuning_search.tuned_names(arguments[_CONFIG]):
        if isinstance(name, str) and name not in found.tunable:
            yield (
                f"{_CONFIG}.ParameterRanges has {name!r}, which SageMaker's {found.name} algorithm "
                f"cannot tune; give some of {', '.join(found.tunable)}"
            )


def _type_with_options(arguments: Arguments) -> Iterator[str]:
    settings = arguments.get("HyperParameters") or arguments.get("StaticHyperParameters") or {}
    if algorithm.without_script(arguments, settings) is not xgboost_image.ALGORITHM:
        return
    for channel in arguments.get("InputDataConfig") or []:
        kind = channel.get("ContentType")
        if isinstance(kind, str) and kind and kind not in xgboost_channels.TYPES:
            yield (
                f"InputDataConfig: the channel {channel['ChannelName']!r} has the ContentType "
                f"{kind!r}, which the XGBoost image compares to the letter with "
                f"{', '.join(xgboost_channels.TYPES)}"
            )


RULES = (
    RequestRule(
        "An image of SageMaker's algorithms has no MetricDefinitions",
        f"{_CONTAINER}#121 (AWS support)",
        ("Training",),
        _defined_metrics,
    ),
    RequestRule(
        "The objective of a search with such an image is a metric of the algorithm",
        f"{_CONTAINER}#121; {_TUNE}",
        ("Tuning",),
        _strange_objective,
    ),
    RequestRule(
        "A search with such an image varies only what the algorithm can tune",
        f"{SDK}#2226; {_CONTAINER}#113; {_TUNE}",
        ("Tuning",),
        _untunable,
    ),
    RequestRule(
        "The XGBoost algorithm takes a channel's ContentType without options",
        f"{_CONTAINER}, algorithm_mode/channel_validation.py",
        ("Training",),
        _type_with_options,
        Outcome.NOTICED,
    ),
)
