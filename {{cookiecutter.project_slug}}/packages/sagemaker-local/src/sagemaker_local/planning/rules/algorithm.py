"""Rules about SageMaker's own XGBoost image: to the service an algorithm, a script's too."""

from __future__ import annotations

from collections.abc import Iterator

from sagemaker_local.jobs import tuning_search, xgboost_image
from sagemaker_local.planning.rules.rule import GUIDE, SDK, Arguments, RequestRule

_TUNE = f'{GUIDE}, "Tune an XGBoost Model"'
_CONTAINER = "aws/sagemaker-xgboost-container"
_CONFIG, _JOBS = "HyperParameterTuningJobConfig", "TrainingJobDefinition"


def _is_algorithm(job: Arguments) -> bool:
    """Is this the image of a training job, or of those that a tuning job starts?"""
    return xgboost_image.is_sagemakers(job.get("AlgorithmSpecification", {}).get("TrainingImage"))


def _defined_metrics(arguments: Arguments) -> Iterator[str]:
    if _is_algorithm(arguments) and arguments["AlgorithmSpecification"].get("MetricDefinitions"):
        yield (
            "AlgorithmSpecification.MetricDefinitions: You can't override the metric definitions "
            "for Amazon SageMaker algorithms, and the service takes its XGBoost image for one; "
            "leave them out"
        )


def _strange_objective(arguments: Arguments) -> Iterator[str]:
    objective = arguments[_CONFIG].get("HyperParameterTuningJobObjective", {})
    metric, known = objective.get("MetricName"), xgboost_image.OBJECTIVES
    if _is_algorithm(arguments.get(_JOBS, {})) and isinstance(metric, str) and metric not in known:
        yield (
            f"{_CONFIG}.HyperParameterTuningJobObjective.MetricName is {metric!r}, which is no "
            f"metric of SageMaker's XGBoost algorithm; give one of {', '.join(known)}"
        )


def _untunable(arguments: Arguments) -> Iterator[str]:
    if not _is_algorithm(arguments.get(_JOBS, {})):
        return
    known = xgboost_image.TUNABLE
    for name in tuning_search.tuned_names(arguments[_CONFIG]):
        if isinstance(name, str) and name not in known:
            yield (
                f"{_CONFIG}.ParameterRanges has {name!r}, which SageMaker's XGBoost algorithm "
                f"cannot tune; give some of {', '.join(known)}"
            )


RULES = (
    RequestRule(
        "SageMaker's XGBoost image has no MetricDefinitions",
        f"{_CONTAINER}#121 (AWS support)",
        ("Training",),
        _defined_metrics,
    ),
    RequestRule(
        "The objective of a search with it is a metric of the algorithm",
        f"{_CONTAINER}#121; {_TUNE}",
        ("Tuning",),
        _strange_objective,
    ),
    RequestRule(
        "A search with it varies only what the algorithm can tune",
        f"{SDK}#2226; {_CONTAINER}#113; {_TUNE}",
        ("Tuning",),
        _untunable,
    ),
)
