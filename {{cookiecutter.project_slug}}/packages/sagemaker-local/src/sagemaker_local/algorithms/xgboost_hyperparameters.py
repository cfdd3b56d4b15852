"""The hyperparameters of SageMaker's XGBoost algorithm.

Source: ``algorithm_mode/hyperparameter_validation.py`` and ``constants/xgb_constants.py`` of
sagemaker-xgboost-container, of all its versions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .hyperparameters import (
    Hyperparameter,
    UserError,
    integer,
    literal,
    number,
    one_of,
    several_of,
    validated,
)

_MAXIMIZED = (
    "accuracy auc aucpr balanced_accuracy f1 f1_binary f1_macro map ndcg precision r2 recall "
    "precision_macro precision_micro recall_macro recall_micro"
)
_MINIMIZED = (
    "aft-nloglik cox-nloglik error gamma-deviance gamma-nloglik interval-regression-accuracy "
    "logloss mae mape merror mlogloss mphe mse poisson-nloglik rmse rmsle tweedie-nloglik"
)
MAXIMIZED = _MAXIMIZED.split()
_METRICS = [*MAXIMIZED, *_MINIMIZED.split()]
_WITH_THRESHOLD = ("error", "ndcg", "map")
_TREE_UPDATERS = (
    "grow_colmaker",
    "distcol",
    "grow_histmaker",
    "grow_skmaker",
    "sync",
    "refresh",
    "prune",
    "grow_quantile_histmaker",
)
_GROWING = ("grow_colmaker", "distcol", "grow_histmaker", "grow_quantile_histmaker")
_LINEAR_UPDATERS = ("shotgun", "coord_descent")
# The versions of the image that first knew a name, or no longer do.
_SINCE = {
    "monotone_constraints": (1, 0),
    "interaction_constraints": (1, 0),
    "aft_loss_distribution": (1, 2),
    "aft_loss_distribution_scale": (1, 2),
    "deterministic_histogram": (1, 2),
    "single_precision_histogram": (1, 2),
    "_kfold": (1, 2),
    "_num_cv_round": (1, 2),
    "sampling_method": (1, 3),
    "prob_buffer_row": (1, 3),
    "use_dask_gpu_training": (1, 7),
}
_NO_END = (1_000, 0)
_UNTIL = {"silent": (1, 2), "single_precision_histogram": (1, 7)}
ALIASES = {
    "learning_rate": "eta",
    "min_split_loss": "gamma",
    "reg_lambda": "lambda",
    "reg_alpha": "alpha",
}


class _Metrics:
    """The metrics of the algorithm, three of them with a threshold, as in ``error@0.7``."""

    def __contains__(self, metric: str) -> bool:
        name, at, threshold = metric.partition("@")
        if not at:
            return metric in _METRICS
        if name.strip() not in _WITH_THRESHOLD:
            raise UserError(
                f"Metric '{metric}' is not supported. Parameter 'eval_metric' with customized "
                "threshold should be one of these options: 'error', 'ndcg', 'map'."
            )
        try:
            float(threshold)
        except ValueError:
            raise UserError(f"Threshold value 't' in '{name}@t' expects float input.") from None
        return True

    def __str__(self) -> str:
        return str(_METRICS)


def validate(
    given: Mapping[str, Any], version: tuple[int, int], later: Collection[str] = ()
) -> dict[str, Any]:
    """The values of a training job's hyperparameters.

    Args:
        given: their texts.
        version: of the image, as in ``1.7-1``.
        later: names whose texts are not known yet.

    Raises:
        UserError: the first thing that is wrong, in the image's words.
    """
    known = {
        name: item
        for name, item in KNOWN.items()
        if _SINCE.get(name, version) <= version and version < _UNTIL.get(name, _NO_END)
    }
    return validated(given, known, ALIASES, later)


def _ask_objective(value: Any, others: Mapping[str, Any]) -> None:
    if value in ("multi:softmax", "multi:softprob") and others.get("num_class") is None:
        raise UserError("Require input for parameter 'num_class' for multi-classification")


def _ask_metrics(value: Any, others: Mapping[str, Any]) -> None:
    objective = others.get("objective")
    if objective is None:
        raise UserError("eval_metric needs an objective beside it: KeyError: 'objective'")
    if "auc" in value and not objective.startswith(("binary:", "rank:")):
        raise UserError("Metric 'auc' can only be applied for classification and ranking problems.")
    if "aft-nloglik" in value and objective != "survival:aft":
        raise UserError("Metric 'aft-nloglik' can only be applied for 'survival:aft' objective.")


def _ask_updaters(value: Any, others: Mapping[str, Any]) -> None:
    if others.get("booster") == "gblinear":
        if len(value) != 1 or value[0] not in _LINEAR_UPDATERS:
            raise UserError(
                f"Linear updater should be one of these options: {', '.join(_LINEAR_UPDATERS)}."
            )
    elif others.get("process_type") == "update":
        if not set(value) <= {"refresh", "prune"}:
            raise UserError(
                "process_type 'update' can only be used with updater 'refresh' and 'prune'"
            )
    elif not set(value) <= set(_TREE_UPDATERS):
        raise UserError(
            f"Tree updater should be selected from these options: {', '.join(_TREE_UPDATERS)}."
        )
    elif len([each for each in value if each in _GROWING]) > 1:
        raise UserError(
            "Only one tree grow plugin can be selected. Choose one from the following: "
            "'grow_colmaker', 'distcol', 'grow_histmaker', 'grow_skmaker'"
        )


def _ask_monotone(value: Any, others: Mapping[str, Any]) -> None:
    if others.get("tree_method") not in ("exact", "hist"):
        raise UserError(
            "monotone_constraints can be used only when the tree_method parameter is set to either "
            "'exact' or 'hist'."
        )


def _ask_interactions(value: Any, others: Mapping[str, Any]) -> None:
    if others.get("tree_method") not in ("exact", "hist", "approx"):
        raise UserError(
            "interaction_constraints can be used only when the tree_method parameter is set to "
            "either 'exact', 'hist' or 'approx'."
        )


KNOWN: dict[str, Hyperparameter] = {
    "num_round": integer(1, required=True),
    "csv_weights": integer(0, 1),
    "early_stopping_rounds": integer(1),
    "booster": one_of("gbtree", "gblinear", "dart"),
    "verbosity": integer(0, 3),
    "nthread": integer(1),
    "eta": number(0, 1),
    "gamma": number(0),
    "max_depth": integer(0),
    "min_child_weight": number(0),
    "max_delta_step": number(0),
    "subsample": number(0, 1, "("),
    "colsample_bytree": number(0, 1, "("),
    "colsample_bylevel": number(0, 1, "("),
    "colsample_bynode": number(0, 1, "("),
    "lambda": number(0),
    "alpha": number(0),
    "tree_method": one_of("auto", "exact", "approx", "hist", "gpu_hist"),
    "sketch_eps": number(0, 1, "()"),
    "scale_pos_weight": number(0, None, "("),
    "updater": several_of([*_TREE_UPDATERS[:7], *_LINEAR_UPDATERS], _ask_updaters),
    "dsplit": one_of("row", "col"),
    "refresh_leaf": integer(0, 1),
    "process_type": one_of("default", "update"),
    "grow_policy": one_of("depthwise", "lossguide"),
    "max_leaves": integer(0),
    "max_bin": integer(0),
    "predictor": one_of("auto", "cpu_predictor", "gpu_predictor"),
    "monotone_constraints": literal([-1, 0, 1], _ask_monotone),
    "interaction_constraints": literal(number(1).range, _ask_interactions),
    "sample_type": one_of("uniform", "weighted"),
    "normalize_type": one_of("tree", "forest"),
    "rate_drop": number(0, 1),
    "one_drop": integer(0, 1),
    "skip_drop": number(0, 1),
    "lambda_bias": number(0, 1),
    "tweedie_variance_power": number(1, 2, "()"),
    "objective": one_of(
        "aft_loss_distribution",
        *(f"binary:{name}" for name in ("logistic", "logitraw", "hinge")),
        "count:poisson",
        *(f"multi:{name}" for name in ("softmax", "softprob")),
        *(f"rank:{name}" for name in ("pairwise", "ndcg", "map")),
        *(f"reg:{name}" for name in ("linear", "squarederror", "logistic", "gamma")),
        *(f"reg:{name}" for name in ("pseudohubererror", "squaredlogerror", "absoluteerror")),
        "reg:tweedie",
        *(f"survival:{name}" for name in ("aft", "cox")),
        rule=_ask_objective,
    ),
    "num_class": integer(2),
    "base_score": number(0),
    "_kfold": integer(2),
    "_num_cv_round": integer(1),
    "_tuning_objective_metric": one_of(*(f"validation:{name}" for name in _METRICS)),
    "eval_metric": several_of(_Metrics(), _ask_metrics),
    "seed": integer(-(2**31), 2**31 - 1, "()"),
    "num_parallel_tree": integer(1),
    "save_model_on_termination": one_of("true", "false"),
    "aft_loss_distribution": one_of("normal", "logistic", "extreme"),
    "aft_loss_distribution_scale": number(0),
    "deterministic_histogram": one_of("true", "false"),
    "sampling_method": one_of("uniform", "gradient_based"),
    "prob_buffer_row": integer(1.0, None, "("),
    "use_dask_gpu_training": one_of("true", "false"),
    "single_precision_histogram": one_of("true", "false"),
    "silent": integer(0, 1),
}
