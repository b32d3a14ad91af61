"""Checks of chapter 1: what raters disagree about."""

import numpy as np

from helpers.show.checks.verdict import call, check


def _dice_of_balls(radius: float, offset: float) -> float:
    """Dice of a ball and the concentric ball drawn `offset` wider, chapter 1 eq. (1.11)."""
    return 2 * radius**3 / (radius**3 + (radius + offset) ** 3)


def _surface_distances(a: np.ndarray, b: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Distance of every surface voxel of a to the nearest one of b, by trying all pairs."""
    forth, back = _surface_points(a, spacing), _surface_points(b, spacing)
    return np.linalg.norm(forth[:, None] - back[None], axis=-1).min(1)


def _surface_points(mask: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """(n, ndim) places in mm of the voxels of a mask with a face neighbour outside it."""
    padded = np.pad(mask, 1)
    inside = np.all([np.roll(padded, step, axis) for axis in range(mask.ndim) for step in (-1, 1)], axis=0)
    return (np.argwhere((padded == 1) & ~inside) - 1) * np.asarray(spacing)


def _of_all_voxels(a: np.ndarray, b: np.ndarray, spacing: tuple[float, ...], q: float) -> float:
    """The wrong answer that takes every voxel of one mask to the surface of the other."""
    def one_way(a, b):
        points = np.argwhere(a) * np.asarray(spacing)
        rim = _surface_points(b, spacing)
        return np.percentile(np.linalg.norm(points[:, None] - rim[None], axis=-1).min(1), q)
    return max(one_way(a, b), one_way(b, a))


def _pairs_of_masks():
    """(a, b, spacing): two pairs of scattered masks, a thick one inside another, two thick ones that overlap."""
    rng = np.random.default_rng(11)
    for shape, spacing in (((7, 6), (1.0, 1.0)), ((6, 5), (3.0, 0.5))):
        yield *(rng.random((2, *shape)) < 0.35).astype(np.uint8), spacing
    a, b = np.zeros((2, 9, 9, 8), np.uint8)
    a[1:8, 1:8, 1:7] = b[2:7, 3:7, 2:5] = 1
    yield a, b, (1.0, 2.0, 0.7)
    a, b = np.zeros((2, 12, 9), np.uint8)
    a[0:6, 0:8] = b[2:12, 1:7] = 1
    yield a, b, (1.0, 1.0)


def _to_the_mask(a: np.ndarray, b: np.ndarray, spacing: tuple[float, ...], q: float) -> float:
    """The wrong answer for which a surface voxel inside the other mask is at distance 0."""
    forth, back = _surface_distances(a, b, spacing), _surface_distances(b, a, spacing)
    inside = [other[tuple(np.rint(_surface_points(one, (1.0,) * one.ndim)).astype(int).T)] == 1
              for one, other in ((a, b), (b, a))]
    return max(np.percentile(np.where(i, 0, d), q) for i, d in zip(inside, (forth, back), strict=True))


@check
def small_lesion(answer):
    """Exercise 1.1: the pair (Dice of the small lesion, Dice of the large one)."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return f"answer with two numbers, as in (0.9, 0.95); you gave {answer!r}"
    small, large = (float(v) for v in answer)
    if not (0 <= small <= 1 and 0 <= large <= 1):
        return f"Dice lies between 0 and 1, and you gave {small:g} and {large:g}"
    if small >= large:
        return "the extra shell is 1 mm thick on both lesions: on one of them it is a larger share of the volume"
    for name, value, radius in (("small", small, 2.0), ("large", large, 10.0)):
        if abs(value - _dice_of_balls(radius, 1.0)) > 0.08:
            return (f"the {name} lesion's Dice is more than 0.08 off: compare the volumes "
                    f"{radius:g} cubed and {radius + 1:g} cubed")
    return None


@check
def hausdorff(distance):
    """Exercise 1.2: a function (a, b, spacing, q) -> HD_q in mm, chapter 1 eq. (1.4)."""
    for a, b, spacing in _pairs_of_masks():
        forth, back = _surface_distances(a, b, spacing), _surface_distances(b, a, spacing)
        for q in (100, 95, 50):
            got = float(call(distance, a.copy(), b.copy(), spacing, q))
            want = max(np.percentile(forth, q), np.percentile(back, q))
            if np.isclose(got, want):
                continue
            plain = [_surface_distances(x, y, (1.0,) * a.ndim) for x, y in ((a, b), (b, a))]
            for wrong, hint in (
                (max(np.percentile(d, q) for d in plain), "it is right for voxels of 1 mm; use the spacing"),
                (max(forth.max(), back.max()), "that is the largest distance; take the percentile q"),
                (_to_the_mask(a, b, spacing, q), "measure to the surface of the other mask, not to the mask"),
                (_of_all_voxels(a, b, spacing, q), "measure from surface to surface, not from all voxels of a mask"),
                (np.percentile(np.concatenate([forth, back]), q), "take each percentile alone, then the larger"),
                ((np.percentile(forth, q) + np.percentile(back, q)) / 2, "take the larger of the two, not their mean"),
                (np.percentile(forth, q), "that is h(a, b) alone; it takes h(b, a) too"),
                (np.percentile(back, q), "that is h(b, a) alone; it takes h(a, b) too"),
            ):
                if np.isclose(got, wrong):
                    return hint
            return f"for shape {a.shape}, voxels of {spacing} mm and q = {q} you give {got:.3f}, not {want:.3f}"
    return None


@check
def outlier(answer):
    """Exercise 1.3: what one gross outlier does to (mean Dice of pairs, Dice of union and truth, of majority)."""
    words = ("collapse", "drop", "hold")
    said = tuple(str(word).strip().lower() for word in answer) if isinstance(answer, tuple | list) else ()
    if len(said) != 3 or not set(said) <= set(words):
        return f"answer with three of the words {', '.join(words)}; you gave {answer!r}"
    hints = ("6 of the 21 pairs contain the outlier, the other 15 do not change",
             "every voxel the outlier marks is in the union, whatever the other six say",
             "four of seven votes decide, and the six who are right still have theirs")
    for got, expected, hint in zip(said, ("drop", "collapse", "hold"), hints, strict=True):
        if got != expected:
            return f"{got!r} is not what the cell prints: {hint}"
    return None


@check
def offset_from_dice(offset):
    """Exercise 1.4: a function (dice, radius) -> how far outside the second ball was drawn, in mm."""
    for radius, truth in ((2.0, 1.0), (5.0, 0.5), (10.0, 2.0), (3.0, 0.0)):
        got = float(call(offset, _dice_of_balls(radius, truth), radius))
        if abs(got - truth) <= 1e-6:
            continue
        for wrong, hint in (
            (truth + radius, "that is the radius of the wider ball; subtract the radius of the first"),
            (-truth, "the sign is wrong: the second ball is the wider one"),
            (truth / radius, "that is the offset as a share of the radius; multiply by the radius"),
            (radius * ((1 + truth / radius) ** 1.5 - 1), "volumes go with the third power: take a cube root"),
            (radius * ((1 + truth / radius) ** 3 - 1), "volumes go with the third power: take a cube root"),
            (radius * ((1 + truth / radius) ** 3 / 3 - 1), "x**1/3 is x/3 in Python; write x**(1/3)"),
        ):
            if abs(got - wrong) <= 1e-6:
                return hint
        return (f"for two balls of radius {radius:g} and {radius + truth:g} mm you find an offset of {got:.3f} mm "
                f"where it is {truth:g} mm")
    return None
