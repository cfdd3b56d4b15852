"""SageMaker's own XGBoost image: to the service an algorithm, even where a script runs in it.

The service reads the log of such a training job by itself, and takes no metric definitions for it;
a tuning job may only vary what the algorithm can tune, and look at a metric that the algorithm has.

Sources: "Tune an XGBoost Model" in the SageMaker Developer Guide (the names); the refusals in
sagemaker-xgboost-container#121 and sagemaker-python-sdk#2226; the regular expressions, which
DescribeTrainingJob shows, in the former. What the image's newer source counts as metrics besides
(r2, balanced_accuracy, aucpr, ...) is read from a log, but nobody saw a tuning job that had one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

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
_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr[.\w-]*/(?P<repository>[\w/-]+)(?:[:@]|$)")
_REGISTRIES = "sagemaker/core/image_uri_config/xgboost.json"  # of the SDK
_ROUND = re.compile(r"\[[0-9]+\]")
_VALUE = re.compile(
    r"#011(?P<split>train|validation)-(?P<name>[a-z0-9_@.-]+)"
    r":(?P<value>[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"
)


def is_sagemakers(image: Any) -> bool:
    """Is an image's URI one of SageMaker's for XGBoost? A copy in another account is not."""
    match = _IMAGE.match(image) if isinstance(image, str) else None
    return match is not None and (match["account"], match["repository"]) in _registries()


@cache
def _registries() -> frozenset[tuple[str, str]]:
    """Accounts and repositories of the image, all regions', as the SDK has them."""
    file = Path(str(metadata.distribution("sagemaker-core").locate_file(_REGISTRIES)))
    scopes = json.loads(file.read_text(encoding="utf-8")).values()
    versions = [version for scope in scopes for version in scope["versions"].values()]
    return frozenset(
        (account, version["repository"])
        for version in versions
        for account in version["registries"].values()
    )


def metrics_in(line: str) -> Iterator[tuple[str, float]]:
    """The metrics that the service finds in a line of the log, such as validation:rmse.

    XGBoost writes tabs, and in the service's logs a tab is #011.
    """
    line = line.replace("\t", "#011")
    if match := _ROUND.search(line):
        for found in _VALUE.finditer(line, match.end()):
            if found["name"] in _METRICS:
                yield f"{found['split']}:{found['name']}", float(found["value"])
