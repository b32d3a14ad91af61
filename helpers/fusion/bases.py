"""Gaussian bumps on a grid as smooth basis functions: a bump is a product over the axes, and so is every sum of them.

Phi (n, L) is never stored. It is one small matrix per axis, (n_a, L_a), applied axis by axis.
"""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

GRIDS = ("regular", "staggered")
MOST = 2500  # functions that are made orthogonal over the region: it takes the eigenvectors of Phi' Phi
SEEN = 1e-13  # of the most energy; a function with less is 0 in the region


@dataclass(frozen=True)
class Bases:
    """L functions on the voxels of a region: grids of bumps, each a matrix (n_a, L_a) per axis of the region's box."""

    grids: tuple[tuple[np.ndarray, ...], ...]
    inside: np.ndarray  # (*box) bool: the region
    turn: np.ndarray | None = None  # (functions of the grids, L): the L functions are these mixtures of them

    @property
    def sizes(self) -> list[int]:
        return [prod(axis.shape[1] for axis in axes) for axes in self.grids]

    def evaluate(self, weights: np.ndarray) -> np.ndarray:
        """Phi w: weights (C, L) -> values (C, n) at the voxels of the region."""
        weights = weights if self.turn is None else weights @ self.turn.T
        ends = np.cumsum(self.sizes)[:-1]
        values = 0.0
        for axes, part in zip(self.grids, np.split(weights, ends, axis=1), strict=True):
            values = values + _each_axis(part.reshape(-1, *(a.shape[1] for a in axes)), axes)
        return values.reshape(len(values), -1)[:, np.flatnonzero(self.inside)]

    def project(self, values: np.ndarray) -> np.ndarray:
        """Phi' v: values (C, n) -> (C, L)."""
        image = np.zeros((len(values), self.inside.size))
        image[:, np.flatnonzero(self.inside)] = values
        image = image.reshape(-1, *self.inside.shape)
        found = [_each_axis(image, [a.T for a in axes]).reshape(len(image), -1) for axes in self.grids]
        found = np.concatenate(found, axis=1)
        return found if self.turn is None else found @ self.turn

    def products(self) -> np.ndarray:
        """Phi' Phi of the functions of the grids, (L, L): a product of two bumps is again one factor per axis."""
        inside = self.inside[None].astype(float)
        return np.block([[_products(inside, one, other) for other in self.grids] for one in self.grids])

    def energies(self) -> np.ndarray:
        """sum_t Phi_l(t)^2 of every function over the region, (L,)."""
        if self.turn is not None:
            return np.einsum("kl,kl->l", self.turn, self.products() @ self.turn)
        inside = self.inside[None].astype(float)
        return np.concatenate([_each_axis(inside, [np.square(a).T for a in axes]).ravel() for axes in self.grids])


def gaussian_bases(
    inside: np.ndarray, spacing: tuple[float, ...], apart: float, width: float, grid: str = "regular"
) -> Bases:
    """Bumps of standard deviation `width` mm on centres `apart` mm from each other, in the middle of a region's box.

    "staggered" adds a second such grid, moved by half of `apart` along every axis. Centres reach one step beyond the
    box. Along each axis the bumps are turned into orthogonal functions that span the same: Phi V with V from the
    singular value decomposition; up to `MOST` of them are turned once more, so that they are orthogonal over the
    region itself. Weights that are independent N(0, 1 / alpha) are so before and after.
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
    bases = Bases(tuple(grids), inside)
    if sum(bases.sizes) > MOST:
        return bases
    energies, turn = np.linalg.eigh(bases.products())
    return replace(bases, turn=turn[:, energies > SEEN * energies[-1]])


def axis_bumps(n: int, step: float, apart: float, width: float, shift: float) -> np.ndarray:
    """exp(-(x - c)^2 / (2 width^2)) for n voxels x and centres c along one axis, (n, L_a)."""
    x = (np.arange(n) - (n - 1) / 2) * step
    reach = np.floor(x[-1] / apart) + 1
    centres = (np.arange(-reach, reach + 1 - 2 * shift) + shift) * apart
    return np.exp(-np.square((x[:, None] - centres) / width) / 2)


def _products(inside: np.ndarray, one, other) -> np.ndarray:
    """sum_t Phi_l(t) Phi_k(t) over the region (1, *box) for all l of one grid and k of another."""
    pairs = [(a[:, :, None] * b[:, None]).reshape(len(a), -1).T for a, b in zip(one, other, strict=True)]
    sizes = [n for a, b in zip(one, other, strict=True) for n in (a.shape[1], b.shape[1])]
    order = [*range(0, len(sizes), 2), *range(1, len(sizes), 2)]
    table = _each_axis(inside, pairs).reshape(sizes).transpose(order)
    return table.reshape(prod(sizes[::2]), -1)


def _each_axis(image: np.ndarray, matrices) -> np.ndarray:
    """(C, m_1, m_2, ...) times a matrix (k_a, m_a) along each axis: (C, k_1, k_2, ...). The last axis first."""
    for axis, matrix in reversed(list(enumerate(matrices, start=1))):
        lead, tail = image.shape[:axis], image.shape[axis + 1 :]
        if tail:
            image = matrix @ image.reshape(-1, image.shape[axis], prod(tail))
        else:
            image = image.reshape(-1, image.shape[axis]) @ matrix.T
        image = image.reshape(*lead, len(matrix), *tail)
    return image
