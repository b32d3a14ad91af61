"""The shape of a cervical spinal cord: distances in mm to its surfaces, positive inside.

x runs to the right, y to the front, z up; a level is a vertebra, 2 for C2 to 7 for C7, 15 mm each.
Shapes are written for a reference cord of half width 6.3 mm and half depth 4.3 mm and stretched to each level.
"""

from dataclasses import dataclass

import numpy as np

HALF_WIDTH, HALF_DEPTH = 6.3, 4.3  # mm, reference cord
LEVEL = 15.0  # mm


@dataclass(frozen=True)
class Person:
    """One cord. Sizes are factors around 1, `waves` are phases and amplitudes of what differs along z."""

    width: float
    depth: float
    canal: float
    horns: float  # size of the grey matter
    enlargement: float
    middle: float  # level at z = 0
    tilt: float  # mm to the front per mm up
    waves: np.ndarray  # (6, 3): amplitude, phase, length in mm


def person(rng: np.random.Generator) -> Person:
    width, depth, canal, horns = np.exp(rng.normal(0, (0.045, 0.05, 0.06, 0.05)))
    waves = np.column_stack([rng.normal(size=6), rng.uniform(0, 2 * np.pi, 6), rng.uniform(50, 120, 6)])
    return Person(
        width=float(width),
        depth=float(depth),
        canal=float(canal),
        horns=float(horns),
        enlargement=float(rng.uniform(0.7, 1.3)),
        middle=float(rng.uniform(3.7, 4.5)),
        tilt=float(rng.normal(0, 0.03)),
        waves=waves,
    )


def _wave(p: Person, i: int, z: np.ndarray) -> np.ndarray:
    amplitude, phase, length = p.waves[i]
    return amplitude * np.sin(2 * np.pi * z / length + phase)


def swelling(p: Person, z: np.ndarray) -> np.ndarray:
    """The cervical enlargement: 0 at C2, 1 near C5 to C6."""
    return p.enlargement * np.exp(-0.5 * ((p.middle - z / LEVEL - 5.6) / 1.25) ** 2)


def own_frame(p: Person, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x and y in mm from the centre line of the cord, turned with it."""
    x, y = x - 0.8 * _wave(p, 0, z), y - 0.6 * _wave(p, 1, z) - p.tilt * z
    turn = np.deg2rad(2.5) * _wave(p, 2, z)
    return x + turn * y, y - turn * x


def half_axes(p: Person, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half width and half depth of the cord in mm: wide and flat at the enlargement."""
    s = swelling(p, z)
    return p.width * (5.95 + 1.1 * s), p.depth * (4.45 - 0.45 * s)


def cord_distance(p: Person, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """To the cord's surface, to first order: an ellipse, flatter in front, with fissure and sulcus."""
    a, b = half_axes(p, z)
    r = np.maximum(np.hypot(x / a, y / b), 1e-3)
    c, s = x / a / r, y / b / r  # cosine and sine of the angle
    radius = 1 - 0.045 * np.maximum(s, 0) ** 2 + 0.015 * (_wave(p, 3, z) * c + _wave(p, 4, z) * (c * c - s * s))
    radius -= np.where(s > 0, 0.10 * np.exp(-((c / 0.07) ** 2)), 0.03 * np.exp(-((c / 0.09) ** 2)))
    return (radius - r) * r / np.maximum(np.hypot(x / a**2, y / b**2), 1e-3)


def around(cord: np.ndarray, reach: float) -> tuple[np.ndarray, ...]:
    """The box that holds everything closer than `reach` mm to the cord, as np.ix_ indices into (x, y, z)."""
    near = cord > -reach
    return np.ix_(np.flatnonzero(near.any((1, 2))), np.flatnonzero(near.any((0, 2))), np.arange(cord.shape[2]))


def grey_distance(
    p: Person, x: np.ndarray, y: np.ndarray, z: np.ndarray, *, horn: float = 1.0, bridge: float = 0.38
) -> np.ndarray:
    """To the butterfly's surface. `horn` is the length of the posterior horns, `bridge` half the commissure's."""
    a, b = half_axes(p, z)
    s = swelling(p, z)
    lean = 1 + 0.04 * _wave(p, 5, z) * np.sign(x)  # left and right are not the same
    x, y = np.abs(x) * HALF_WIDTH / a / lean, y * HALF_DEPTH / b - 0.35
    commissure = _capsule(x, y, (0.0, 0.15), (1.2, 0.15), bridge, bridge)
    front = _capsule(x, y, (1.35, 0.35), (1.75 + 1.1 * s, 1.45 - 0.25 * s), 0.66, 0.66 + 0.16 * s)
    tip = (1.2 + 2.15 * horn, 0.2 - 3.4 * horn)
    back = _capsule(x, y, (1.2, 0.2), tip, 0.55 + 0.06 * s, 0.34)
    side = _capsule(x, y, (1.45, 0.1), (1.85 + 0.25 * s, -0.45), 0.5, 0.35)
    union = _smooth_max(_smooth_max(commissure, front), _smooth_max(back, side))
    return (union + 0.55 * (p.horns - 1)) * np.sqrt(a * b / (HALF_WIDTH * HALF_DEPTH))


def _capsule(x, y, start, end, r0: float, r1: float) -> np.ndarray:
    """To a segment thickened from r0 to r1; `start`, `end` and radii may vary along z."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    t = np.clip(((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy), 0, 1)
    return r0 + t * (r1 - r0) - np.hypot(x - start[0] - t * dx, y - start[1] - t * dy)


def _smooth_max(a: np.ndarray, b: np.ndarray, width: float = 0.35) -> np.ndarray:
    """max(a, b) with the corner between the two rounded off over `width` mm."""
    h = np.maximum(width - np.abs(a - b), 0) / width
    return np.maximum(a, b) + h * h * width / 4


def canal_distance(p: Person, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """To the wall of the canal, roughly: round at C2, a rounded triangle lower down with the cord at its back."""
    low = 1 / (1 + np.exp(-(p.middle - z / LEVEL - 3.4) / 0.5))  # 0 at C2, 1 from C4 down
    a, b = p.canal * (9.9 + 1.2 * low), p.canal * (8.8 - 1.9 * low)
    y = y - 0.3 - 1.0 * low
    a = a * (1 + 0.42 * low * np.clip(y / b, -1, 0.4))
    r = np.maximum(((np.abs(x) / a) ** 2.3 + (np.abs(y) / b) ** 2.3) ** (1 / 2.3), 1e-3)
    return (1 - r) * np.hypot(x, y) / r


def roots_distance(p: Person, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """To the nerve roots in the CSF: from the sides of the cord, out and forward, thickest mid-level."""
    a, b = half_axes(p, z)
    thick = 0.10 + 0.22 * np.cos(np.pi * (p.middle - z / LEVEL)) ** 2
    motor = _capsule(np.abs(x), y, (0.80 * a, 0.45 * b), (a + 3.4, 0.75 * b + 0.3), thick, thick)
    sensory = _capsule(np.abs(x), y, (0.86 * a, -0.40 * b), (a + 3.2, 0.25 * b), thick, thick)
    return np.maximum(motor, sensory)
