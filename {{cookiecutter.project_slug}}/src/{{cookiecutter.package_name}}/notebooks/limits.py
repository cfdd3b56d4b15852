"""What the parameters of the notebooks may be, beyond their types: said before anything starts.

Whether a column is in the data, and the like, is known only where the data is read.
"""

from collections.abc import Callable, Mapping
from typing import Any

from .. import registry
from ..monitoring import past

Values = Mapping[str, Any]  # of all parameters, by name
Limit = Callable[[Any, Values], str]
"""Given a value and those of all parameters: what it must be, as the end of a sentence, or ""."""

PROBLEM_TYPES = ("regression", "binary_classification", "multiclass_classification")
LARGEST = 2**31 - 1  # of a whole number, to XGBoost and to the service
DAY = 24 * 3600


def between(least: int, most: int) -> Limit:
    """A number in a range, ends included."""
    return lambda value, _: "" if least <= value <= most else f"{least:,} to {most:,}"


def at_least(least: int) -> Limit:
    """A number without an upper end."""
    return lambda value, _: "" if value >= least else f"{least:,} or more"


def above_zero(most: float = float("inf")) -> Limit:
    """A number above 0, and not above another one."""
    end = "" if most == float("inf") else f" and {most:g} at most"
    return lambda value, _: "" if 0 < value <= most else f"above 0{end}"


def one_of(*words: str) -> Limit:
    """One of a few words; "" among them may be left empty."""
    shown = ", ".join(word or "empty" for word in words)
    return lambda value, _: "" if value in words else f"one of {shown}"


def given(example: str) -> Limit:
    """Whatever is not empty."""
    return lambda value, _: "" if value.strip() else f"given, such as {example}"


def task(name: str, _: Values) -> str:
    """A task is part of the name of every family's models; ProjectError says of which it cannot."""
    for family in registry.families("both"):
        registry.group_name(family, name)
    return ""


def probability(word: str, _: Values) -> str:
    """A probability as text, or auto."""
    try:
        fits = word == "auto" or 0 < float(word) < 1
    except ValueError:
        fits = False
    return "" if fits else "above 0 and below 1, or auto"


def share(value: float, _: Values) -> str:
    """A share of the rows."""
    return "" if 0 <= value <= 1 else "a share, 0 to 1"


def one_family(name: str, _: Values) -> str:
    """A model family, one of those that ``runtime/models.py`` has."""
    return one_of(*registry.known_families())(name, {})


def gate_on(word: str, values: Values) -> str:
    """The rows of the gate's metric; without folds these can only be the test rows."""
    if word == "validation" and values["validation"] == "holdout":
        return "test, unless `validation` is cross_validation or backtest, which have folds"
    return one_of("test", "validation")(word, values)


def date_column(name: str, values: Values) -> str:
    """A column of dates, where the rows are split by one."""
    by_date = values["split"] == "date" or values["validation"] == "backtest"
    return "" if name.strip() or not by_date else "the name of a column, to split by its dates"


def row_limit(rows: int, values: Values) -> str:
    """So many first rows; hosts that share the files have no first rows in common."""
    shared = rows > 0 and values["processing_instance_count"] > 1
    return "0 where `processing_instance_count` is above 1" if shared else at_least(0)(rows, values)


def deploys(wanted: bool, values: Values) -> str:
    """Only a version that is approved is deployed, and only when it is there."""
    if not wanted:
        return ""
    if values["approval_status"] != registry.APPROVED:
        return "false, unless `approval_status` is Approved: only what is approved is deployed"
    waits = values["start"] and values["wait"]
    return "" if waits else "false, unless the run is started and waited for"


def window(text: str, values: Values) -> str:
    """The newest window of an endpoint, or a past one; batch results have no others than all."""
    if values["batch_results"] and text != past.NEWEST:
        return "newest where `batch_results` is given, of which all are one window"
    try:
        past.read(text)
    except ValueError as error:
        return str(error)
    return ""


def retrain(choice: str, values: Values) -> str:
    """Why a model is retrained, which somebody has to wait for."""
    if choice != "never" and not (values["start"] and values["wait"]):
        return "never, unless the run is started and waited for"
    return one_of("never", "quality", "drift", "now")(choice, values)


def challenger(version: int, values: Values) -> str:
    """A version to compare with; both answers of each request have to be captured."""
    if version and values["capture_percentage"] < 100:
        return "0 where `capture_percentage` is below 100: each answer has to be captured"
    return at_least(0)(version, values)


def machines_at_most(count: int, values: Values) -> str:
    """The upper end of a number of machines."""
    return at_least(values["minimum_instances"])(count, values)


EXPLORING: Mapping[str, Limit] = {
    "problem_type": one_of("", *PROBLEM_TYPES),
    "rows": at_least(0),
    "task": task,
}
SCRIPTS: Mapping[str, Limit] = {"rows": at_least(1), "problem_type": one_of("", *PROBLEM_TYPES)}
TRAINING: Mapping[str, Limit] = {
    "sample_rows": at_least(1),
    "row_limit": row_limit,
    "problem_type": one_of("", *PROBLEM_TYPES),
    "split": one_of("hash", "date"),
    "split_date_column": date_column,
    "validation": one_of("holdout", "cross_validation", "backtest"),
    "folds": between(2, 8),
    "gate_on": gate_on,
    "tune_jobs": at_least(1),
    "tune_parallel": at_least(1),
    "decision_threshold": probability,
    "max_depth": between(1, LARGEST),
    "eta": above_zero(),
    "rounds": between(1, LARGEST),
    "subsample": above_zero(1.0),
    "min_child_weight": at_least(0),
    "alpha": above_zero(),
    "seed": between(0, LARGEST),
    "approval_status": one_of("PendingManualApproval", "Approved"),
    "deploy": deploys,
    "task": task,
    "processing_instance_type": given("ml.m5.large"),
    "processing_instance_count": at_least(1),
    "processing_time_limit": between(1, 5 * DAY),
    "training_instance_type": given("ml.m5.large"),
    "training_instance_count": at_least(1),
    "training_time_limit": between(1, 28 * DAY),
    "parallel_steps": at_least(0),
}
SCORING: Mapping[str, Limit] = {
    "sample_rows": at_least(1),
    "rejects_allowed": share,
    "model_family": one_family,
    "model_version": at_least(0),
    "task": task,
    "instance_type": given("ml.m5.large"),
    "instance_count": at_least(1),
    "requests_at_once": between(0, 16),  # of up to 6 MB; the service allows 100 MB of them
    "time_limit": between(1, 5 * DAY),
}
MONITORING: Mapping[str, Limit] = {
    "window": window,
    "retrain": retrain,
    "retrain_newest": above_zero(0.9),
    "model_family": one_family,
    "model_version": at_least(0),
    "task": task,
    "instance_type": given("ml.m5.large"),
    "time_limit": between(1, 5 * DAY),
}
SERVING: Mapping[str, Limit] = {
    "model_family": one_family,
    "model_version": at_least(0),
    "task": task,
    "instance_type": given("ml.m5.large"),
    "capture_percentage": between(0, 100),
    "requests": at_least(1),
    "challenger": challenger,
    "minimum_instances": at_least(1),
    "maximum_instances": machines_at_most,
    "invocations_per_minute": at_least(1),
}
