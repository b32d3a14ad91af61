"""Seven simulated raters of MS lesions at three sites, each with a stated character."""

from dataclasses import asdict, dataclass

import numpy as np
from scipy.ndimage import find_objects, generate_binary_structure, label, maximum_filter
from scipy.special import ndtr

from helpers.data.hand import add_lump, choose, drop_small, ruin, smooth_noise, tempting_places
from helpers.data.soft_distance import soft_distance
from helpers.inputs import as_probability, as_spacing


@dataclass(frozen=True)
class Site:
    name: str
    bias: float  # mm added to every contour; positive draws wider
    rim: float  # mm added where the white matter around a lesion looks dirty
    smallest: float  # mm^3; smaller regions are not drawn


@dataclass(frozen=True)
class Rater:
    name: str
    site: Site
    bias: float  # mm, signed, on top of the site's
    waver: float  # mm, sd of the smooth error along the contour
    lesion: float  # mm, sd of an error shared by the whole contour of one lesion
    overlook: float  # mm^3; a lesion of volume v is missed with chance exp(-v / overlook)
    false: float  # expected number of false lesions
    false_volume: float  # mm^3, typical volume of one


# Plausible values, adjusted in three steps, while anatomy and distances were still being built and before any fusion
# method was run, to the seven experts of MSSEG-2016 (Dice with their consensus 0.66 to 0.76). Now fixed for ever.
A = Site("A", bias=0.2, rim=0.9, smallest=10.0)  # generous, takes the dirty rim in
B = Site("B", bias=0.0, rim=0.4, smallest=20.0)  # follows the visible edge
C = Site("C", bias=-0.3, rim=0.0, smallest=30.0)  # tight, core only, leaves specks out

MS_RATERS = (
    # name site bias waver lesion overlook false false_volume
    Rater("A1", A, 0.0, 0.7, 0.5, 15.0, 2.0, 60.0),
    Rater("A2", A, 0.2, 0.8, 0.6, 20.0, 4.0, 80.0),  # widest, sees lesions everywhere
    Rater("B1", B, 0.0, 0.7, 0.6, 20.0, 2.0, 50.0),  # in the middle of the seven
    Rater("B2", B, 0.2, 0.8, 0.6, 40.0, 3.0, 60.0),  # misses more than the others of the site
    Rater("B3", B, -0.2, 0.9, 0.6, 25.0, 3.0, 60.0),  # unsteadiest hand
    Rater("C1", C, 0.0, 0.7, 0.5, 30.0, 1.0, 80.0),
    Rater("C2", C, -0.1, 0.7, 0.5, 50.0, 1.0, 80.0),  # tightest, misses most
)
OUTLIER = -1  # the row that outlier=True ruins
PITCH = np.array([6.0, 6.0, 3.0])  # mm between knots of the waver; less along z: slices are drawn one by one
REACH = 6.0  # mm; no contour moves further
MARGIN = 14.0  # mm around the lesions that are looked at
CLEAR, SPOTS = 4.0, 16  # mm from the true lesions, number: places of a case that could be taken for a lesion
SHARED = 0.4  # correlation between raters of how hard a lesion is to see


