"""Pictures of an evaluation: each function draws a part of evaluation.json, as it is.

The figures are SVG once `style.use_svg` was called. A part that is empty (no folds, no slices) is
the caller's to leave out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import BLUE, GREY, ORANGE, draw_confusion

MAX_BARS = 12  # of columns by importance; the rest matters less
MAX_CELLS = 12  # labels of a confusion matrix whose counts are still readable


def diagnostics(evaluation: Mapping[str, Any]) -> Figure:
    """Where the model is right and wrong, as its problem type allows to see."""
    found = evaluation["diagnostics"]
    draw = {
        "regression": (_predicted, _residuals, _deciles),
        "binary_classification": (_confusion, _roc, _precision_recall, _calibration),
        "multiclass_classification": (_confusion, _classes, _calibration),
    }[evaluation["problem_type"]]
    rows = 1 if len(draw) < 4 else 2  # four beside each other are wider than a page
    size = (9.3, 3.1) if rows == 1 else (6.6, 6.2)
    figure, cells = plt.subplots(rows, len(draw) // rows, figsize=size)
    for axes, each in zip(cells.flat, draw, strict=True):
        each(axes, found)
    return figure


def _confusion(axes: Axes, found: Mapping[str, Any]) -> None:
    labels, counts = found["confusion"]["labels"], np.array(found["confusion"]["rows"])
    draw_confusion(axes, labels, counts)
    if len(labels) > MAX_CELLS:
        for text in list(axes.texts):
            text.remove()
    threshold = f", yes above {found['threshold']:.3g}" if "threshold" in found else ""
    axes.set(title=f"Rows{threshold}", xlabel="predicted", ylabel="actual")


def _roc(axes: Axes, found: Mapping[str, Any]) -> None:
    curve = found["roc"]
    axes.plot(curve["false_positive_rate"], curve["true_positive_rate"], color=BLUE)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    axes.set(title="ROC", xlabel="false positive rate", ylabel="true positive rate")


def _precision_recall(axes: Axes, found: Mapping[str, Any]) -> None:
    curve = found["precision_recall"]
    axes.plot(curve["recall"], curve["precision"], color=BLUE)
    chosen = np.searchsorted(-np.array(curve["threshold"]), -found["threshold"]) - 1
    if chosen >= 0:
        axes.plot(curve["recall"][chosen], curve["precision"][chosen], "o", color=ORANGE)
    axes.set(title="Precision and recall", xlabel="recall", ylabel="precision", ylim=(0, 1.05))


def _calibration(axes: Axes, found: Mapping[str, Any]) -> None:
    bins = found["calibration"]
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    axes.plot(bins["predicted"], bins["observed"], "o-", color=BLUE, markersize=4)
    what = found.get("positive", "the predicted class")
    axes.set(title="Calibration", xlabel=f"probability of {what}", ylabel="observed share")


def _classes(axes: Axes, found: Mapping[str, Any]) -> None:
    classes = found["classes"]
    places = np.arange(len(classes))[::-1]
    for name, colour, offset in (("precision", BLUE, 0.19), ("recall", ORANGE, -0.19)):
        values = [each[name] for each in classes.values()]
        axes.barh(places + offset, values, height=0.36, color=colour, label=name)
    axes.set_yticks(places, list(classes))
    axes.set(title="By class", xlim=(0, 1))
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)


def _predicted(axes: Axes, found: Mapping[str, Any]) -> None:
    actual, predicted = found["sample"]["actual"], found["sample"]["predicted"]
    axes.scatter(actual, predicted, s=6, alpha=0.4, color=BLUE, linewidths=0)
    ends = [min(*actual, *predicted), max(*actual, *predicted)]
    axes.plot(ends, ends, color=ORANGE, linewidth=1)
    axes.set(title=f"{len(actual)} rows", xlabel="actual", ylabel="predicted")


def _residuals(axes: Axes, found: Mapping[str, Any]) -> None:
    histogram = found["residuals"]["histogram"]
    axes.stairs(histogram["rows"], histogram["edges"], fill=True, color=BLUE)
    axes.axvline(0, color=ORANGE, linewidth=1)
    axes.set(title="Residuals", xlabel="actual minus predicted", ylabel="rows")
    axes.locator_params(axis="x", nbins=4)


def _deciles(axes: Axes, found: Mapping[str, Any]) -> None:
    tenths = np.arange(1, len(found["deciles"]) + 1)
    axes.bar(tenths, [each["mae"] for each in found["deciles"]], color=BLUE, label="mean size")
    mean = [each["mean_residual"] for each in found["deciles"]]
    axes.plot(tenths, mean, "o-", color=ORANGE, markersize=4, label="mean")
    axes.set(title="Residuals by tenth", xlabel="tenths, from low to high predictions")
    axes.legend(frameon=False)


def importance(evaluation: Mapping[str, Any]) -> Figure:
    """What the model looks at: by shuffling columns, and by how far they move predictions."""
    found = evaluation["importance"]
    titles = {
        "permutation": f"Loss of {found['metric']} when shuffled",
        "shap": "Mean effect on the output (SHAP)",
    }
    bars = min(MAX_BARS, len(found["shap"]))
    figure, cells = plt.subplots(1, 2, figsize=(9.5, 0.9 + 0.24 * bars))
    for axes, (measure, title) in zip(cells, titles.items(), strict=True):
        shown = list(found[measure].items())[:MAX_BARS]
        _bars(axes, [name for name, _ in shown], [value for _, value in shown])
        axes.set_title(title)
    return figure


def reasons(explained: Mapping[str, Any]) -> Figure:
    """Why one record got its prediction: what `importance.explain_record` found."""
    shown = explained["contributions"][:MAX_BARS]
    figure, axes = plt.subplots(figsize=(6.5, 0.9 + 0.24 * len(shown)))
    names = [f"{each['column']} = {each['value'] or '(missing)'}" for each in shown]
    _bars(axes, names, [each["contribution"] for each in shown])
    what = explained["prediction"]
    what = what if isinstance(what, str) else f"{what:,.6g}"
    axes.set(title=f"Why the prediction is {what}", xlabel=f"effect, from {explained['base']:.4g}")
    return figure


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float]) -> None:
    """Horizontal bars from top to bottom, those below zero in another colour."""
    places = np.arange(len(names))[::-1]
    axes.barh(places, values, color=[BLUE if value >= 0 else ORANGE for value in values])
    axes.set_yticks(places, names)
    axes.axvline(0, color=GREY, linewidth=0.8)


def folds(evaluation: Mapping[str, Any], metric: str = "") -> Figure:
    """A metric of each fold with mean and deviation; of a backtest, over time. Empty: primary."""
    summary, metric = evaluation["validation"], metric or evaluation["primary_metric"]
    values = [fold["metrics"][metric] for fold in summary["folds"]]
    over_time = summary["kind"] == "backtest"
    names = [
        f"{fold['first_day']}\nto {fold['last_day']}" if over_time else f"fold {fold['fold']}"
        for fold in summary["folds"]
    ]
    places, over = np.arange(len(values)), summary["metrics"][metric]
    figure, axes = plt.subplots(figsize=(max(4.0, 1.2 * len(values)), 2.6))
    axes.axhspan(over["mean"] - over["std"], over["mean"] + over["std"], color=GREY, alpha=0.2)
    axes.axhline(over["mean"], color=GREY, linewidth=1)
    axes.plot(places, values, "o-" if over_time else "o", color=BLUE)
    axes.set_xticks(places, names)
    axes.set(title=f"{metric}: mean {over['mean']:.4g}, deviation {over['std']:.2g}", ylabel=metric)
    axes.margins(x=0.1, y=0.2)
    return figure


def slices(evaluation: Mapping[str, Any], metric: str = "") -> Figure:
    """A metric by the values of each sliced column, beside that of all rows. Empty: primary."""
    metric = metric or evaluation["primary_metric"]
    overall = evaluation[f"{evaluation['problem_type']}_metrics"][metric]["value"]
    columns = evaluation["slices"]
    heights = [1.0 + 0.24 * len(values) for values in columns.values()]
    figure, cells = plt.subplots(
        len(columns), 1, figsize=(6.5, sum(heights)), height_ratios=heights, squeeze=False
    )
    for axes, (column, values) in zip(cells.flat, columns.items(), strict=True):
        known = {
            name: values[name] for name in sorted(values, key=_order) if metric in values[name]
        }
        places = np.arange(len(known))[::-1]
        axes.plot([each[metric] for each in known.values()], places, "o", color=BLUE)
        axes.axvline(overall, color=GREY, linewidth=1)
        names = [f"{name} ({each['rows']:,} rows)" for name, each in known.items()]
        axes.set_yticks(places, names)
        axes.set(title=f"{metric} by {column}; the line is all rows")
        axes.margins(x=0.1, y=0.2)
    return figure


def _order(name: str) -> tuple[float, str]:
    """Where a slice stands: ranges by the number that they begin with, then others by name."""
    try:
        return float(name.split()[0]), name
    except (ValueError, IndexError):
        return float("inf"), name
