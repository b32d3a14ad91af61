"""Gaussian bumps on a grid as smooth basis functions: a bump is a product over the axes, and so is every sum of them.

Phi (n, L) is never stored. It is one small matrix per axis, (n_a, L_a), applied axis by axis.
"""

from dataclasses import dataclass
from math import prod

import numpy as np

GRIDS = ("regular", "staggered")


@dataclass(frozen=True)
class Bases:
    """L functions on the voxels of a region: grids of bumps, each a matrix (n_a, L_a) per axis of the region's box."""

    grids: tuple[tuple[np.ndarray, ...], ...]
    inside: np.ndarray  # (*box) bool: the region

    @property
    def sizes(self) -> list[int]:
        return [prod(axis.shape[1] for axis in axes) for axes in self.grids]

    def evaluate(self, weights: np.ndarray) -> np.ndarray:
        """Phi w: weights (C, L) -> values (C, n) at the voxels of the region."""
        ends = np.cumsum(self.sizes)[:-1]
        values = 0.0
        for axes, part in zip(self.grids, np.split(weights, ends, axis=1), strict=True):
            values = values + _each_axis(part.reshape(-1, *(a.shape[1] for a in axes)), axes)
        return values[:, self.inside]

    def project(self, values: np.ndarray) -> np.ndarray:
        """Phi' v: values (C, n) -> (C, L)."""
        image = np.zeros((len(values), *self.inside.shape))
        image[:, self.inside] = values
        return self._onto(image, lambda axis: axis.T)

    def energies(self) -> np.ndarray:
        """sum_t Phi_l(t)^2 of every function over the region, (L,)."""
        return self._onto(self.inside[None].astype(float), lambda axis: np.square(axis).T)[0]

    def _onto(self, image: np.ndarray, turned) -> np.ndarray:
        return np.concatenate([_each_axis(image, [turned(a) for a in axes]).reshape(len(image), -1)
                               for axes in self.grids], axis=1)  # fmt: skip


def gaussian_bases(
    inside: np.ndarray, spacing: tuple[float, ...], apart: float, width: float, grid: str = "regular"
) -> Bases:
    """Bumps of standard deviation `width` mm on centres `apart` mm from each other, in the middle of a region's box.

    "staggered" adds a second such grid, moved by half of `apart` along every axis. Centres reach one step beyond the
    box. Along each axis the bumps are turned into orthogonal functions that span the same: Phi V with V from the
    singular value decomposition. Weights that are independent N(0, 1 / alpha) are so before and after, and where the
    region is the whole box Phi' Phi is diagonal.
    """
    shifts = (0.0, 0.5) if grid == "staggered" else (0.0,)
    grids = []
    for shift in shifts:
        axes = []
        for n, step in zip(inside.shape, spacing, strict=True):
            bumps = axis_bumps(n, step, apart, width, shift)
            u, values, _ = np.linalg.svd(bumps, full_matrices=False)
            axes.append(u * values)
        grids.append(tuple(axes))
    return Bases(tuple(grids), inside)


def axis_bumps(n: int, step: float, apart: float, width: float, shift: float) -> np.ndarray:
    """exp(-(x - c)^2 / (2 width^2)) for n voxels x and centres c along one axis, (n, L_a)."""
    x = (np.arange(n) - (n - 1) / 2) * step
    reach = np.ceil(x[-1] / apart) + 1
    centres = (np.arange(-reach, reach + 1 - 2 * shift) + shift) * apart
    return np.exp(-np.square((x[:, None] - centres) / width) / 2)


def _each_axis(image: np.ndarray, matrices) -> np.ndarray:
    """(C, m_1, m_2, ...) times a matrix (k_a, m_a) along each axis: (C, k_1, k_2, ...)."""
    for matrix in matrices:
        image = np.tensordot(image, matrix, axes=(1, 1))  # the axis that was first becomes the last
    return image
