"""Draw the picture of the first page: nine embedded nodules, four radiologists each.

    python scripts/cover.py book/_static/cover.png

The nine lie evenly between the least and the middling agreement of the hundred: agreement alone makes a dull picture.
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from helpers.data import lidc
from helpers.show.style import GROUND, RATERS, style

COLORS = [RATERS[k] for k in (0, 1, 2, 6)]
GREYS = ("#ededea", "#dededa", "#cdcdc8", "#b9b9b3")   # marked by one, two, three, four


def fullest_slice(masks: np.ndarray) -> np.ndarray:
    """(4, x, y, z) -> (4, x, y): the slice with most marked voxels."""
    return masks[..., int(np.argmax(masks.sum((0, 1, 2))))]


def share_agreed(slices: np.ndarray) -> float:
    """Pixels that all four marked, over those that any marked."""
    return slices.all(0).sum() / slices.any(0).sum()


def draw(ax: plt.Axes, slices: np.ndarray) -> None:
    slices = np.pad(slices, ((0, 0), (4, 4), (4, 4))).astype(float)            # room for the lines
    ax.contourf(slices.sum(0).T, levels=np.arange(0.5, 5), colors=GREYS)
    for mask, color in zip(slices, COLORS, strict=True):
        ax.contour(mask.T, levels=[0.5], colors=[color], linewidths=2.2)
    marked = np.argwhere(slices.any(0))
    centre, half = (marked.min(0) + marked.max(0)) / 2, 0.62 * np.ptp(marked, axis=0).max() + 1
    ax.set(xlim=centre[0] + [-half, half], ylim=centre[1] + [-half, half], aspect="equal")
    ax.set_axis_off()


def main(path: str) -> None:
    style()
    slices = [s for s in map(fullest_slice, (case.raters for case in lidc())) if all(mask.any() for mask in s)]
    slices.sort(key=share_agreed)
    figure, axes = plt.subplots(3, 3, figsize=(6, 6), dpi=150, layout="none")
    for ax, k in zip(axes.flat, np.linspace(3, 0.6 * len(slices), 9).astype(int), strict=True):
        draw(ax, slices[k])
    figure.subplots_adjust(0.01, 0.01, 0.99, 0.99, 0.02, 0.02)
    figure.savefig(path, facecolor=GROUND, metadata={"Software": None})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
