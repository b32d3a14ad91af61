"""Generated crowds with one, two or three guidelines, to see whether a method finds them.

A rater draws what his guideline says, moved by an offset and smooth noise of his own, at a softness of his own. What
the guidelines differ in is the `kind` of crowd: "lobes" that belong to the object or not, "rims" by which it is drawn
wider or tighter, or "lesions" of which the small ones are left out.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.special import expit

KINDS = ("lobes", "rims", "lesions")
OFFSET, NOISE, SOFTNESS = 0.2, 0.7, (0.8, 1.2)  # voxels: deviation, deviation, and between which scales
RIMS = (0.0, 1.5, -1.5)  # voxels by which a guideline is wider


@dataclass(frozen=True)
class Crowd:
    maps: np.ndarray  # (R, *space) float32
    group: np.ndarray  # (R,) the guideline of each rater, from 0


def crowd(sizes: tuple[int, ...], *, kind: str = "lobes", seed: int, width: int = 24) -> Crowd:
    """Raters in groups of the given sizes, at most three groups, in shuffled order, on a cube of `width` voxels."""
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}, expected {', '.join(map(repr, KINDS))}.")
    if not 1 <= len(sizes) <= len(RIMS) or min(sizes) < 1:
        raise ValueError(f"sizes is {sizes!r}, expected one to {len(RIMS)} numbers of raters.")
    rng = np.random.default_rng([seed, KINDS.index(kind), 8])
    surfaces = {"lobes": _lobes, "rims": _rims, "lesions": _lesions}[kind](width, rng)
    group = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    maps = []
    for g in group:
        noise = ndimage.gaussian_filter(rng.normal(size=(width,) * 3), 2, mode="wrap")
        depth = surfaces[g] + rng.normal(0, OFFSET) + NOISE * noise / noise.std()
        maps.append(expit(depth / rng.uniform(*SOFTNESS)))
    return Crowd(np.array(maps, np.float32), group)


def _ball(width: int, centre, radius: float) -> np.ndarray:
    """Depth in voxels inside a ball."""
    grid = np.indices((width,) * 3, sparse=True)
    return radius - np.sqrt(sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True)))


def _lobes(width: int, rng) -> list[np.ndarray]:
    """A ball; the same with a lobe on one side; the same with a lobe on another side."""
    middle, radius = np.full(3, width / 2), 0.22 * width
    core = _ball(width, middle, radius)
    away = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return [core, *(np.maximum(core, _ball(width, middle + 0.32 * width * d, radius)) for d in away[:2])]


def _rims(width: int, rng) -> list[np.ndarray]:
    """An ellipsoid, drawn as it is, wider, tighter."""
    middle, stretch = width / 2 + rng.normal(0, 1, 3), rng.uniform(0.8, 1.2, 3)
    grid = np.indices((width,) * 3, sparse=True)
    core = 0.28 * width - np.sqrt(sum(((g - c) / s) ** 2 for g, c, s in zip(grid, middle, stretch, strict=True)))
    return [core + rim for rim in RIMS]


def _lesions(width: int, rng) -> list[np.ndarray]:
    """Nine balls of all sizes; without the three smallest; with the three largest only."""
    places = (np.indices((3, 3, 3)).reshape(3, -1).T + 0.5) * width / 3
    places = places[rng.permutation(27)[:9]] + rng.normal(0, 0.5, (9, 3))
    radii = np.linspace(0.06, 0.14, 9) * width
    balls = [_ball(width, place, radius) for place, radius in zip(places, radii, strict=True)]
    return [np.max(balls[k:], axis=0) for k in (0, 3, 6)]
