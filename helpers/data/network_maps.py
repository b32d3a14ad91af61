"""Probability maps of nine simulated networks: each has a bias, a blur, noise, and places that it gets wrong.

A network's map is sigmoid((d + bias + noise) / scale), d the signed distance in mm to the surface of the mask that the
networks were, so to speak, trained on. Noise is a smooth random field in mm: a part that all share, because they saw
the same images, and one of their own. A nodule has one dim part inside and one bright thing beside it; every network
misses the one, and takes in the other, by lot. The table was set before any method saw a map, and not changed since.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.special import expit

SHARED = 0.4  # mm of noise that all networks have in common
SMOOTH = 3.0  # mm, the deviation of the kernel that makes the noise smooth
PLACE = 0.4  # radius of the places that mislead, in radii of a ball as large as the mask


@dataclass(frozen=True)
class Network:
    """A character: `bias` mm too wide, `scale` mm of the sigmoid, `noise` mm, and how often a place misleads it."""

    bias: float = 0.0
    scale: float = 1.0  # below 1 it is too sure of itself, above 1 it is blurred
    noise: float = 0.6
    misled: float = 0.25


NETWORKS = (
    Network(),
    Network(bias=-0.5),
    Network(bias=0.5),
    Network(scale=0.5),
    Network(scale=2.0),
    Network(bias=1.5, scale=0.5, noise=1.2, misled=0.75),  # the bad one, and very sure of itself
    Network(bias=-0.25, scale=0.8),
    Network(bias=0.25, scale=1.2),
    Network(scale=0.8, noise=0.9),
)


@dataclass(frozen=True)
class NetworkMaps:
    maps: np.ndarray  # (9, *space) float32
    wrong: np.ndarray  # (9, *space) bool: a place that misled this network, where the mask says otherwise


def network_maps(mask: np.ndarray, spacing: tuple[float, ...], *, seed: int) -> NetworkMaps:
    """What nine networks say of one mask (*space) with some background around it, as `padded` makes it."""
    mask = np.asarray(mask, bool)
    if not mask.any() or mask.all():
        raise ValueError("mask is the same everywhere, expected an object and some background.")
    rng = np.random.default_rng([seed, 9])
    half = min(spacing) / 2  # the surface lies between two voxels
    depth = np.where(mask, ndimage.distance_transform_edt(mask, spacing) - half,
                     half - ndimage.distance_transform_edt(~mask, spacing))  # fmt: skip
    radius = PLACE * (mask.sum() * np.prod(spacing) * 3 / (4 * np.pi)) ** (1 / 3)
    dim = _ball((depth > 0) & (depth < radius / 2), radius, spacing, rng)
    bright = _ball((depth < -radius / 2) & (depth > -radius), radius, spacing, rng)
    shared = SHARED * _field(mask.shape, spacing, rng)
    maps, wrong = [], []
    for network in NETWORKS:
        d, missed, taken = depth, *(rng.random(2) < network.misled)
        if missed:
            d = np.minimum(d, -dim)
        if taken:
            d = np.maximum(d, bright)
        d = d + shared + network.bias + network.noise * _field(mask.shape, spacing, rng)
        maps.append(expit(d / network.scale))
        wrong.append((missed & mask & (dim > 0)) | (taken & ~mask & (bright > 0)))
    return NetworkMaps(np.array(maps, np.float32), np.array(wrong))


def padded(masks: np.ndarray, spacing: tuple[float, ...], margin: float = 8.0) -> np.ndarray:
    """Masks (R, *space) with at least `margin` mm of background around them."""
    return np.pad(masks, ((0, 0), *((int(np.ceil(margin / step)),) * 2 for step in spacing)))


def _ball(centres: np.ndarray, radius: float, spacing, rng: np.random.Generator) -> np.ndarray:
    """Depth in mm inside a ball around one of the `centres` by lot; anywhere if there are none."""
    places = np.argwhere(centres) if centres.any() else np.argwhere(np.ones(centres.shape, bool))
    centre = places[rng.integers(len(places))]
    grid = np.indices(centres.shape, sparse=True)
    square = sum(((g - c) * step) ** 2 for g, c, step in zip(grid, centre, spacing, strict=True))
    return radius - np.sqrt(square)


def _field(shape, spacing, rng: np.random.Generator) -> np.ndarray:
    """A smooth random field of mean near 0 and standard deviation 1."""
    field = ndimage.gaussian_filter(rng.standard_normal(shape), [SMOOTH / step for step in spacing], mode="wrap")
    return field / field.std()
