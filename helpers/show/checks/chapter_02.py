"""Checks of chapter 2: soft dilation masks."""

import numpy as np

from helpers.show.checks.verdict import call, check


def _distances(mask: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Distance in mm of every voxel to the nearest voxel of the mask, by trying all pairs."""
    inside = np.argwhere(mask) * np.asarray(spacing)
    everywhere = np.argwhere(np.ones(mask.shape)) * np.asarray(spacing)
    return np.linalg.norm(everywhere[:, None] - inside[None], axis=-1).min(1).reshape(mask.shape)


def _masks():
    """(mask, ratio, spacing): two masks in 2-D, one in 3-D with thick slices, one without a voxel."""
    rng = np.random.default_rng(2)
    yield (rng.random((9, 8)) < 0.3).astype(np.uint8), 1.5, (1.0, 1.0)
    block = np.zeros((12, 11), np.uint8)
    block[4:8, 4:7] = 1
    yield block, 1.55, (1.0, 2.5)
    block = np.zeros((8, 8, 6), np.uint8)
    block[2:6, 3:5, 2:4] = 1
    yield block, 1.7, (1.0, 1.0, 3.0)
    yield np.zeros((5, 5), np.uint8), 1.2, (1.0, 1.0)


def _nearest_first(chosen: np.ndarray, mask: np.ndarray, spacing: tuple[float, ...]) -> bool:
    """No voxel left out is nearer than one that was chosen."""
    left = (mask == 0) & ~chosen
    if not chosen.any() or not left.any():
        return True
    distance = _distances(mask, spacing)
    return distance[chosen].max() <= distance[left].min() + 1e-6


@check
def nearest_rim(rim):
    """Exercise 2.2: a function (mask, ratio, spacing) -> the rim without an image, chapter 2 eq. (2.1)."""
    for mask, ratio, spacing in _masks():
        got = np.asarray(call(rim, mask.copy(), ratio, spacing))
        if got.shape != mask.shape:
            return f"the rim has shape {got.shape}, expected {mask.shape} like the mask"
        if not np.isin(got, (0, 1)).all():
            return "the rim is a mask: True or False, 1 or 0"
        chosen, n = got.astype(bool), int(mask.sum())
        if chosen[mask == 1].any():
            return "some voxels of the mask are in your rim; it lies outside"
        k = round((ratio - 1) * n)
        if chosen.sum() != k:
            count = int(chosen.sum())
            why = {min(round(ratio * n), mask.size - n): "the rim alone, without the mask, holds (c - 1) n voxels",
                   int((ratio - 1) * n): "round to the nearest whole number, do not cut off"}
            return why.get(count, f"a mask of {n} voxels at {ratio:g} gets {k} rim voxels, yours has {count}")
        if not _nearest_first(chosen, mask, spacing):
            if _nearest_first(chosen, mask, (1.0,) * mask.ndim):
                return "it is right for voxels of 1 mm; use the spacing"
            return f"for shape {mask.shape} a voxel is left out that is nearer than one you took"
    return None


@check
def gamma_effect(answer):
    """Exercise 2.1: what a larger gamma does to (recall, precision, Dice) of the solved network, by rater A1."""
    words = ("up", "down", "same")
    said = tuple(str(word).strip().lower() for word in answer) if isinstance(answer, tuple | list) else ()
    if len(said) != 3 or not set(said) <= set(words):
        return f"answer with three of the words {', '.join(words)}; you gave {answer!r}"
    hints = ("a rim voxel now asks to be marked, and some of what is marked with it is A1's",
             "what comes in has a smaller chance of being in A1's mask than what was in already",
             "gamma = 0 makes this very Dice as large as it can be")
    for name, got, expected, hint in zip(("recall", "precision", "Dice"), said, ("up", "down", "down"), hints,
                                         strict=True):
        if got != expected:
            return f"{name} does not go {got!r}: {hint}" if got != "same" else f"{name} does not stay: {hint}"
    return None


def _soft_dice(soft: np.ndarray, prediction: np.ndarray) -> float:
    return 2 * np.sum(soft * prediction) / (np.sum(soft) + np.sum(prediction))


def _best(soft: np.ndarray) -> float:
    """The largest soft Dice over all predictions: mark the k voxels with the largest labels, for every k."""
    ordered = np.sort(soft.ravel())[::-1]
    return float((2 * np.cumsum(ordered) / (ordered.sum() + np.arange(1, ordered.size + 1))).max())


@check
def best_prediction(predict):
    """Exercise 2.3: a function (soft) -> the P in [0, 1] with the largest soft Dice, chapter 2 eq. (2.5)."""
    rng = np.random.default_rng(3)
    maps = [rng.random(40), rng.random((6, 7)) ** 4, np.array([1, 1, 1, 1, 0.3, 0.3, 0.0, 0.0]),
            np.array([0.2, 0.3, 0.3, 0.1, 0.05, 0.0])]
    for soft in maps:
        got = np.asarray(call(predict, soft.copy()), float)
        if got.shape != soft.shape:
            return f"P has shape {got.shape}, expected {soft.shape} like the soft labels"
        if not (got.min() >= 0 and got.max() <= 1):
            return f"P holds values from {got.min():g} to {got.max():g}, expected [0, 1]"
        reached, best = _soft_dice(soft, got), _best(soft)
        if reached >= best - 1e-9:
            continue
        for wrong, hint in ((soft, "P equal to the soft labels is not the best: compare it with a P of zeros and ones"),
                            (soft > 0.5, "the cut is not at one half, it is at half of the Dice reached"),
                            (soft > 0, "a voxel with a small soft label costs more than it brings"),
                            (soft > best, "the cut is at half of the Dice reached, not at the Dice")):
            if np.array_equal(got, np.asarray(wrong, float)):
                return hint
        return f"on soft labels of shape {soft.shape} you reach {reached:.4f}, the best is {best:.4f}"
    return None


@check
def rim_of_what(answer):
    """Exercise 2.4: (whether a rim per "mask" or "lesion" holds more lesion, the ratio that comes nearest to 0.3)."""
    per = str(answer[0]).strip().lower() if isinstance(answer, tuple | list) and len(answer) == 2 else ""
    if per not in ("mask", "lesion"):
        return f'answer with "mask" or "lesion" and a ratio, as in ("lesion", 1.1); you gave {answer!r}'
    if per != "mask":
        return "run the cell with both, at one ratio, and compare the shares of lesion"
    if float(answer[1]) != 1.2:
        return f"at {float(answer[1]):g} the mean truth is further from 0.3 than at another of the four ratios"
    return None


@check
def switch_gamma(switch):
    """Exercise 2.5: a function (ratio) -> the gamma from which a perfect network marks the rim, eqs. (2.6), (2.7)."""
    for ratio in (1.2, 1.4, 2.0, 3.0):
        a = ratio - 1
        got, want = float(call(switch, ratio)), (np.sqrt(1 + a) - 1) / a
        if abs(got - want) <= 1e-6:
            continue
        for wrong, hint in (
            (0.5, "that is half of a Dice of 1, and with a soft rim left out the Dice is below 1"),
            ((-np.sqrt(1 + a) - 1) / a, "a quadratic has two roots; take the one between 0 and 1"),
            ((np.sqrt(1 + ratio) - 1) / ratio, "the rim has ratio - 1 times the voxels of the mask, not ratio times"),
            (1 / (2 + a), "that is d/2 for a gamma of 1; gamma itself is in the Dice that is reached"),
        ):
            if abs(got - wrong) <= 1e-6:
                return hint
        return f"for a ratio of {ratio:g} you give {got:.4f}: there marking the rim and leaving it out are not equal"
    return None
