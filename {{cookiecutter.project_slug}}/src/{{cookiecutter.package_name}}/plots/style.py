"""What the notebooks' plots share: SVG, so that reports stay sharp and open offline; colours."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib_inline.backend_inline import set_matplotlib_formats

BLUE, ORANGE, GREY = "#2f6f9f", "#d9822b", "#8a8f98"


def use_svg() -> None:
    """Show figures as SVG, in one quiet style."""
    set_matplotlib_formats("svg")
    plt.rcParams.update(
        {
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "font.size": 9,
            "axes.titlesize": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "text.parse_math": False,  # two dollar signs in a column's name are no formula
            "svg.hashsalt": "notebook",  # the same plot gives the same file
        }
    )


def draw_confusion(axes: Axes, labels: Sequence[str], counts: np.ndarray) -> AxesImage:
    """Counts of shape (actual, predicted), coloured by their share of the actual class."""
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, f"{count:,}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(labels)), labels, rotation=30)
    axes.set_yticks(range(len(labels)), labels)
    return image
