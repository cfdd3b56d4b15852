"""Pictures of monitoring: how far each column of a window is from the baseline."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from .style import GREY, ORANGE

MOST = 15


def drift(comparisons: pd.DataFrame) -> Figure:
    """The effect of each comparison; what drifted stands out.

    Args:
        comparisons: ``column``, ``kind``, ``effect`` and ``drifted``, the most changed first.
    """
    shown = comparisons.head(MOST)[::-1]
    names = [
        f"{each.column} (missing)" if each.kind == "missing" else str(each.column)
        for each in shown.itertuples()
    ]
    colours = [ORANGE if drifted else GREY for drifted in shown["drifted"]]
    figure, axes = plt.subplots(figsize=(6.4, 0.9 + 0.26 * len(shown)))
    axes.barh(names, shown["effect"], color=colours)
    axes.set(title="Distance from the baseline", xlabel="effect; drifted in orange")
    axes.set_xlim(0, max(0.1, 1.05 * shown["effect"].max() if len(shown) else 0.1))
    return figure
