"""What the gate asks of an evaluation: how good, better than the champion, no slice left behind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import job, metrics
from .values import DataError


def read_summary(folder: str, needed: bool) -> dict[str, Any]:
    """The summary of the folds, empty without one; DataError when it is needed."""
    if folder and Path(folder, "summary.json").is_file():
        return job.read_json(Path(folder), "summary.json")
    if needed:
        raise DataError(
            "`gate_on` is validation, but there are no folds; set `validation` to cross_validation"
        )
    return {}


def compare(
    metric: str, challenger: Mapping[str, float], champion: Mapping[str, float]
) -> dict[str, float]:
    """The primary metric of both, and by how much the challenger is better (no champion: 0)."""
    value = challenger[metric]
    best = champion.get(metric, value)
    margin = _better_by(metric, value, best)
    return {"value": value, "champion_value": best, "champion_margin": margin}


def _better_by(metric: str, value: float, other: float) -> float:
    """By how much a value of a metric is better than another; negative: worse."""
    return other - value if metric in metrics.MINIMIZED else value - other


def values(
    compared: Mapping[str, float],
    metric: str,
    on: str,
    summary: Mapping[str, Any],
    missed: str,
    threshold: float | None = None,
) -> dict[str, Any]:
    """The values that the pipeline's condition reads, and the gate's sentence.

    Args:
        compared: challenger and champion, always on the test rows.
        metric: the primary one.
        on: "test" or "validation", where the value comes from: the test rows or the folds' mean.
        summary: of the folds.
        missed: a sentence on slices that miss their bounds, or "".
        threshold: what the value must reach; None: nothing.
    """
    value = compared["value"] if on == "test" else summary["metrics"][metric]["mean"]
    asked = {
        **compared,
        "value": value,
        "on": on,
        "threshold": threshold,
        "slices_ok": 0.0 if missed else 1.0,
        "slices_message": missed,
    }
    return {**asked, "message": sentence(metric, asked)}


def sentence(metric: str, asked: Mapping[str, Any]) -> str:
    """Which questions of the gate were missed, and by how much; or that none was."""
    value, threshold, margin = asked["value"], asked["threshold"], asked["champion_margin"]
    missed = []
    if threshold is not None:
        margin_over = _better_by(metric, value, threshold)
        if not margin_over >= 0:  # nor is a value that is no number good enough
            missed.append(f"misses MetricThreshold {threshold:.6g} by {-margin_over:.6g}")
    if not margin >= 0:
        best = asked["champion_value"]
        missed.append(f"is worse on the test rows than the champion's {best:.6g} by {-margin:.6g}")
    if asked["slices_message"]:
        missed.append(f"is not enough: {asked['slices_message']}")
    mean = " as the mean of the folds" if asked["on"] == "validation" else ""
    return f"{metric} {value:.6g}{mean} {', and '.join(missed) or 'passes the gate'}"
