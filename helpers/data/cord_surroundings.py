"""What lies around the spinal cord on an axial T2*-weighted slice, and the texture of its white matter."""

import numpy as np

from helpers.data import cord_anatomy as anatomy
from helpers.data.resampling import smooth_field


def surroundings(
    who: anatomy.Person, grid: tuple, pixel: float, unit: dict[str, float], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Signal of everything but the cord, and a factor for its white matter: two (x, y, z), white matter = 1.

    `unit` is each tissue's signal. Layers are laid over each other from the outside in.
    """
    shape = tuple(axis.size for axis in grid)
    z = grid[2]
    x, y = anatomy.own_frame(who, *grid)
    canal = anatomy.canal_distance(who, x, y, z)
    cord = anatomy.cord_distance(who, x, y, z)

    def over(below: np.ndarray, tissue: float | np.ndarray, distance: np.ndarray, soft: float = 1.0) -> np.ndarray:
        share = np.clip(distance / (soft * pixel) + 0.5, 0, 1)
        return below + share * (tissue - below)

    def field(scale: float, amount: float) -> np.ndarray:
        return 1 + amount * smooth_field(shape, scale / pixel, rng)

    level, side = who.middle - z / anatomy.LEVEL, np.abs(x)
    ripple = field(5.0, 1.0) - 1  # what keeps walls from being geometry
    wall = canal + 0.35 * ripple
    # Muscle: nearly even, with thin dark sheets and a little fat where two random fields cross zero.
    sheets, fatty = (np.exp(-(((field(6.0, 1.0) - 1) / 0.16) ** 2)) for _ in range(2))
    picture = unit["muscle"] * field(9.0, 0.2) * field(1.3, 0.16) * (1 - 0.35 * sheets * field(4.0, 0.7))
    picture += 0.30 * fatty * np.clip(field(4.0, 1.0) - 0.6, 0, 1)
    # Vertebra: body or disc in front, facets at the sides, laminae and spinous process behind; nearly black
    disc = 0.5 + 0.5 * np.cos(2 * np.pi * level)
    bone = unit["bone"] * (1 + 0.5 * np.abs(field(2.0, 1.0) - 1))
    body = np.minimum(y - 0.2 * side - 2.0, 12.5 - 0.3 * (y - 6) ** 2 / 9 - side) + 0.8 * ripple
    picture = over(picture, bone + 0.22 * disc * field(2.0, 0.3), body, 4.0)
    behind = -y - 3 + 0.3 * ripple
    process = np.minimum(1.1 + 0.14 * (behind - 4) - side + 0.6 * ripple, behind)
    picture = over(picture, bone + 0.06, process, 3.0)
    arch = 1.6 + 1.3 * np.cos(2 * np.pi * level) * np.clip(side / 8, 0.3, 1) + 0.9 * ripple + wall
    picture = over(picture, bone + 0.04, arch, 2.0)
    artery = np.hypot(side - 15.2 - 0.7 * np.sin(z / 9 + x / 30), y - 8.5 - 0.9 * np.cos(z / 11 + x / 25))
    picture = over(picture, bone + 0.15 + 0.1 * ripple, 2.7 - artery, 2.5)
    picture = over(picture, unit["vessel"] * field(6.0, 0.12), 1.9 - artery, 1.5)
    # Foramina between the levels, then fat in patches, dura, CSF with pulsation and roots
    opening = 2.2 * np.cos(np.pi * level) ** 2 - np.abs(y - 2.6 - 0.35 * (side - 10) - 0.5 * ripple)
    picture = over(picture, 0.85 * field(1.5, 0.25), np.minimum(opening, 6.0 + canal - 0.05 * side), 2.0)
    patches = np.clip(0.5 + 0.6 * (field(4.0, 1.0) - 1), 0, 1)
    picture = over(picture, 0.25 + 0.55 * patches, wall + 0.4 + 0.9 * patches, 2.0)
    picture = over(picture, 0.25 + 0.35 * np.clip(ripple, 0, 1), canal + 0.4, 1.5)
    flow = field(6.0, 0.07) * (1 - 0.12 * np.exp(-(np.maximum(cord, -20) ** 2) / 1.5**2) * (y > 0))
    picture = over(picture, unit["csf"] * flow, canal - 0.1, 1.5)
    seen = np.clip(0.45 + 0.5 * (field(3.0, 1.0) - 1), 0, 1)  # roots slip in and out of the slice
    roots = np.minimum(anatomy.roots_distance(who, x, y + 0.25 * ripple, z), canal)
    picture = over(picture, picture + seen * (0.8 - picture), roots)
    _, depth = anatomy.half_axes(who, z)
    spot = 0.9 - 0.35 * np.cos(z / 5 + who.tilt * 99)  # anterior spinal artery, in and out of the slice
    picture = over(picture, spot, 0.35 - np.hypot(x + 0.3 * ripple, y - 0.98 * depth))
    dorsal = np.clip(-y / 2.0, 0, 1) * np.exp(-((x / 2.2) ** 2))  # the dorsal columns are a little brighter
    columns = (1 + 0.035 * dorsal) * field(1.6, 0.018)
    return picture.astype(np.float32), columns.astype(np.float32)
