"""SageMaker's own XGBoost image: to the service an algorithm, even where a script runs in it.

The service reads the log of such a training job by itself, and takes no metric definitions for it;
a tuning job may only vary what the algorithm can tune, and look at a metric that the algorithm has.

Sources: "Tune an XGBoost Model" in the SageMaker Developer Guide (the names); the refusals in
sagemaker-xgboost-container#121 and sagemaker-python-sdk#2226; the regular expressions, which
DescribeTrainingJob shows, in the former. What the image's newer source counts as metrics besides
(r2, balanced_accuracy, aucpr, ...) is read from a log, but nobody saw a tuning job that had one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sagemaker_local.algorithms import xgboost_channels
from sagemaker_local.algorithms.hyperparameters import UserError
from sagemaker_local.algorithms.xgboost_hyperparameters import validate
from sagemaker_local.jobs.algorithm_images import XGBOOST, name_of
from sagemaker_local.jobs.built_in import BuiltIn, Question

_TUNED_FOR = "accuracy auc error f1 logloss mae map merror mlogloss mse ndcg rmse"
_READ_TOO = (
    "aft-nloglik aucpr balanced_accuracy cox-nloglik f1_binary f1_macro gamma-deviance "
    "gamma-nloglik interval-regression-accuracy mape mphe poisson-nloglik precision "
    "precision_macro precision_micro r2 recall recall_macro recall_micro rmsle tweedie-nloglik"
)
_TUNABLE = (
    "alpha colsample_bylevel colsample_bynode colsample_bytree eta gamma lambda max_delta_step "
    "max_depth min_child_weight num_round subsample"
)
_METRICS = frozenset(f"{_TUNED_FOR} {_READ_TOO}".split())
OBJECTIVES = tuple(f"validation:{name}" for name in _TUNED_FOR.split())
TUNABLE = tuple(_TUNABLE.split())
_VERSION = re.compile(r":(?P<major>\d+)\.(?P<minor>\d+)")
# What the tags 1 and latest of the first repository mean, and none of the later one.
_FIRST, _NEWEST = "0.72", "3.2"
_FIRST_REPOSITORY = re.compile(r"/xgboost(?:[:@]|$)")
# Of the algorithm's; each with what to do instead.
_NOT_RUN = {
    "use_dask_gpu_training": ("true", "leave out use_dask_gpu_training"),
    "tree_method": ("gpu_hist", "give tree_method hist"),
    "predictor": ("gpu_predictor", "give predictor cpu_predictor"),
}
_ROUND = re.compile(r"\[[0-9]+\]")
_VALUE = re.compile(
    r"#011(?P<split>train|validation)-(?P<name>[a-z0-9_@.-]+)"
    r":(?P<value>[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"
)
# Documented, or seen where a described job lists them (aucpr).
_LISTED = (*_TUNED_FOR.split(), "aucpr")
_NUMBER = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"


def is_sagemakers(image: Any) -> bool:
    """Is an image's URI one of SageMaker's for XGBoost? A copy in another account is not."""
    return name_of(image) == XGBOOST


def version_of(image: str) -> str:
    """As in ``1.7``."""
    found = _VERSION.search(image)
    if found:
        return f"{found['major']}.{found['minor']}"
    return _FIRST if _FIRST_REPOSITORY.search(image) else _NEWEST


def _refusals(question: Question) -> Iterator[str]:
    major, minor = version_of(question.image).split(".")
    try:
        validate(question.settings, (int(major), int(minor)), question.later)
    except UserError as error:
        yield str(error)
    yield from xgboost_channels.refusals(question.channels)
    for name, kind in question.channels.items():
        if name in xgboost_channels.KNOWN and (kind is None or isinstance(kind, str)):
            yield from _type_refusals(kind)
    for name, (value, instead) in _NOT_RUN.items():
        if question.settings.get(name) == value:
            yield f"training on GPUs is not run locally; {instead}"


def _type_refusals(kind: str | None) -> Iterator[str]:
    try:
        xgboost_channels.kind_of(kind)
    except UserError as error:
        yield str(error)


def metrics_in(line: str) -> Iterator[tuple[str, float]]:
    """The metrics that the service finds in a line of the log, such as validation:rmse.

    XGBoost writes tabs, and in the service's logs a tab is #011.
    """
    line = line.replace("\t", "#011")
    if match := _ROUND.search(line):
        for found in _VALUE.finditer(line, match.end()):
            if found["name"] in _METRICS:
                yield f"{found['split']}:{found['name']}", float(found["value"])


def _line(metric: str) -> str:
    return f"[0]#011{metric.replace(':', '-')}:0.5"


ALGORITHM = BuiltIn(
    name="XGBoost",
    training="xgboost_training",
    serving="xgboost_serving",
    libraries={
        "xgboost": "xgboost",
        "numpy": "numpy",
        "scikit-learn": "sklearn",
        "scipy": "scipy",
    },
    objectives=OBJECTIVES,
    tunable=TUNABLE,
    refusals=_refusals,
    version=version_of,
    metrics_in=metrics_in,
    line=_line,
    definitions={
        f"{split}:{name}": rf".*\[[0-9]+\].*#011{split}-{name}:{_NUMBER}.*"
        for split in ("train", "validation")
        for name in _LISTED
    },
    several_hosts=True,
)
