"""MS lesions grown inside the white matter of one brain, until a given load is reached.

A lesion takes the voxels with the highest score: near its centre, where white matter is sure, where a
smooth random field is high. The last two bend its outline, so no two lesions share a shape. Four kinds differ
in what "near" means: round dots, ovoids, fingers that stand on the ventricle, caps that lie along it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from helpers.data.brain import Brain
from helpers.data.resampling import refine, smooth_field

KINDS = {  # median volume in ml, spread of its logarithm, stretch away from the ventricle, weight of texture
    "dot": (0.018, 0.5, 1.0, 0.35),
    "ovoid": (0.06, 0.8, 1.5, 0.45),
    "finger": (0.12, 0.8, 2.4, 0.45),
    "cap": (1.6, 0.9, 0.45, 0.8),
}
SMALLEST = 0.008  # ml


@dataclass(frozen=True)
class Lesions:
    truth: np.ndarray  # (*space) float32, part of the voxel that is lesion
    oedema: np.ndarray  # (*space) tissue fractions: what the images show of it, fading at the rim
    hole: np.ndarray
    enhancing: np.ndarray


def place_lesions(brain: Brain, load: float, spacing: float, rng: np.random.Generator) -> Lesions:
    """Lesions of `load` ml in all. Small ones come to about 1.1 load^0.65 ml, caps make up the rest."""
    truth = np.zeros(brain.white.shape, np.float32)
    traits = np.zeros((3, *truth.shape), np.float32)  # severity, share of holes, enhancement
    texture = sum(a * smooth_field(truth.shape, mm / spacing, rng) for a, mm in ((0.8, 7), (0.6, 4)))
    slope = np.stack(np.gradient(brain.ventricle_distance))  # (3, *space), away from the ventricles
    near = np.cumsum(_prior(brain, reach=4.0).ravel(), dtype=np.float64)
    wide = np.cumsum(_prior(brain, reach=40.0).ravel(), dtype=np.float64)
    solid = brain.white + brain.grey
    voxel = spacing**3 / 1000  # ml
    volume, small = 0.0, min(load, 1.1 * load**0.65)
    active = rng.random() < 0.5  # does this patient have lesions that take up gadolinium?
    while (left := load - volume) > SMALLEST:
        for_caps = left - small
        kind = "cap" if for_caps > 0.3 else rng.choice(["dot", "ovoid", "finger"], p=[0.45, 0.35, 0.2])
        median, spread, _, _ = KINDS[kind]
        wanted = min(median * np.exp(spread * rng.standard_normal()), for_caps if kind == "cap" else left)
        cumulated = near if kind in ("cap", "finger") else wide
        centre = np.unravel_index(np.searchsorted(cumulated, rng.random() * cumulated[-1]), truth.shape)
        patch, cover = _grow(brain, texture, slope, centre, kind, max(wanted, SMALLEST), spacing, rng)
        cover = np.minimum(cover, solid[patch])
        new = cover > truth[patch]
        gained = np.where(new, cover - truth[patch], 0).sum(dtype=np.float64) * voxel
        enhances = active and kind != "cap" and rng.random() < 0.08
        trait = rng.uniform(0.6, 1), rng.beta(1.5, 1.0), float(enhances)
        for map_, value in zip(traits, trait, strict=True):
            map_[patch][new] = value
        truth[patch] = np.maximum(truth[patch], cover)
        volume += gained
    traits[0] *= 1 + 0.25 * smooth_field(truth.shape, 5 / spacing, rng)  # no lesion is even inside
    return _appearance(brain, truth, traits, spacing)


def _prior(brain: Brain, reach: float) -> np.ndarray:
    """Where a lesion begins: in sure white matter, the likelier the nearer to the ventricles."""
    distance = np.maximum(brain.ventricle_distance, 0)
    return np.where(brain.white > 0.6, np.exp(-distance / np.float32(reach)), 0) * (distance > 0)


def _grow(
    brain: Brain,
    texture: np.ndarray,
    slope: np.ndarray,
    centre: tuple[int, ...],
    kind: str,
    volume: float,
    spacing: float,
    rng: np.random.Generator,
) -> tuple[tuple[slice, ...], np.ndarray]:
    """The patch of voxels around one lesion and the part of each that it covers."""
    _, _, stretch, roughness = KINDS[kind]
    stretch = stretch ** rng.uniform(0.6, 1.3)
    radius = (3000 * volume / (4 * np.pi)) ** (1 / 3)  # mm
    half = int(np.ceil((1.5 * radius * max(stretch, stretch**-0.5) + 3) / spacing))
    patch = tuple(slice(max(c - half, 0), c + half + 1) for c in centre)
    fine = 3 if half * spacing < 16 else 2
    maps = brain.white, brain.ventricle_distance, texture
    white, distance, field = (refine(m[patch], fine) for m in maps)
    jitter = rng.uniform(-0.5, 0.5, 3)
    axes = [
        ((np.arange(n) + 0.5) / fine - 0.5 + s.start - c - j) * spacing
        for n, s, c, j in zip(white.shape, patch, centre, jitter, strict=True)
    ]
    offset = np.meshgrid(*[a.astype(np.float32) for a in axes], indexing="ij", sparse=True)  # mm
    squared = sum(o * o for o in offset)
    if kind == "cap":  # away from the ventricle is measured from its wall, so a cap follows the wall
        along = distance - 0.25 * np.float32(radius)
    else:
        direction = slope[(slice(None), *centre)] + 0.15 * rng.standard_normal(3)
        if kind in ("dot", "ovoid"):
            direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction) + 1e-6
        along = sum(np.float32(d) * o for d, o in zip(direction, offset, strict=True))
    # an ellipsoid of the same volume: `stretch` along, 1 / sqrt(stretch) across
    across = np.maximum(squared - along * along, 0) if kind != "cap" else squared
    near = np.sqrt(along * along / stretch**2 + across * stretch) / np.float32(radius)
    allowed = (white > 0.4) & (distance > 0.5)
    score = np.where(allowed, roughness * field - near + 0.3 * white, -np.inf)
    count = min(int(volume * 1000 * (fine / spacing) ** 3) + 1, int(allowed.sum()))
    if count == 0:
        return patch, np.zeros(tuple(n // fine for n in white.shape), np.float32)
    threshold = np.partition(score.ravel(), -count)[-count]
    parts, _ = ndimage.label(score >= threshold)
    largest = parts == np.bincount(parts.ravel())[1:].argmax() + 1
    blocks = [m for n in white.shape for m in (n // fine, fine)]
    return patch, largest.reshape(blocks).mean(axis=(1, 3, 5), dtype=np.float32)


def _appearance(brain: Brain, truth: np.ndarray, traits: np.ndarray, spacing: float) -> Lesions:
    """Tissue fractions. The change fades at the rim and goes a little beyond the truth, as oedema does."""

    def blur(image: np.ndarray, mm: float) -> np.ndarray:
        return ndimage.gaussian_filter(image, mm / spacing, truncate=3)

    soft = blur(truth, 1.6)
    severity, hole, enhancing = (blur(truth * t, 1.6) / (soft + np.float32(1e-3)) for t in traits)
    solid = brain.white + brain.grey
    amount = solid * np.clip(severity, 0, 1) * (0.65 * truth + 0.35 * soft)
    destroyed = amount * hole * (0.3 + 0.7 * soft)  # the core, more than the rim
    active = amount * enhancing
    destroyed = destroyed * (1 - enhancing)
    return Lesions(truth, amount - destroyed - active, destroyed, active)
