"""Counting patterns: R raters with few possible answers make few different voxels, so count each kind once.

Three steps: `pack` what the raters say into one integer per voxel, `count` the patterns that occur, and when a method
has found a value for every pattern, `look_up` that value for every voxel. Counts are integers: those of parts add to
those of the whole, bit for bit, so a volume can be counted in slabs, and a cohort case by case.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from helpers.fusion.packing import CHUNK, WORD, Packed, pack

__all__ = ["Packed", "Patterns", "count", "look_up", "pack"]

TABLE_BITS = 16  # up to here a table holds every possible pattern; beyond, np.unique finds those that occur
BLOCK = 1 << 21  # codes sorted at a time
MOST = 1 << 27  # numbers in a table of patterns times raters: 1 GiB


@dataclass(frozen=True)
class Patterns:
    """Which patterns occur, and how often. `a + b` are the patterns of two parts together."""

    codes: np.ndarray  # (P,) uint64, rising
    counts: np.ndarray  # (P,) int64
    bits: tuple[int, ...]  # per rater

    def __add__(self, other: "Patterns") -> "Patterns":
        if self.bits != other.bits:
            raise ValueError(f"other has {other.bits} bits per rater, expected {self.bits}, those of the first part.")
        codes, where = np.unique(np.concatenate([self.codes, other.codes]), return_inverse=True)
        counts = np.zeros(len(codes), np.int64)
        np.add.at(counts, where, np.concatenate([self.counts, other.counts]))
        return Patterns(codes, counts, self.bits)

    @property
    def values(self) -> np.ndarray:
        """What each rater says in each pattern, (P, R) uint8; who did not look has all his bits set."""
        if len(self.codes) * len(self.bits) > MOST:
            raise ValueError(
                f"masks hold {len(self.codes)} different patterns of {len(self.bits)} answers, expected at most "
                f"{MOST // len(self.bits)}, which is what a gigabyte takes."
            )
        starts = np.cumsum((0, *self.bits[:-1])).astype(np.uint64)
        answers = np.array([(1 << bits) - 1 for bits in self.bits], np.uint64)
        return (self.codes[:, None] >> starts & answers).astype(np.uint8)


def count(packed: Packed) -> Patterns:
    """How many voxels show each pattern."""
    total = sum(packed.bits)
    if total <= TABLE_BITS:
        table = np.zeros(1 << total, np.int64)
        for codes in _blocks(packed):
            table += np.bincount(codes, minlength=len(table))
        table[0] = 0
        found = Patterns(np.flatnonzero(table).astype(np.uint64), table[table > 0], packed.bits)
    else:
        found = Patterns(np.empty(0, np.uint64), np.empty(0, np.int64), packed.bits)
        for codes in _blocks(packed):
            codes, counts = np.unique(codes[codes > 0], return_counts=True)
            found += Patterns(codes.astype(np.uint64), counts, packed.bits)
    zeros = prod(packed.shape) - int(found.counts.sum())  # whatever is left, stored or not, is pattern 0
    return Patterns(np.zeros(1, np.uint64), np.array([zeros]), packed.bits) + found if zeros else found


def _blocks(packed: Packed) -> Iterator[np.ndarray]:
    """The stored codes, some chunks at a time, so that a large table is not gone through for a few voxels."""
    waiting, voxels = [], 0
    for _, _, codes in packed.chunks:
        waiting.append(codes.ravel())
        voxels += codes.size
        if voxels >= BLOCK:
            yield np.concatenate(waiting)
            waiting, voxels = [], 0
    if waiting:
        yield np.concatenate(waiting)


def look_up(packed: Packed, patterns: Patterns, values: np.ndarray, *, dtype=np.float32) -> np.ndarray:
    """The value of every voxel's pattern: (*space) from values (P,), (K, *space) from values (P, K).

    `patterns` may be those of more than was packed; one that was never counted becomes nan.
    """
    values = np.asarray(values)
    columns = values.reshape(len(patterns.codes), -1).T  # (K, P)
    bits, stored = sum(packed.bits), sum(codes.size for *_, codes in packed.chunks)
    of_all = bits <= TABLE_BITS or 1 << bits <= stored  # one entry per possible code, or per known one
    table = np.full((len(columns), 1 << bits if of_all else len(patterns.codes) + 1), np.nan, dtype)
    table[:, patterns.codes.astype(np.intp) if of_all else slice(-1)] = columns
    voxels = prod(packed.shape)
    images = np.empty((len(columns), -(-voxels // WORD), WORD), dtype)  # (K, words, 8)
    images[:] = table[:, :1, None]
    for start, where, codes in packed.chunks:
        index = codes.astype(np.intp) if of_all else _rank(patterns.codes, codes)
        for image, entries in zip(images, table, strict=True):
            image[start : start + CHUNK // WORD][where] = entries[index]
    return _in_place(images.reshape(len(columns), -1)[:, :voxels], packed, values.shape[1:])


def _rank(known: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Where each code stands among the known ones; one that is not known stands behind the last."""
    rank = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    return np.where(known[rank] == codes, rank, len(known))


def _in_place(rows: np.ndarray, packed: Packed, leading: tuple[int, ...]) -> np.ndarray:
    """(K, N) voxels in the order of memory -> (K, *space), or (*space)."""
    images = rows.reshape(len(rows), *(packed.shape[axis] for axis in packed.axes))
    images = images.transpose(0, *(1 + axis for axis in np.argsort(packed.axes)))
    return images if leading else images[0]
