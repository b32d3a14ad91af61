"""Masks as outlines over grey images. Slices are (x, y): x runs right and y runs up, as on the page."""

from collections.abc import Sequence

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

_DIRECTIONS = ((1, 0), (0, 1), (-1, 0), (0, -1))


def grey(ax: Axes, image: np.ndarray, *, spacing: Sequence[float] = (1.0, 1.0),
         window: tuple[float, float] | None = None) -> AxesImage:
    """Draw a slice (x, y) in grey, in millimetres, without axes. The window is its 1st to 99.5th percentile."""
    image = np.asarray(image, float)
    low, high = np.percentile(image, (1, 99.5)) if window is None else window
    shown = ax.imshow(image.T, vmin=low, vmax=high, extent=_extent(image.shape, spacing), origin="lower")
    ax.set_axis_off()
    return shown


def outline(ax: Axes, mask: np.ndarray, color: str = "#E69F00", *, spacing: Sequence[float] = (1.0, 1.0),
            width: float = 1.8, halo: float = 0.9, inset: float = 0.0, label: str | None = None) -> None:
    """Draw the border between the voxels inside and outside a mask (x, y), over a dark halo.

    `inset` draws the line that share of a voxel inside the border, so that several raters who agree stay visible.
    """
    halo_effect = [effects.Stroke(linewidth=width + 2 * halo, foreground="#000000aa"), effects.Normal()] if halo else []
    loops = [loop * np.asarray(spacing, float) for loop in borders(mask, inset)]
    ax.add_collection(PolyCollection(loops, facecolors="none", edgecolors=color, linewidths=width, joinstyle="miter",
                                     path_effects=halo_effect, label=label))


def tint(ax: Axes, mask: np.ndarray, color: str, *, spacing: Sequence[float] = (1.0, 1.0), alpha: float = 0.55) -> None:
    """Lay a transparent colour over the voxels of a mask (x, y)."""
    layer = np.zeros((*np.shape(mask)[::-1], 4))
    layer[np.asarray(mask, bool).T] = to_rgba(color, alpha)
    ax.imshow(layer, extent=_extent(np.shape(mask), spacing), origin="lower")


def borders(mask: np.ndarray, inset: float = 0.0) -> list[np.ndarray]:
    """The closed borders of a mask (x, y): one (corners, 2) array of voxel corners per loop, moved inward by `inset`.

    Every unit edge runs with the mask on its left; where two voxels touch at a corner only, they stay apart.
    """
    padded = np.pad(np.asarray(mask, bool), 1)
    follow = {}                                                             # start and direction of an edge -> its end
    for dx, dy in _DIRECTIONS:
        inside = padded & ~np.roll(padded, (-dy, dx), (0, 1))               # nothing to the right of this direction
        corner = (int(dx - dy < 0), int(dx + dy < 0))                       # where that edge of voxel (0, 0) starts
        for x, y in np.argwhere(inside) - 1:
            follow[(x + corner[0], y + corner[1], dx, dy)] = (x + corner[0] + dx, y + corner[1] + dy)
    loops = []
    while follow:
        start = edge = next(iter(follow))
        loop = []
        while edge in follow:
            x, y = follow.pop(edge)
            dx, dy = edge[2:]
            turns = ((x, y, -dy, dx), (x, y, dx, dy), (x, y, dy, -dx))      # left first: diagonal voxels stay apart
            edge = next((turn for turn in turns if turn in follow), start)
            if edge[2:] != (dx, dy):                                        # a corner: inward of both its edges
                loop.append((x + inset * (-dy - edge[3]), y + inset * (dx + edge[2])))
        loops.append(np.array(loop, float))
    return loops


def zoom(mask: np.ndarray, *, margin: int = 4, size: int | None = None) -> tuple[slice, ...]:
    """Slices around the voxels of a mask with a margin, cut at the image, `size` voxels wide in every axis if given."""
    where = np.argwhere(mask)
    if len(where) == 0:
        raise ValueError("mask has no voxel to zoom on, expected at least one")
    low, high = where.min(0) - margin, where.max(0) + 1 + margin
    if size is not None:
        low = (low + high - size) // 2
        high = low + size
    return tuple(slice(max(int(a), 0), min(int(b), n)) for a, b, n in zip(low, high, np.shape(mask), strict=True))


def box(ax: Axes, window: tuple[slice, slice], *, spacing: Sequence[float] = (1.0, 1.0),
        color: str = "#ffffff") -> None:
    """Frame the part of a slice that another panel enlarges."""
    (x, y), (sx, sy) = window, spacing
    ax.add_patch(Rectangle((x.start * sx, y.start * sy), (x.stop - x.start) * sx, (y.stop - y.start) * sy,
                           fill=False, edgecolor=color, linewidth=1.4))


def _extent(shape: tuple[int, int], spacing: Sequence[float]) -> tuple[float, float, float, float]:
    return 0.0, shape[0] * spacing[0], 0.0, shape[1] * spacing[1]
