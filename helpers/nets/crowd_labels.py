"""Who labelled what: label images (S, R, *space) of R raters, -1 where a rater gave none."""

from collections.abc import Sequence

import numpy as np

from helpers.inputs import NOT_LOOKED


def as_crowd_labels(labels, classes: int, *, name: str = "labels") -> np.ndarray:
    """Labels (S, R, *space) int8 (int16 beyond 127 classes) in 0..K-1, and -1 where a rater gave none.

    `labels` is such an array, or one entry per rater: his label images (S, *space), or `None` if he labelled nothing.
    """
    if isinstance(labels, Sequence):
        labels = _beside_each_other(labels, name)
    labels = np.asarray(labels)
    if labels.ndim < 3 or labels.size == 0:
        raise ValueError(f"{name} has shape {labels.shape}, expected (S, R, *space).")
    if labels.dtype.kind not in "biu":
        raise ValueError(f"{name} holds {labels.dtype} values, expected bool or integers.")
    low, high = int(labels.min()), int(labels.max())
    if low < NOT_LOOKED or high >= classes:
        raise ValueError(f"{name} holds values from {low} to {high}, expected 0 to {classes - 1}, "
                         "or -1 where a rater gave no label.")
    labels = labels.astype(np.int8 if classes <= 127 else np.int16, copy=False)
    nobody = np.flatnonzero((labels == NOT_LOOKED).reshape(len(labels), -1).all(axis=1))
    if len(nobody):
        raise ValueError(f"{name} of image {nobody[0]} are all -1, expected at least one rater to have labelled it.")
    return labels


def one_label_per_image(labels: np.ndarray, rater: np.ndarray) -> np.ndarray:
    """Keep of the labels (S, R, *space) of image s those of rater[s] (S,), and set the others to -1."""
    labels, rater = np.asarray(labels), np.asarray(rater)
    if rater.shape != labels.shape[:1] or rater.dtype.kind not in "iu":
        raise ValueError(f"rater is {rater.dtype} of shape {rater.shape}, expected one integer for each of the "
                         f"{len(labels)} image(s).")
    raters = labels.shape[1]
    if len(rater) and not (rater.min() >= 0 and rater.max() < raters):
        raise ValueError(f"rater holds values from {rater.min()} to {rater.max()}, expected 0 to {raters - 1}.")
    chosen = (np.arange(len(labels)), rater)
    kept = np.full(labels.shape, NOT_LOOKED, np.int16 if labels.max() > 127 else np.int8)
    kept[chosen] = labels[chosen]
    return kept


def _beside_each_other(labels: Sequence, name: str) -> np.ndarray:
    """One entry (S, *space) per rater, some of them `None`, as (S, R, *space)."""
    given = [np.asarray(entry) for entry in labels if entry is not None]
    if not given:
        raise ValueError(f"{name} holds no labels, expected those of at least one rater.")
    shapes = list(dict.fromkeys(entry.shape for entry in given))
    if len(shapes) > 1:
        raise ValueError(f"{name} holds shapes {shapes[0]} and {shapes[1]}, expected one for all raters.")
    given = iter(given)
    return np.stack([np.full(shapes[0], NOT_LOOKED) if entry is None else next(given) for entry in labels], axis=1)
