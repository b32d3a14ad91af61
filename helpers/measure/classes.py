"""Probability maps of one class or of K beside their truth, in steps small enough for the cache."""

from collections.abc import Iterator

import numpy as np

from helpers.inputs import as_labels, as_mask, as_probability

CHUNK = 1 << 15  # voxels per step: a dozen temporary arrays of them stay in the cache
SUMS = 1e-3  # how far from 1 the classes of a voxel may sum: rounding down to half precision, and no more


def as_maps(probability, truth) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays, the truth of the shape of `probability` or of one of its K classes; values are not looked at."""
    probability, truth = np.asarray(probability), np.asarray(truth)
    if probability.size == 0:
        raise ValueError(f"probability has shape {probability.shape}, expected at least one voxel.")
    labels = probability.shape[1:] if has_classes(probability) else None
    if truth.shape not in (probability.shape, labels):
        also = f", or {labels} for labels" if labels is not None else ""
        raise ValueError(f"truth has shape {truth.shape}, expected {probability.shape}, as probability{also}.")
    return probability, truth


def has_classes(probability: np.ndarray) -> bool:
    return probability.ndim > 1 and len(probability) > 1


def decisions(probability, truth) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(p, y) step by step, each checked: p (n,) and y (n,) uint8 in {0, 1}, or p (K, n) and labels y (n,)."""
    probability, truth = as_maps(probability, truth)
    if truth.shape == probability.shape:
        for p, y in steps(probability[None], truth[None]):
            yield as_probability(p[0]), as_mask(y[0], name="truth")
    else:
        for p, y in steps(probability, truth[None]):
            yield as_classes(p), as_labels(y, len(p), name="truth")[0]


def steps(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Two stacks over one space, (·, *space), as (·, n) pieces in the order in which `a` lies in memory."""
    space = sorted(range(1, a.ndim), key=lambda axis: -abs(a.strides[axis]))
    a, b = (x.transpose(0, *space).reshape(len(x), -1) for x in (a, b))
    for start in range(0, a.shape[1], CHUNK):
        yield a[:, start : start + CHUNK], b[:, start : start + CHUNK]


def as_classes(p: np.ndarray, *, name: str = "probability") -> np.ndarray:
    """(K, n) probabilities whose classes sum to one at every voxel."""
    p = as_probability(p, name=name)
    total = p.sum(axis=0)
    worst = total[np.abs(total - 1).argmax()]
    if abs(worst - 1) > SUMS:
        raise ValueError(f"{name} sums to {worst:.4g} over the {len(p)} classes of a voxel, expected 1.")
    return p
