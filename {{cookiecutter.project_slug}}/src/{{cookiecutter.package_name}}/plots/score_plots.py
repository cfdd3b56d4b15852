"""Pictures of batch scoring: how predictions are distributed, beside those of the test rows."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import BLUE, GREY, ORANGE

MAX_REASONS = 8
MAX_LABELS = 12


def predictions(summary: Mapping[str, Any]) -> Figure:
    """The distribution of predictions, and, where there are any, the rejects by reason."""
    parts = 2 if summary["reasons"] else 1
    figure, cells = plt.subplots(1, parts, figsize=(4.6 * parts, 3.1), squeeze=False)
    draw = _labels if summary["classes"] else _numbers
    draw(cells[0, 0], summary["predictions"], summary["reference"])
    if summary["reasons"]:
        _reasons(cells[0, 1], summary["reasons"])
    return figure


def _numbers(axes: Axes, new: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    for name, found, colour in (("test rows", before, GREY), ("new data", new, BLUE)):
        if found.get("quantiles"):
            shares = np.linspace(0, 1, len(found["quantiles"]))
            axes.plot(found["quantiles"], shares, color=colour, label=name)
    axes.set(title="Predictions", xlabel="prediction", ylabel="share of rows up to it")
    axes.legend()


def _labels(axes: Axes, new: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    shares = new["labels"]
    labels = sorted(shares, key=lambda each: -shares[each])[:MAX_LABELS]
    places = np.arange(len(labels))
    known = [("test rows", before, GREY, -0.2), ("new data", new, BLUE, 0.2)]
    for name, found, colour, shift in known:
        if found.get("labels"):
            heights = [found["labels"].get(label, 0.0) for label in labels]
            axes.bar(places + shift, heights, 0.38, color=colour, label=name)
    axes.set_xticks(places, labels, rotation=30 if len(labels) > 3 else 0)
    axes.set(title="Predictions", ylabel="share of rows")
    axes.legend()


def _reasons(axes: Axes, reasons: Mapping[str, int]) -> None:
    names = list(reasons)[:MAX_REASONS][::-1]
    axes.barh(names, [reasons[name] for name in names], color=ORANGE)
    axes.set(title="Rejected records", xlabel="records")
