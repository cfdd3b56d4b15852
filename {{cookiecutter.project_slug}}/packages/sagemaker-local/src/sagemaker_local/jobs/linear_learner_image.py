"""SageMaker's Linear Learner: the same request and answers, with a linear model of scikit-learn.

Sources: the regular expressions are those that a described tuning job of the service has; names of
objectives and of what can be tuned are those of "Tune a linear learner model" in the SageMaker
Developer Guide, which names rmse and roc_auc_score later than that description.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sagemaker_local.algorithms import linear_channels
from sagemaker_local.algorithms.hyperparameters import UserError
from sagemaker_local.algorithms.linear_hyperparameters import EFFECTIVE, validate
from sagemaker_local.jobs.built_in import BuiltIn, Question

_LOSSES = "mse absolute_loss rmse"
_SCORES = (
    "binary_classification_accuracy precision recall roc_auc_score multiclass_accuracy dcg "
    "macro_recall macro_precision"
)
# Names whose lines tell a number after them.
_NUMBERED = {
    "binary_f_beta": r"binary_f_\S+",
    "macro_f_beta": r"macro_f_\S+",
    "multiclass_top_k_accuracy": r"multiclass_top_k_accuracy_\S+",
}
_TUNABLE = "wd l1 learning_rate mini_batch_size use_bias positive_example_weight_mult"
_HOST = r"#quality_metric: host=\S+, "
_WRITTEN = {
    **{name: rf"{name} <loss>" for name in _LOSSES.split()},
    **{name: rf"{name} <score>" for name in _SCORES.split()},
    **{name: rf"{pattern} <score>" for name, pattern in _NUMBERED.items()},
}
_REGEXES = {
    **{
        f"{part}:{name}": re.compile(rf"{_HOST}{part} {written}=(\S+)")
        for part in ("train", "validation", "test")
        for name, written in _WRITTEN.items()
    },
    **{
        f"{part}:objective_loss": re.compile(
            rf"{_HOST}epoch=\S+, {part} \S+_objective <loss>=(\S+)"
        )
        for part in ("train", "validation")
    },
    **{
        f"{part}:objective_loss:final": re.compile(rf"{_HOST}{part} \S+_objective <loss>=(\S+)")
        for part in ("train", "validation")
    },
    "test:objective_loss": re.compile(rf"{_HOST}test \S+_objective <loss>=(\S+)"),
    "train:progress": re.compile(r"#progress_metric: host=\S+, completed (\S+) %"),
}
OBJECTIVES = tuple(
    name for name in _REGEXES if name.startswith(("validation:", "test:")) and name.count(":") == 1
)


def _refusals(question: Question) -> Iterator[str]:
    try:
        validate(question.settings, question.later)
    except UserError as error:
        yield str(error)
    yield from linear_channels.refusals(question.channels)


def _metrics_in(line: str) -> Iterator[tuple[str, float]]:
    if "_metric: host=" not in line:
        return
    for name, regex in _REGEXES.items():
        if found := regex.search(line):
            yield name, float(found[1])


def _line(metric: str) -> str:
    part, _, name = metric.partition(":")
    return f"#quality_metric: host=algo-1, {part} {name} <score>=0.5"


ALGORITHM = BuiltIn(
    name="Linear Learner",
    training="linear_training",
    serving="linear_serving",
    libraries={"scikit-learn": "sklearn", "numpy": "numpy", "scipy": "scipy"},
    objectives=OBJECTIVES,
    tunable=tuple(_TUNABLE.split()),
    refusals=_refusals,
    version=lambda image: "1.0",
    metrics_in=_metrics_in,
    line=_line,
    accept="application/json",
    batch_accept="application/jsonlines",
    says="does not take it",
    notice=(
        "Linear Learner is a linear model of scikit-learn here, not of SageMaker's optimizer: its "
        "numbers differ, SageMaker cannot serve its model.tar.gz, and of the hyperparameters only "
        f"{', '.join(sorted(EFFECTIVE))} have an effect"
    ),
)
