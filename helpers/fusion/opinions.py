"""Soft opinions as patterns: where raters use few different values, few different voxels are left to compute."""

from dataclasses import dataclass
from math import prod

import numpy as np

from helpers.fusion.packing import CHUNK, Packed, pack
from helpers.fusion.patterns import Patterns, count, look_up
from helpers.inputs import as_probability, as_rows

MOST_LEVELS = 256  # different values that are told apart; with more, every voxel is a pattern of its own


@dataclass(frozen=True)
class Opinions:
    """The different voxels of a stack of soft opinions. Voxels where all opinions are 0 are the first pattern."""

    q: np.ndarray  # (P, R) float64
    counts: np.ndarray  # (P,) int64
    space: tuple[int, ...]
    axes: tuple[int, ...]  # the axes of space as they lie in memory
    where: np.ndarray  # (n,) voxels in memory with an opinion above 0
    packed: Packed | None  # of these voxels; None if each is a pattern of its own
    patterns: Patterns | None

    def image(self, values: np.ndarray, dtype) -> np.ndarray:
        """values (P,) -> (*space)."""
        image = np.full(prod(self.space), values[0], dtype)
        each = self.packed is None
        image[self.where] = values[1:] if each else look_up(self.packed, self.patterns, values[1:], dtype=dtype)
        image = image.reshape([self.space[axis] for axis in self.axes])
        return image.transpose(np.argsort(self.axes))


def as_soft(soft, *, name: str = "soft") -> np.ndarray:
    """A stack of soft opinions (R, *space) in [0, 1]."""
    try:
        soft = np.asarray(soft)
    except ValueError:  # numpy refuses ragged lists
        raise ValueError(f"{name} holds arrays of unequal shape, expected one shape for all raters.") from None
    soft = as_probability(soft, name=name)
    if soft.ndim < 2:
        raise ValueError(f"{name} has shape {soft.shape}, expected (R, *space): soft opinions of each rater.")
    return soft


def opinions(soft: np.ndarray) -> Opinions:
    """Checked opinions (R, *space), sorted into patterns and counted."""
    axes = tuple(sorted(range(soft.ndim - 1), key=lambda axis: -abs(soft.strides[axis + 1])))
    rows = as_rows(soft)  # (R, N)
    parts = [slice(start, start + CHUNK) for start in range(0, rows.shape[1], CHUNK)]
    where = np.concatenate([np.flatnonzero(rows[:, part].max(axis=0)) + part.start for part in parts])
    zeros = rows.shape[1] - len(where)
    said = rows[:, where]  # (R, n)
    levels = _levels(said)
    packed = patterns = None
    bits = 0 if levels is None else (len(levels) - 1).bit_length()
    if 0 < bits * len(rows) <= 64:
        packed = pack(np.stack([np.searchsorted(levels, row).astype(np.uint8) for row in said]), bits=(bits,))
        patterns = count(packed)
        q, counts = levels[patterns.values], patterns.counts
    else:
        q, counts = said.T, np.ones(len(where), np.int64)
    q = np.concatenate([np.zeros((1, len(rows))), q])
    return Opinions(q, np.concatenate([[zeros], counts]), soft.shape[1:], axes, where, packed, patterns)


def _levels(said: np.ndarray) -> np.ndarray | None:
    """The different values, rising, from 0; None if they are too many."""
    levels = np.zeros(1, said.dtype)
    for start in range(0, said.shape[1], CHUNK):
        part = said[:, start : start + CHUNK]
        rank = np.minimum(np.searchsorted(levels, part), len(levels) - 1)
        unseen = part[levels[rank] != part]
        if unseen.size:
            levels = np.union1d(levels, unseen)
        if len(levels) > MOST_LEVELS:
            return None
    return levels
