"""Scores of a network of chapter 5: Dice case by case, raters' matrices by counting, agreement without truth."""

import numpy as np

from helpers.measure import dice

CLASSES = 2


def confusion(masks: np.ndarray, truth: np.ndarray, classes: int = CLASSES) -> np.ndarray:
    """(R, K, K) of masks (S, R, *space): of the pixels whose truth is j, the share of which rater r says i.

    A truth that never occurs has an even column.
    """
    there = [truth == j for j in range(classes)]
    return np.stack([[[np.mean(said[where] == i) if where.any() else 1 / classes for where in there]
                      for i in range(classes)] for said in masks.swapaxes(0, 1)])


def agreement(mask: np.ndarray, labels: np.ndarray) -> float:
    """Mean over raters and classes of how often a rater says what the network says, on images held out: no truth in it.

    mask (S, H, W), labels (S, R, H, W). A class that the network never names counts as one half.
    """
    shares = []
    for by in labels.swapaxes(0, 1):
        for j in range(CLASSES):
            there = (mask == j) & (by >= 0)
            shares.append((by[there] == j).mean() if there.any() else 0.5)
    return float(np.mean(shares))


def plain_agreement(mask: np.ndarray, labels: np.ndarray) -> float:
    """Mean over raters of how often a rater says what the network says, on images held out: a vote, and no truth in it.

    A rater who labelled none of them is left out.
    """
    shares = [(mask == by)[by >= 0].mean() for by in labels.swapaxes(0, 1) if (by >= 0).any()]
    return float(np.mean(shares))


def mean_dice(masks: np.ndarray, others: np.ndarray, cases: np.ndarray) -> float:
    """Mean Dice of the cases, masks (S, H, W), case of each (S,); two empty masks have 1."""
    pairs = [(masks[cases == case], others[cases == case]) for case in np.unique(cases)]
    return float(np.mean([dice(a, b) if a.any() or b.any() else 1.0 for a, b in pairs]))
