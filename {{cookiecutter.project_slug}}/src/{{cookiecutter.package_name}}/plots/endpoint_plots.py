"""Plots of an endpoint: how long it takes to answer, and whether a challenger agrees."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ..endpoints import shadow
from ..endpoints.latency import PERCENTILES
from .style import BLUE, GREY, ORANGE, draw_confusion

if TYPE_CHECKING:
    import pandas as pd


def latency(measured: Mapping[str, Sequence[float]]) -> Figure:
    """For each series the share of requests that were answered within so many milliseconds."""
    figure, axes = plt.subplots(figsize=(7, 3))
    colours = [BLUE, ORANGE, GREY]
    for colour, (name, taken) in zip(colours, measured.items(), strict=False):
        shares = np.arange(1, len(taken) + 1) / len(taken) * 100
        axes.step(np.sort(taken), shares, where="post", color=colour, label=name)
    for share in PERCENTILES:
        axes.axhline(share, color=GREY, linewidth=0.5, linestyle=":")
    axes.set_yticks([0, *PERCENTILES])
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(
        lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in "25" else ""
    )
    axes.set_xlabel("milliseconds, as the client sees it")
    axes.set_ylabel("% of requests answered")
    axes.legend(loc="lower right", frameon=False)
    return figure


def comparison(compared: "pd.DataFrame") -> Figure:
    """The challenger's answers against the champion's; see ``shadow.answers``."""
    champion, challenger = compared[shadow.CHAMPION], compared[shadow.CHALLENGER]
    figure, axes = plt.subplots(figsize=(4.2, 3.6))
    if shadow.is_number(compared):
        same = shadow.agree(compared).to_numpy()
        ends = [min(champion.min(), challenger.min()), max(champion.max(), challenger.max())]
        axes.plot(ends, ends, color=GREY, linewidth=0.8, zorder=0)
        for colour, label, chosen in ((BLUE, "agree", same), (ORANGE, "differ", ~same)):
            points = (champion[chosen], challenger[chosen])
            axes.scatter(*points, s=10, alpha=0.7, color=colour, label=label)
        axes.legend(frameon=False)
        axes.set(xlabel=shadow.CHAMPION, ylabel=shadow.CHALLENGER)
    else:
        here, there = champion.astype(str), challenger.astype(str)
        labels = sorted({*here, *there})
        places = {label: place for place, label in enumerate(labels)}
        counts = np.zeros((len(labels), len(labels)), dtype=int)
        np.add.at(counts, (here.map(places).to_numpy(), there.map(places).to_numpy()), 1)
        draw_confusion(axes, labels, counts)
        axes.set(xlabel=shadow.CHALLENGER, ylabel=shadow.CHAMPION)
    return figure
