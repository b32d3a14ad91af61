"""What R raters say at a voxel as one integer, eight voxels at a time.

Rater r's answer sits in its own few bits of the integer. Masks are bytes, so eight voxels of one mask are one
uint64; if all raters say 0 at all eight, all those words are zero and the eight voxels are not stored at all.
"""

from dataclasses import dataclass

import numpy as np

from helpers.inputs import as_rows

WORD = 8  # voxels in a uint64
CHUNK = 1 << 16  # voxels per step: what is made of them stays in the cache


@dataclass(frozen=True)
class Packed:
    """The patterns of all voxels, but for the words of eight voxels whose pattern is 0."""

    shape: tuple[int, ...]  # (*space)
    axes: tuple[int, ...]  # the axes of space as they lie in memory, slowest first
    bits: tuple[int, ...]  # per rater
    chunks: list[tuple[int, np.ndarray | slice, np.ndarray]]  # first word, which words from there, (words, 8) codes


def pack(*stacks: np.ndarray, bits: tuple[int, ...] | None = None) -> Packed:
    """Stacks of answers (R_i, *space), checked integers, as one pattern per voxel; -1 sets all bits of a rater.

    `bits[i]` is how many bits an answer of stack i takes: 1 for binary masks, which is the default.
    """
    bits = bits or (1,) * len(stacks)
    first = stacks[0]
    per_rater = tuple(b for b, stack in zip(bits, stacks, strict=True) for _ in stack)
    if sum(per_rater) > 64:
        raise ValueError(
            f"masks has shape {first.shape}: {len(first)} raters, expected (R, *space), raters first, with at most "
            f"{(64 - sum(per_rater[len(first) :])) // bits[0]} of them at {bits[0]} bit(s) each."
        )
    axes = tuple(sorted(range(first.ndim - 1), key=lambda axis: -abs(first.strides[axis + 1])))
    memory = (0, *(axis + 1 for axis in axes))
    rows = [as_rows(first), *(s.transpose(memory).reshape(len(s), -1) for s in stacks[1:])]  # (R_i, N)
    dtype = np.dtype(f"u{next(size for size in (1, 2, 4, 8) if sum(per_rater) <= 8 * size)}")
    chunks = []
    for start in range(0, rows[0].shape[1], CHUNK):
        words = [_words(row[:, start : start + CHUNK]) for row in rows]
        said = np.bitwise_or.reduce(words[0], axis=0)
        for other in words[1:]:
            said |= np.bitwise_or.reduce(other, axis=0)
        where: np.ndarray | slice = np.flatnonzero(said != 0)
        if len(where):
            where = where if 2 * len(where) < len(said) else slice(None)
            chunks.append((start // WORD, where, _codes([w[:, where] for w in words], bits, dtype)))
    return Packed(first.shape[1:], axes, per_rater, chunks)


def _words(rows: np.ndarray) -> np.ndarray:
    """(R, n) integers -> (R, n / 8) uint64, filled up with zeros if 8 does not divide n."""
    rows = rows.astype(np.uint8, copy=False)  # -1 becomes 255: all bits set
    if rows.shape[1] % WORD:
        rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % WORD)))
    if rows.strides[1] != 1:
        rows = np.ascontiguousarray(rows)
    words = rows.view(np.uint64)
    return words if words.flags.aligned else words.copy()


def _codes(stacks: list[np.ndarray], bits: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Words of each stack, (R_i, w) uint64 -> (w, 8) codes: every answer is shifted to its own bits."""
    codes, shift = np.zeros((), np.uint64), 0
    for stack, b in zip(stacks, bits, strict=True):
        answer = np.uint64(0x0101010101010101 * ((1 << b) - 1))
        for row in stack:
            said = (row & answer).view(np.uint8).astype(dtype, copy=False).view(np.uint64)
            codes = codes | said << np.uint64(shift)  # no answer leaves its voxel: it has the bits for it
            shift += b
    return codes.view(dtype).reshape(-1, WORD)
