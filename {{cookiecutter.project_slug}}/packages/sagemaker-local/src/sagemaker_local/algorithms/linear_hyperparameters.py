"""The hyperparameters of SageMaker's Linear Learner algorithm.

Source: "Linear learner hyperparameters" in the SageMaker Developer Guide. The image's own words
about a wrong one are not public.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .hyperparameters import Hyperparameter, Interval, UserError, integer, number, validated

REGRESSOR, BINARY, MULTICLASS = "regressor", "binary_classifier", "multiclass_classifier"
AUTO = "auto"
# The first is what ``auto`` means.
LOSSES = {
    REGRESSOR: (
        "squared_loss",
        "absolute_loss",
        "eps_insensitive_squared_loss",
        "eps_insensitive_absolute_loss",
        "quantile_loss",
        "huber_loss",
    ),
    BINARY: ("logistic", "hinge_loss"),
    MULTICLASS: ("softmax_loss",),
}
CRITERIA = (
    "accuracy",
    "f1",
    "f_beta",
    "precision_at_target_recall",
    "recall_at_target_precision",
    "cross_entropy_loss",
    "loss_function",
)
# Those that a result here depends on; the others belong to the service's way to train.
_TOLD = (
    "l1",
    "wd",
    "normalize_data",
    "normalize_label",
    "use_bias",
    "loss",
    "loss_insensitivity",
    "huber_delta",
    "quantile",
    "positive_example_weight_mult",
    "balance_multiclass_weights",
    "binary_classifier_model_selection_criteria",
    "target_precision",
    "target_recall",
    "f_beta",
)
EFFECTIVE = ("predictor_type", "num_classes", "feature_dim", "accuracy_top_k", *_TOLD)


@dataclass(frozen=True)
class _Or:
    """Some texts, or a number between two ends."""

    texts: tuple[str, ...]
    interval: Interval

    def __contains__(self, value: Any) -> bool:
        return value in self.texts or (not isinstance(value, str) and value in self.interval)

    def __str__(self) -> str:
        return f"{', '.join(self.texts)} or {self.interval}"


def _or(read: Callable[[str], Any], interval: Interval, *texts: str) -> Hyperparameter:
    known = texts or (AUTO,)
    return Hyperparameter(lambda text: text if text in known else read(text), _Or(known, interval))


def _one_of(*values: str, required: bool = False) -> Hyperparameter:
    """A text, in small letters as the SDK's ``True`` is read, too."""
    return Hyperparameter(str.lower, list(values), required=required)


_POSITIVE, _NOT_BELOW_0 = Interval(0, None, "("), Interval(0)
_SHARE = Interval(0, 1)
_FLAG = _one_of("true", "false")
_AUTO_FLAG = _one_of(AUTO, "true", "false")
KNOWN: dict[str, Hyperparameter] = {
    "predictor_type": _one_of(*LOSSES, required=True),
    "num_classes": integer(3, 1_000_000),
    "accuracy_top_k": integer(1),
    "balance_multiclass_weights": _FLAG,
    "beta_1": _or(float, _SHARE),
    "beta_2": _or(float, _SHARE),
    "bias_lr_mult": _or(float, _POSITIVE),
    "bias_wd_mult": _or(float, _NOT_BELOW_0),
    "binary_classifier_model_selection_criteria": _one_of(*CRITERIA),
    "early_stopping_patience": integer(1),
    "early_stopping_tolerance": number(0, None, "("),
    "epochs": integer(1),
    "f_beta": number(0, None, "("),
    "feature_dim": _or(int, Interval(1)),
    "huber_delta": number(0, None, "("),
    "init_bias": number(),
    "init_method": _one_of("uniform", "normal"),
    "init_scale": number(0, None, "("),
    "init_sigma": number(0, None, "("),
    "l1": _or(float, _NOT_BELOW_0),
    "learning_rate": _or(float, _POSITIVE),
    "loss": _one_of(AUTO, *(loss for losses in LOSSES.values() for loss in losses)),
    "loss_insensitivity": number(0, None, "("),
    "lr_scheduler_factor": _or(float, _SHARE),
    "lr_scheduler_minimum_lr": _or(float, _POSITIVE),
    "lr_scheduler_step": _or(int, Interval(1)),
    "margin": number(0, None, "("),
    "mini_batch_size": integer(1),
    "momentum": _or(float, _SHARE),
    "normalize_data": _AUTO_FLAG,
    "normalize_label": _AUTO_FLAG,
    "num_calibration_samples": _or(int, Interval(1)),
    "num_models": _or(int, Interval(1)),
    "num_point_for_scaler": integer(1),
    "optimizer": _one_of(AUTO, "sgd", "adam", "rmsprop"),
    "positive_example_weight_mult": _or(float, _POSITIVE, AUTO, "balanced"),
    "quantile": number(0, 1, "()"),
    "target_precision": number(0, 1),
    "target_recall": number(0, 1),
    "unbias_data": _AUTO_FLAG,
    "unbias_label": _AUTO_FLAG,
    "use_bias": _AUTO_FLAG,
    "use_lr_scheduler": _FLAG,
    "wd": _or(float, _NOT_BELOW_0),
    # What a search adds.
    "_tuning_objective_metric": Hyperparameter(str, _Or((), Interval())),
}
_DEFAULTS = {
    "loss": AUTO,
    "l1": AUTO,
    "wd": AUTO,
    "use_bias": "true",
    "normalize_data": "true",
    "normalize_label": AUTO,
    "accuracy_top_k": 3,
    "f_beta": 1.0,
    "huber_delta": 1.0,
    "loss_insensitivity": 0.01,
    "quantile": 0.5,
    "target_precision": 0.8,
    "target_recall": 0.8,
    "mini_batch_size": 1000,
    "feature_dim": AUTO,
    "positive_example_weight_mult": 1.0,
    "balance_multiclass_weights": "false",
    "binary_classifier_model_selection_criteria": "accuracy",
}


def validate(given: Mapping[str, Any], later: Collection[str] = ()) -> dict[str, Any]:
    """The values of a training job's hyperparameters, with defaults for those that count here.

    Args:
        given: their texts.
        later: names whose texts are not known yet.

    Raises:
        UserError: the first thing that is wrong.
    """
    asked = {name: text for name, text in given.items() if name != "_tuning_objective_metric"}
    values = {**_DEFAULTS, **validated(asked, KNOWN, {}, later)}
    kind, loss = values.get("predictor_type"), values["loss"]
    if kind == MULTICLASS and "num_classes" not in {*values, *later}:
        raise UserError("Missing required hyperparameter: num_classes, of a multiclass_classifier")
    if kind in LOSSES and "loss" not in later:
        if loss not in (AUTO, *LOSSES[kind]):
            known = ", ".join((AUTO, *LOSSES[kind]))
            raise UserError(f"Hyperparameter loss: {loss} is none of a {kind}'s: {known}")
        values["loss"] = LOSSES[kind][0] if loss == AUTO else loss
    return values
