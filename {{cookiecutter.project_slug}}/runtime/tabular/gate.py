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
        raise DataError("--gate-on validation needs folds; give the folder of their --summary")
    return {}


def compare(
    metric: str, challenger: Mapping[str, float], champion: Mapping[str, float]
) -> dict[str, float]:
    """The primary metric of both, and by how much the challenger is better (no champion: 0)."""
    value = challenger[metric]
    best = champion.get(metric, value)
    margin = best - value if metric in metrics.MINIMIZED else value - best
    return {"value": value, "champion_value": best, "champion_margin": margin}


def values(
    compared: Mapping[str, float], metric: str, on: str, summary: Mapping[str, Any], missed: str
) -> dict[str, Any]:
    """The values that the pipeline's conditions read.

    Args:
        compared: challenger and champion, always on the test rows.
        metric: the primary one.
        on: "test" or "validation", where the value comes from: the test rows or the folds' mean.
        summary: of the folds.
        missed: a sentence on slices that miss their bounds, or "".
    """
    value = compared["value"] if on == "test" else summary["metrics"][metric]["mean"]
    ok = 0.0 if missed else 1.0
    return {**compared, "value": value, "on": on, "slices_ok": ok, "slices_message": missed}
