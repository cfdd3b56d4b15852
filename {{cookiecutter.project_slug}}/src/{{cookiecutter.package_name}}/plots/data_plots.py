"""Plots of a table's columns, their relation to the target, and of predictions."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import BLUE, GREY, ORANGE, draw_confusion

MAX_POINTS = 2_000  # of a scatter plot; more hide each other
MAX_BARS = 12  # of a categorical column
BINS = 30  # of a histogram, at most
MAX_LABELS = 15  # of a confusion matrix; the rarest of more are one
MAX_EXACT = 1e15  # beyond it, a float has no halves
OTHER = "(other)"
DAYS = "1700-01-01", "2250-12-31"  # the first and last that are drawn; others are drawn there


def _grid(count: int, height: float = 2.2) -> tuple[Figure, list[Axes]]:
    """A figure with a cell for each of `count` plots, three to a row."""
    rows = -(-count // 3)
    figure, axes = plt.subplots(rows, 3, figsize=(9.5, height * rows), squeeze=False)
    cells = list(axes.flat)
    for unused in cells[count:]:
        unused.set_axis_off()
    return figure, cells[:count]


def distributions(frame: pd.DataFrame, columns: Sequence[str]) -> Figure:
    """How often each value occurs: histograms for numbers and dates, bars for categories."""
    figure, cells = _grid(len(columns))
    for axes, name in zip(cells, columns, strict=True):
        values = frame[name].dropna()
        if values.empty:
            axes.text(0.5, 0.5, "no value", ha="center", va="center", color=GREY)
        elif _is_ordered(values):
            axes.hist(_shown(values), bins=_bins(values), color=BLUE)
            axes.set_ylabel("rows")
            if _is_date(values):
                _slant(axes)
            else:
                axes.locator_params(axis="x", nbins=4)
        else:
            counts = values.astype(str).value_counts().head(MAX_BARS)[::-1]
            axes.barh(counts.index, counts, color=BLUE)
            axes.set_xlabel("rows")
            axes.tick_params(axis="y", labelsize=7)
        axes.set_title(name)
    return figure


def _slant(axes: Axes) -> None:
    """Slant the names below an axis, so that long ones do not run into each other."""
    plt.setp(axes.get_xticklabels(), rotation=45, ha="right", rotation_mode="anchor")


def _shown(values: pd.Series) -> pd.Series:
    """Values as they are drawn: without placeholders such as the year 9999, which no axis has."""
    if _is_date(values):
        return values.clip(*(pd.Timestamp(day).as_unit("s") for day in DAYS))
    return values


def _bins(values: pd.Series) -> int | list[float]:
    """The bins of a histogram; of whole numbers each has equally many, or some would look rare."""
    if _is_date(values) or (values % 1).any() or values.abs().max() > MAX_EXACT:
        return BINS
    low, high = int(values.min()), int(values.max())
    width = -(-(high - low + 1) // BINS)
    return [float(edge) for edge in np.arange(low, high + width + 1, width) - 0.5]


def _is_ordered(values: pd.Series) -> bool:
    """Whether a column holds numbers or dates, not categories."""
    return pd.api.types.is_numeric_dtype(values) or _is_date(values)


def _is_date(values: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(values)


def _short(value: float | np.datetime64 | pd.Timestamp) -> str:
    """A number or a date as the name of a group."""
    if isinstance(value, np.datetime64 | pd.Timestamp):
        return str(value)[:7]
    if abs(value) < 1_000:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.0f}"  # a year has no comma


def readable(described: pd.DataFrame) -> pd.DataFrame:
    """A description of columns with four digits of each number, and days without a time."""

    def text(value: object) -> object:
        if isinstance(value, pd.Timestamp):
            return f"{value:%Y-%m-%d}"
        if not isinstance(value, int | float):
            return value
        if np.isnan(value):
            return ""
        if abs(value) >= 10_000:
            return f"{value:,.0f}"
        return f"{value:.0f}" if value % 1 == 0 else f"{value:.4g}"

    return described.map(text)


def target_relation(
    frame: pd.DataFrame, columns: Sequence[str], target: str, regression: bool
) -> Figure:
    """How the target goes with each column: a scatter with its median, or shares of classes."""
    figure, cells = _grid(len(columns), height=2.6)
    for axes, name in zip(cells, columns, strict=True):
        known = frame[[name, target]].dropna()
        axes.set_title(name)
        if known.empty:
            continue
        groups = _groups(known[name])
        if regression:
            _medians(axes, known[target], groups)
            axes.set_ylabel(target)
        else:
            shares = pd.crosstab(groups, _common(known[target]), normalize="index")
            shares.index = pd.Index(_names(shares.index))
            shares.plot.bar(ax=axes, stacked=True, width=0.9, legend=False, colormap="viridis")
            axes.set_ylabel("share of rows")
        axes.set_xlabel("")
        _slant(axes)
    handles, labels = max(
        (axes.get_legend_handles_labels() for axes in cells),
        key=lambda found: len(found[0]),
        default=([], []),
    )
    if not regression and handles:
        figure.legend(handles, labels, title=target, loc="outside upper center", ncols=6)
    return figure


def _groups(values: pd.Series) -> pd.Series:
    """A group for each row: its category, or which tenth of the numbers or dates it is in."""
    if not _is_ordered(values):
        return _common(values)
    if values.nunique() <= MAX_BARS:
        return values
    is_date = _is_date(values)
    ordered = values.astype("datetime64[s]").astype("int64") if is_date else values
    tenths = pd.qcut(ordered, 10, duplicates="drop")
    intervals = list(tenths.cat.categories)
    middles = ordered.groupby(tenths, observed=False).median()
    names = [_short(np.datetime64(int(each), "s") if is_date else each) for each in middles]
    distinct = len(set(names)) == len(names)
    return tenths.cat.rename_categories(names if distinct else [str(each) for each in intervals])


def _common(values: pd.Series) -> pd.Series:
    """Categories, of which the rare ones are one."""
    common = values.value_counts().index[:MAX_BARS]
    return values.where(values.isin(common), OTHER)


def _names(groups: pd.Index) -> list[str]:
    """The names of groups, numbers as short as they can be read."""
    return [group if isinstance(group, str) else _short(group) for group in groups]


def _medians(axes: Axes, target: pd.Series, groups: pd.Series) -> None:
    """Median and middle half of a numeric target in each group."""
    quartiles = target.groupby(groups, observed=True).quantile([0.25, 0.5, 0.75]).unstack()
    places = np.arange(len(quartiles))
    axes.vlines(places, quartiles[0.25], quartiles[0.75], color=GREY, linewidth=5, alpha=0.5)
    axes.plot(places, quartiles[0.5], "o", color=BLUE, markersize=4)
    axes.set_xticks(places, _names(quartiles.index))


def predicted_vs_actual(
    actual: Sequence[float] | Sequence[str],
    predicted: Sequence[float] | Sequence[str],
    target: str,
    unit: str = "",
) -> Figure:
    """How good predictions are: a scatter for numbers, a confusion matrix for labels."""
    if isinstance(predicted[0], str):
        return _confusion(np.array(actual), np.array(predicted), target)
    return _scatter(np.array(actual, float), np.array(predicted, float), target, unit)


def _scatter(actual: np.ndarray, predicted: np.ndarray, target: str, unit: str) -> Figure:
    figure, axes = plt.subplots(figsize=(4.6, 4.2))
    shown = slice(None, None, max(1, len(actual) // MAX_POINTS))
    axes.scatter(actual[shown], predicted[shown], s=6, alpha=0.4, color=BLUE, linewidths=0)
    ends = [min(actual.min(), predicted.min()), max(actual.max(), predicted.max())]
    axes.plot(ends, ends, color=ORANGE, linewidth=1, label="perfect prediction")
    suffix = f" ({unit})" if unit else ""
    axes.set(xlabel=f"actual {target}{suffix}", ylabel=f"predicted {target}{suffix}")
    axes.set_title(f"{target}: predicted against actual, {len(actual):,} rows")
    axes.legend(frameon=False)
    return figure


def _confusion(actual: np.ndarray, predicted: np.ndarray, target: str) -> Figure:
    often = pd.Series(actual).value_counts().index[:MAX_LABELS]
    if len(np.union1d(actual, predicted)) > MAX_LABELS:
        actual, predicted = (np.where(np.isin(x, often), x, OTHER) for x in (actual, predicted))
    labels = [str(label) for label in np.union1d(actual, predicted)]
    counts = np.array([[np.sum((actual == a) & (predicted == p)) for p in labels] for a in labels])
    side = 2.4 + 0.55 * len(labels)
    figure, axes = plt.subplots(figsize=(side + 0.8, side))
    image = draw_confusion(axes, labels, counts)
    axes.set(xlabel=f"predicted {target}", ylabel=f"actual {target}")
    axes.set_title(f"{target}: predicted against actual (rows)")
    figure.colorbar(image, label="share of the actual class", shrink=0.8)
    return figure