def ms_raters(
    truth: np.ndarray,
    spacing: tuple[float, ...],
    index: int,
    *,
    seed: int = 0,
    outlier: bool = False,
    missing: int = 0,
    tissue: np.ndarray | None = None,
    raters: tuple[Rater, ...] = MS_RATERS,
) -> tuple[np.ndarray, tuple[str, ...], dict]:
    """Masks (R, *space), names and notes: how `raters` draw the soft `truth` (*space) of case number `index`.

    Each moves the surface truth = 0.5 by site bias + dirty rim + own bias + lesion error + waver, in mm,
    leaves lesions out and adds false ones. Where `tissue` (*space) is 0.5 or less nothing is drawn outside
    the truth; without it, false lesions lie in a box around the true ones. `outlier` ruins the last rater.
    `missing` of the raters did not look: their rows are -1 and the masks int8.
    """
    truth, spacing = as_probability(truth, name="truth"), as_spacing(spacing, 3)
    _check(truth, index, seed, missing, len(raters), tissue)
    common = np.random.default_rng([seed, index, 2016, 1])  # numpy would ignore a 0 at the end
    where, distance, lesion, volumes = _lesions(truth, spacing)
    near = np.abs(distance) < REACH
    points = np.argwhere(near) * np.asarray(spacing)  # (n, 3) mm from the corner of the box
    dirt = np.clip(smooth_noise(points, 2 * PITCH, common), 0, 1.5)  # patchy, and the same for all raters
    hard = common.standard_normal(len(volumes))
    drawable = np.ones(truth.shape, bool) if tissue is None else (tissue > 0.5) | (truth >= 0.5)
    allowed = drawable & (tissue is not None)
    allowed[where] = drawable[where] & (distance < -CLEAR)
    spots = tempting_places(allowed, SPOTS, common)
    masks = np.zeros((len(raters), *truth.shape), np.uint8)
    overlooked, false = {}, {}
    for mask, (r, rater) in zip(masks, enumerate(raters), strict=True):
        rng = np.random.default_rng([seed, index, 2016, 2 + r])
        visible = np.sqrt(SHARED) * hard + np.sqrt(1 - SHARED) * rng.standard_normal(len(volumes))
        seen = ndtr(visible) >= np.exp(-volumes / max(rater.overlook, 1e-9))
        offset = rater.site.bias + rater.bias + rater.site.rim * dirt  # (n,) mm
        offset += rater.lesion * np.append(0, rng.standard_normal(len(volumes)))[lesion[near]]
        offset += rater.waver * smooth_noise(points, PITCH, rng)
        drawn = distance >= REACH
        drawn[near] = distance[near] + np.clip(offset, -REACH, REACH) >= 0
        mask[where] = drawn & np.append(False, seen)[lesion]
        chosen = choose(spots, rater.false, rng)
        for centre, size in chosen:
            add_lump(mask, centre, rater.false_volume * size, spacing, rng)
        mask &= drawable
        drop_small(mask, rater.site.smallest / np.prod(spacing))
        overlooked[rater.name], false[rater.name] = int((~seen).sum()), len(chosen)
    if outlier:
        ruin(masks[OUTLIER], where, spacing, np.random.default_rng([seed, index, 2016, 1001]))
    names = tuple(rater.name for rater in raters)
    absent = np.sort(np.random.default_rng([seed, index, 2016, 1002]).permutation(len(raters))[:missing])
    if missing:
        masks = masks.astype(np.int8)
        masks[absent] = -1
    notes = {
        "raters": [asdict(rater) for rater in raters],
        "outlier": names[OUTLIER] if outlier else None,
        "missing": tuple(names[r] for r in absent),
        "lesion_volumes": volumes,  # mm^3
        "overlooked": overlooked,
        "false_lesions": false,
    }
    return masks, names, notes


def _lesions(truth: np.ndarray, spacing: tuple[float, ...]) -> tuple:
    """A box around the lesions, in it signed distance (mm) and nearest lesion's number; volumes (mm^3)."""
    inside = (truth >= 0.5).astype(np.uint8)
    box = find_objects(inside) or [(slice(None),) * 3]
    pad = np.ceil(MARGIN / np.asarray(spacing)).astype(int)
    where = tuple(
        slice(max((s.start or 0) - p, 0), min((s.stop or n) + p, n))
        for s, p, n in zip(box[0], pad, truth.shape, strict=True)
    )
    numbers, count = label(inside[where], np.ones((3, 3, 3)))
    volumes = np.bincount(numbers.ravel(), minlength=count + 1)[1:] * np.prod(spacing)
    distance, nearest = soft_distance(truth[where], spacing, REACH)
    touching = maximum_filter(numbers, footprint=generate_binary_structure(3, 1))  # a surface has two sides
    return where, distance, touching[nearest], volumes


def _check(truth, index, seed, missing, R, tissue) -> None:
    def require(good: bool, name: str, found: object, expected: str) -> None:
        if not good:
            raise ValueError(f"{name} is {found}, expected {expected}.")

    require(truth.ndim == 3, "truth", f"of shape {truth.shape}", "three dimensions")
    for name, value, end in (("index", index, 2**32), ("seed", seed, 2**32), ("missing", missing, R)):
        whole = isinstance(value, (int, np.integer)) and 0 <= value < end
        require(whole, name, repr(value), f"an integer from 0 to {end - 1}")
    if tissue is not None:
        require(tissue.shape == truth.shape, "tissue", f"of shape {tissue.shape}", f"{truth.shape} like truth")
