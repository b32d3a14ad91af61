"""Checks of chapter 1: what raters disagree about."""

import numpy as np

from helpers.show.checks.verdict import call, check


def _dice_of_spheres(radius: float, offset: float) -> float:
    """Dice of a sphere and the concentric sphere drawn `offset` wider, chapter 1 eq. (1.10)."""
    return 2 * radius**3 / (radius**3 + (radius + offset) ** 3)


@check
def small_lesion(answer):
    """Exercise 1.1: the pair (Dice of the small lesion, Dice of the large one)."""
    small, large = (float(v) for v in answer)
    if not (0 <= small <= 1 and 0 <= large <= 1):
        return f"Dice lies between 0 and 1, and you gave {small:g} and {large:g}"
    if small >= large:
        return "the extra shell is 1 mm thick on both lesions: on which of them is it the larger share of the volume?"
    for name, value, radius in (("small", small, 2.0), ("large", large, 10.0)):
        if abs(value - _dice_of_spheres(radius, 1.0)) > 0.08:
            return (f"the {name} lesion's Dice is more than 0.08 off: compare the volumes "
                    f"{radius:g} cubed and {radius + 1:g} cubed")
    return None


@check
def leave_one_out(majority_without):
    """Exercise 1.2: a function (masks, r) -> majority of the raters other than r, as bools."""
    rng = np.random.default_rng(11)
    for raters in (3, 4, 7):
        masks = (rng.random((raters, 6, 5)) < 0.5).astype(np.uint8)
        for r in range(raters):
            got = np.asarray(call(majority_without, masks.copy(), r))
            if got.shape != masks.shape[1:]:
                return f"the result has shape {got.shape}; the masks of one rater have shape {masks.shape[1:]}"
            others = np.delete(masks, r, 0).sum(0)
            want = others > (raters - 1) / 2
            if np.array_equal(got, want):
                continue
            if np.array_equal(got, masks.sum(0) > raters / 2):
                return f"rater {r} still votes on their own consensus"
            if np.array_equal(got, others > raters / 2):
                return f"{raters - 1} raters are left, so the majority is more than {(raters - 1) / 2:g} votes"
            if np.array_equal(got, others >= (raters - 1) / 2):
                return "a tie is not a majority: ask for more than half of the votes"
            return f"with {raters} raters, voxels differ from the majority of the others when r = {r}"
    return None


@check
def outlier(answer):
    """Exercise 1.3: what one gross outlier does to (mean Dice of pairs, Dice of union and truth, of majority)."""
    words = ("collapses", "drops", "holds")
    said = tuple(str(word).strip().lower() for word in answer)
    if len(said) != 3 or not set(said) <= set(words):
        return f"answer with three of the words {', '.join(words)}; you gave {answer!r}"
    hints = ("6 of the 21 pairs contain the outlier, the other 15 do not change",
             "every voxel the outlier marks is in the union, whatever the other six say",
             "four of seven votes decide, and the six who are right still have theirs")
    for got, expected, hint in zip(said, ("drops", "collapses", "holds"), hints, strict=True):
        if got != expected:
            return f"{got!r} is not what the cell prints: {hint}"
    return None


@check
def offset_from_dice(offset):
    """Exercise 1.4: a function (dice, radius) -> how far outside the second sphere was drawn, in mm."""
    for radius, truth in ((2.0, 1.0), (5.0, 0.5), (10.0, 2.0), (3.0, 0.0)):
        got = float(call(offset, _dice_of_spheres(radius, truth), radius))
        if abs(got - truth) <= 1e-6:
            continue
        if abs(got - (truth + radius)) <= 1e-6:
            return "that is the radius of the wider sphere; subtract the radius of the first"
        return (f"for two spheres of radius {radius:g} and {radius + truth:g} mm you find an offset of {got:.3f} mm "
                f"where it is {truth:g} mm")
    return None
