"""Four simulated raters of the spinal cord. Each keeps one guideline for every case."""

from dataclasses import asdict, dataclass

import numpy as np

from helpers.data import cord_anatomy as anatomy
from helpers.data.hand import smooth_noise

PITCH = (1.6, 1.6)  # mm between knots of the waver in a slice; slices are drawn one by one


@dataclass(frozen=True)
class Rater:
    name: str
    grey: float  # mm added to the grey matter's contour; positive draws wider
    cord: float  # mm added to the cord's contour
    horn: float  # length of the posterior horns as drawn, 1 is true
    bridge: float  # half the thickness of the commissure as drawn, mm; 0.38 is true
    waver: float  # mm, sd of the smooth error along the contour where SNR is 25


CORD_RATERS = (
    Rater("rater 1", grey=0.00, cord=0.00, horn=1.00, bridge=0.38, waver=0.08),  # follows the half-way edge
    Rater("rater 2", grey=0.06, cord=-0.10, horn=1.03, bridge=0.46, waver=0.08),  # wide horns, thick commissure
    Rater("rater 3", grey=-0.05, cord=0.05, horn=0.93, bridge=0.34, waver=0.09),  # tight, leaves thin tips out
    Rater("rater 4", grey=0.02, cord=0.15, horn=0.98, bridge=0.40, waver=0.11),  # takes the pia in, unsteady
)
SHARED = 0.4  # share of the waver's variance that all raters have in common: they look at the same picture


def draw(
    who: anatomy.Person, grid: tuple, spacing: tuple[float, ...], snr: float, index: int, seed: int
) -> tuple[np.ndarray, tuple[str, ...], list[dict]]:
    """Labels (4, x, y, z) uint8, names and guidelines. Noise in the image makes the hand less sure."""
    z = grid[2]
    x, y = anatomy.own_frame(who, *grid)
    cord = anatomy.cord_distance(who, x, y, z)
    box = anatomy.around(cord, 1.5)
    flat = [np.broadcast_to(axis, cord.shape)[box] for axis in (grid[0], grid[1], x, y, z)]
    labels = np.zeros((len(CORD_RATERS), *cord.shape), np.uint8)
    points = np.stack([flat[0] - flat[0].min(), flat[1] - flat[1].min()], -1)  # (*box, 2) mm
    common = _waver(points, np.random.default_rng([seed, index, 4, 100]))
    for r, rater in enumerate(CORD_RATERS):
        own = _waver(points, np.random.default_rng([seed, index, 4, 1 + r]))
        error = rater.waver * np.sqrt(25 / snr) * (np.sqrt(SHARED) * common + np.sqrt(1 - SHARED) * own)
        grey = anatomy.grey_distance(who, *flat[2:], horn=rater.horn, bridge=rater.bridge)
        inside = cord[box] + rater.cord + error[1] >= 0
        drawn = np.where(grey + rater.grey + error[0] >= 0, 1, 2)
        labels[r][box] = inside * drawn
    return labels, tuple(rater.name for rater in CORD_RATERS), [asdict(rater) for rater in CORD_RATERS]


def _waver(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(2, x, y, z) smooth noise of variance 1 for the two contours, another one in every slice."""
    error = np.empty((2, *points.shape[:-1]))
    for k in range(points.shape[2]):
        for surface in error:
            noise = smooth_noise(points[:, :, k].reshape(-1, 2), np.array(PITCH), rng)
            surface[..., k] = noise.reshape(points.shape[:2])
    return error
