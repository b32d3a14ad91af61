"""How much R raters agree. For binary masks all of it follows from one (R, R) matrix of shared voxels."""

from collections.abc import Callable

import numpy as np

from helpers.inputs import as_labels, as_masks, as_rows
from helpers.measure.overlap import dice

CHUNK = 1 << 17  # voxels per step: their bits, R / 8 as many bytes, stay in the cache


def intersections(masks) -> np.ndarray:
    """G[i, j] = voxels in both mask i and mask j, (R, R) int64, with the sizes on the diagonal."""
    return _shared(as_rows(as_masks(masks, at_least=2)))


def _shared(rows: np.ndarray) -> np.ndarray:
    """`intersections` of checked masks (R, N): one read, 64 voxels to the word, then AND and count bits."""
    shared = np.zeros((len(rows), len(rows)), np.int64)
    for start in range(0, rows.shape[1], CHUNK):
        bits = np.packbits(np.ascontiguousarray(rows[:, start : start + CHUNK]), axis=1)
        bits = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8))).view(np.uint64)  # (R, words)
        for i in range(len(rows)):
            shared[i, i:] += np.bitwise_count(bits[i] & bits[i:]).sum(axis=1, dtype=np.int64)
    return shared + np.triu(shared, 1).T


def pairwise(masks, measure: Callable = dice) -> np.ndarray:
    """measure(mask i, mask j) for every pair of raters, (R, R) float64.

    `dice` comes from one read of the masks; any other measure is called for all R * R ordered pairs.
    """
    masks = as_masks(masks, at_least=2)
    if measure is not dice:
        return np.array([[measure(a, b) for b in masks] for a in masks], dtype=float)
    shared = intersections(masks)
    sizes = np.diag(shared)
    total = sizes[:, None] + sizes
    return np.where(total == 0, 1.0, 2 * shared / np.maximum(total, 1))


def generalised_dice(masks) -> float:
    """One Dice for R raters (Crum, Camara and Hill 2006, one label, all pairs alike): 1.0 if all are empty.

    2 sum_{i<j} |M_i & M_j| / sum_{i<j} (|M_i| + |M_j|)
    """
    shared = intersections(masks)
    sizes = np.trace(shared)
    return float((shared.sum() - sizes) / ((len(shared) - 1) * sizes)) if sizes else 1.0


def fleiss_kappa(masks, *, n_classes: int = 2) -> float:
    """Agreement of R raters beyond chance, kappa = (P - P_e) / (1 - P_e) (Fleiss 1971).

    P is the chance that two different raters give a voxel the same label, P_e that chance if everybody drew
    labels at random with their overall shares p_k: P_e = sum p_k^2. `masks` is (R, *space) in 0..n_classes-1.
    If every label is the same, P = P_e = 1 and kappa would be 0/0: it is 1.0, as Dice of two empty masks is.
    """
    if n_classes == 2:
        together, labels = _same_label_binary(as_masks(masks, at_least=2))
    else:
        together, labels = _same_label(as_labels(masks, n_classes, name="masks", at_least=2), n_classes)
    total = sum(labels)
    if total in labels:
        return 1.0
    by_chance = sum((n / total) ** 2 for n in labels)
    return (together - by_chance) / (1 - by_chance)


def _same_label_binary(masks: np.ndarray) -> tuple[float, list[int]]:
    """P and how often each label was given, from the shared voxels alone: |i| + |j| - 2 G_ij differ."""
    raters, voxels = len(masks), masks[0].size
    shared = _shared(as_rows(masks))
    ones = int(np.trace(shared))
    differ = 2 * (raters * ones - int(shared.sum()))  # summed over ordered pairs of raters
    return 1 - differ / (voxels * raters * (raters - 1)), [raters * voxels - ones, ones]


def _same_label(labels: np.ndarray, n_classes: int) -> tuple[float, list[int]]:
    """P and how often each label was given, class by class: n_k raters make n_k (n_k - 1) agreeing pairs."""
    raters, voxels = len(labels), labels[0].size
    agreeing, given = 0, []
    for k in range(n_classes):
        votes = np.bincount(np.count_nonzero(labels == k, axis=0).ravel(), minlength=raters + 1)
        n = np.arange(raters + 1)
        agreeing += int(votes @ (n * (n - 1)))
        given.append(int(votes @ n))
    return agreeing / (voxels * raters * (raters - 1)), given
