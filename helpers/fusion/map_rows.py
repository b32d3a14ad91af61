"""Stacks of probability maps as rows of voxels in the order of memory, and back."""

from dataclasses import dataclass

import numpy as np

from helpers.fusion.link import to_link

CHUNK = 1 << 18  # voxels


@dataclass(frozen=True)
class MapRows:
    rows: np.ndarray  # (R, n), or (R, K, n): a view of the maps unless these have gaps
    shape: tuple[int, ...]  # of space, its axes as they lie in memory
    axes: tuple[int, ...]

    def image(self, rows: np.ndarray) -> np.ndarray:
        """(..., n) -> (..., *space)."""
        lead = rows.ndim - 1
        return rows.reshape(*rows.shape[:-1], *self.shape).transpose(*range(lead), *(lead + np.argsort(self.axes)))

    def where(self, region, least: float) -> np.ndarray:
        """The voxels of a region; "disputed" are those where two maps of a class differ by more than `least`."""
        if not isinstance(region, str):
            return np.flatnonzero(region.transpose(self.axes))
        n = self.rows.shape[-1]
        if region == "all":
            return np.arange(n)
        found = []
        for start in range(0, n, CHUNK):
            apart = np.ptp(self.rows[..., start : start + CHUNK], axis=0)
            found.append(start + np.flatnonzero((apart if apart.ndim == 1 else apart.max(axis=0)) > least))
        return np.concatenate(found)

    def points(self, where: np.ndarray, link: str) -> np.ndarray:
        """The maps at some voxels as points of the link, (R, C, n) float64."""
        points = []
        for of_rater in self.rows:
            p = of_rater[..., where].astype(float)
            points.append(to_link(np.stack([1 - p, p]) if p.ndim == 1 else p, link))
        return np.stack(points)


def map_rows(maps: np.ndarray, space: tuple[int, ...]) -> MapRows:
    lead = maps.ndim - len(space)
    axes = tuple(sorted(range(len(space)), key=lambda axis: -abs(maps.strides[lead + axis])))
    rows = maps.transpose(*range(lead), *(lead + axis for axis in axes)).reshape(*maps.shape[:lead], -1)
    return MapRows(rows, tuple(space[axis] for axis in axes), axes)
