"""Masks as outlines over grey images. Slices are (x, y): x runs right and y runs up, as on the page."""

from collections.abc import Sequence

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle


def grey(ax: Axes, image: np.ndarray, *, spacing: Sequence[float] = (1.0, 1.0), window: tuple[float, float] | None = None):
    """Draw a slice (x, y) in grey, in millimetres, without axes. The window is its 1st to 99.5th percentile."""
    image = np.asarray(image, float)
    low, high = np.percentile(image, (1, 99.5)) if window is None else window
    shown = ax.imshow(image.T, vmin=low, vmax=high, extent=_extent(image.shape, spacing), origin="lower")
    ax.set_axis_off()
    return shown


def outline(ax: Axes, mask: np.ndarray, color: str = "#E69F00", *, spacing: Sequence[float] = (1.0, 1.0),
            width: float = 1.6, halo: float = 1.2, inset: float = 0.0, label: str | None = None) -> None:
    """Draw the edges between voxels where a mask (x, y) begins and ends, over a dark halo.

    `inset` draws the line that share of a voxel inside the edge, so that several raters who agree stay visible.
    """
    lines = edges(mask, inset) * np.asarray(spacing, float)                      # (segments, 2 ends, 2 axes)
    halo_effect = [effects.Stroke(linewidth=width + 2 * halo, foreground="#000000aa"), effects.Normal()] if halo else []
    ax.add_collection(LineCollection(lines, colors=color, linewidths=width, capstyle="projecting",
                                     path_effects=halo_effect, label=label))


def edges(mask: np.ndarray, inset: float = 0.0) -> np.ndarray:
    """The unit edges around a mask (x, y), as (segments, 2 ends, 2 axes) in voxel corners, moved inward by `inset`."""
    m = np.pad(np.asarray(mask, bool), 1)
    lines = []
    for axis in (0, 1):
        for inside, step in ((m & ~np.roll(m, 1, axis), 0), (m & ~np.roll(m, -1, axis), 1)):
            at = np.argwhere(inside) - 1                                          # voxels whose low (high) face is an edge
            start, end = at.astype(float), at.astype(float)
            face = at[:, axis] + step + (inset if step == 0 else -inset)
            start[:, axis] = end[:, axis] = face
            end[:, 1 - axis] += 1
            lines.append(np.stack([start, end], 1))
    return np.concatenate(lines)


def zoom(mask: np.ndarray, *, margin: int = 4, size: int | None = None) -> tuple[slice, ...]:
    """Slices around the voxels of a mask with a margin, cut at the image, `size` voxels wide in every axis if given."""
    where = np.argwhere(mask)
    if len(where) == 0:
        raise ValueError("mask has no voxel to zoom on; give a mask with at least one")
    low, high = where.min(0) - margin, where.max(0) + 1 + margin
    if size is not None:
        low = (low + high - size) // 2
        high = low + size
    return tuple(slice(max(int(a), 0), min(int(b), n)) for a, b, n in zip(low, high, np.shape(mask), strict=True))


def box(ax: Axes, window: tuple[slice, slice], *, spacing: Sequence[float] = (1.0, 1.0), color: str = "#ffffff") -> None:
    """Frame the part of a slice that another panel enlarges."""
    (x, y), (sx, sy) = window, spacing
    ax.add_patch(Rectangle((x.start * sx, y.start * sy), (x.stop - x.start) * sx, (y.stop - y.start) * sy,
                           fill=False, edgecolor=color, linewidth=1.4))


def _extent(shape: tuple[int, int], spacing: Sequence[float]) -> tuple[float, float, float, float]:
    return 0.0, shape[0] * spacing[0], 0.0, shape[1] * spacing[1]
