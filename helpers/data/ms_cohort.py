"""The simulated MS cohort: 15 patients, three sites, five modalities, seven raters, a truth that is known."""

import numpy as np
from scipy import ndimage

from helpers.data.brain import Brain, person
from helpers.data.case import Case
from helpers.data.embedded.mni import check_spacing
from helpers.data.lesions import Lesions, place_lesions
from helpers.data.mr_signal import Sequence, bias_field, rician, signal, with_gadolinium
from helpers.data.ms_raters import MS_RATERS, ms_raters
from helpers.data.ms_sites import GADOLINIUM, MODALITIES, SITES, TISSUES, Site
from helpers.data.resampling import smooth_field

MS_CASES = 15
LOADS = np.geomspace(0.6, 45.0, MS_CASES)  # ml
# Which load a case takes; case i belongs to site i // 5, and every site has light and heavy ones.
ORDER = (7, 1, 13, 4, 10, 2, 8, 14, 5, 11, 0, 6, 12, 3, 9)
PROVENANCE = (
    "Simulated: MR signal equations on the ICBM 152 2009a anatomy ((C) 1993-2004 Louis Collins, McGill "
    "University, MNI_LICENCE.txt); lesions and raters from a random generator"
)


def ms_case(
    index: int, *, seed: int = 0, spacing: float = 2.0, outlier: bool = False, missing: int = 0
) -> Case:
    """Patient `index` (0 to 14) in voxels of `spacing` mm, seen by the seven raters of `ms_raters`.

    `outlier` ruins one rater; `missing` is how many raters did not look. Neither changes images or truth.
    """
    _check_whole("index", index, MS_CASES - 1)
    _check_whole("seed", seed, 2**32 - 1)
    _check_whole("missing", missing, len(MS_RATERS) - 1)
    spacing = check_spacing(spacing)
    site = SITES[index // 5]
    load = float(LOADS[ORDER[index]])
    rng = np.random.default_rng([seed, index, 1])
    brain = person(spacing, rng, atrophy=rng.uniform(0, 1.2) + 0.035 * load)
    lesions = place_lesions(brain, load, spacing, rng)
    images = _images(brain, lesions, site, spacing, rng)
    masks, names, characters = ms_raters(
        lesions.truth, (spacing,) * 3, index, seed=seed, outlier=outlier, missing=missing, tissue=brain.white
    )
    _, count = ndimage.label(lesions.truth >= 0.5, np.ones((3, 3, 3)))
    volume = lesions.truth.sum(dtype=np.float64) * spacing**3 / 1000
    notes = {
        "seed": seed,
        "site": site.name,
        "field_strength": site.field,
        "load_ml": round(float(volume), 3),
        "lesions": count,
        "raters": characters,
        "white": brain.white,  # (*space), the share of white matter: where raters may draw, as `tissue` of ms_raters
    }
    return Case(
        name=f"ms-{index:02d}",
        images=images,
        raters=masks,
        names=names,
        spacing=(spacing,) * 3,
        affine=brain.affine,
        provenance=PROVENANCE,
        truth=lesions.truth,
        notes=notes,
    )


def _images(
    brain: Brain, lesions: Lesions, site: Site, spacing: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    fractions = _fractions(brain, lesions, spacing, rng)
    inside = brain.grey + brain.white + brain.csf >= 0.5
    tissues = TISSUES[site.field] | {"enhancing": TISSUES[site.field]["oedema"]}
    images = {}
    for modality in MODALITIES:
        sequence = site.sequences[modality]
        doses = GADOLINIUM if modality == "T1GD" else {}
        strength = {
            name: signal(with_gadolinium(tissue, doses.get(name, 0.0)), sequence)
            for name, tissue in tissues.items()
        }
        pure = sum(np.float32(strength[name] / strength["white"]) * f for name, f in fractions.items())
        images[modality] = _acquire(pure, inside, sequence, site, spacing, rng)
    return images


def _fractions(
    brain: Brain, lesions: Lesions, spacing: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """What each voxel holds, (*space) per tissue: lesions displace white and grey, vessels displace CSF."""
    changed = lesions.oedema + lesions.hole + lesions.enhancing
    solid = brain.white + brain.grey
    keep = 1 - changed / np.maximum(solid, 1e-3)
    white, grey = brain.white * keep, brain.grey * keep
    # White matter that looks normal is not: faint patches, a seam along the ventricles, more near lesions.
    patches = np.clip(0.06 * smooth_field(white.shape, 14 / spacing, rng), 0, 0.2)
    seam = 0.25 * np.exp(-np.maximum(brain.ventricle_distance, 0) / np.float32(1.8))
    around = 0.35 * ndimage.gaussian_filter(lesions.truth, 4 / spacing, truncate=2)
    dirty = white * np.clip(patches + seam + around, 0, 0.4)
    # Two smooth fields are both zero along curves: vessels, where these run through CSF and grey matter.
    first, second = (smooth_field(white.shape, 9 / spacing, rng) for _ in range(2))
    vessel = np.exp(-(first * first + second * second) / np.float32(2 * 0.12**2)) * (brain.csf + 0.3 * grey)
    vessel *= brain.ventricle_distance > 3
    share = vessel / np.maximum(brain.csf + grey, 1e-3)
    return {
        "white": white - dirty,
        "grey": grey * (1 - share),
        "csf": brain.csf * (1 - share),
        "vessel": vessel,
        "oedema": lesions.oedema + dirty,
        "hole": lesions.hole,
        "enhancing": lesions.enhancing,
    }


def _acquire(
    pure: np.ndarray,
    inside: np.ndarray,
    sequence: Sequence,
    site: Site,
    spacing: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Thick slices, shading, noise, arbitrary units; the skull is stripped. White matter is 1 in `pure`."""
    thick = np.sqrt(max(sequence.slice_mm**2 - spacing**2, 0) / 12) / spacing  # deviation of a box, in voxels
    if thick > 0.1:
        pure = ndimage.gaussian_filter1d(pure, thick, axis=2)
    shaded = pure * bias_field(pure.shape, spacing, site.bias, rng)
    gain = np.float32(np.exp(rng.normal(6.0, 0.25)))
    return np.where(inside, gain * rician(shaded, 1 / sequence.snr, rng), 0).astype(np.float32)


def _check_whole(name: str, value: int, last: int) -> None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not 0 <= value <= last:
        raise ValueError(f"{name} is {value!r}, expected a whole number from 0 to {last}.")
