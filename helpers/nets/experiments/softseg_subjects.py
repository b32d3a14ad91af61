"""Whom chapter 6 trains and tests on: patients and cords as slices, their labels by source, what they are held against.

"ms/3/0" is patient 3 of the simulated MS cohort with seed 0; "cord/3/0" person 3 of the simulated cords; "gm/9418" is
a real cord, which four raters draw as if its one drawing were the truth. Cords are seen at 0.5 mm, on 64 x 64 pixels.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from helpers.data import Case, cord_case, gm_challenge, ms_raters
from helpers.data.cord_raters import CORD_RATERS, PITCH, SHARED
from helpers.data.hand import smooth_noise
from helpers.data.real import CORDS
from helpers.data.soft_distance import soft_distance
from helpers.fusion import learned_soft_staple, multilabel_staple, rim, soft_dilation, soft_staple, staple
from helpers.nets.experiments import bench
from helpers.nets.slices import image_slices

MODALITIES = ("FLAIR", "T1", "T1GD", "PD", "T2")
RATIO, SOFT = 1.2, 0.3                                      # chapters 2 and 4
PIXEL, PIXELS, WINDOW = 0.5, 64, 38.4                       # mm, number, mm around a real cord
CROP = {2: np.s_[..., 8:68, 15:79], 3: np.s_[...]}          # what is trained on: 120 x 128 mm of the brain; everything
AROUND = {2: (3, 3, 3), 3: (5, 5, 1)}                       # voxels
CROWDS = 10


@dataclass(frozen=True, eq=False)
class Subject:
    case: Case
    images: np.ndarray              # (S, C, H, W), what the network sees
    there: tuple | None             # two matrices that take a slice (X, Y) to (H, W), and two that take it back
    back: tuple | None
    staple: np.ndarray              # (*space) uint8, classes
    votes: np.ndarray               # (K, *space) float32, the raters' mean label
    truth: np.ndarray               # (*space) uint8, classes
    around: np.ndarray              # (*space) bool: where a rater drew something, and near it

    @property
    def classes(self) -> int:
        return len(self.votes)


@lru_cache(maxsize=64)
def subject(name: str) -> Subject:
    kind, *numbers = name.split("/")
    if kind == "ms":
        case = bench.patient(name)
        fused, votes = staple(case.raters).probability >= 0.5, one_hot(case.raters, 2).mean(0)
        images, there, back = image_slices(case, MODALITIES), None, None
    else:
        case = cord_case(int(numbers[0]), seed=int(numbers[1])) if kind == "cord" else real_cord(numbers[0])
        fused, votes = multilabel_staple(case.raters).probability.argmax(0), one_hot(case.raters, 3).mean(0)
        there = tuple(linear(n, case.spacing[0], PIXELS, PIXEL) for n in case.shape[:2])
        back = tuple(linear(PIXELS, PIXEL, n, case.spacing[0]) for n in case.shape[:2])
        images = regrid(image_slices(case), there)
    near = np.ones(AROUND[len(votes)], bool)
    return Subject(case, images, there, back, fused.astype(np.uint8), votes, case.truth_mask,
                   ndimage.binary_dilation(votes[0] < 1, near))


def labels(name: str, source: str) -> np.ndarray:
    """(S, R, K, H, W) float32 towards which a network is trained, R = 1 unless raters are drawn by lot.

    `source` is "STAPLE", "Average", "Random", "rater r", or one of the soft masks of chapters 2 and 4.
    """
    who = subject(name)
    masks, flair = who.case.raters, who.case.images.get("FLAIR")
    sizes = {"ratio": RATIO, "spacing": who.case.spacing}
    if source == "STAPLE":
        given = one_hot(who.staple, who.classes)[None]
    elif source == "Average":
        given = who.votes[None]
    elif source == "Random":
        given = one_hot(masks, who.classes)
    elif source.startswith("rater "):
        given = one_hot(masks[int(source.removeprefix("rater "))], who.classes)[None]
    else:
        if source == "soft dilation":
            q = np.mean([soft_dilation(mask, flair, gamma=SOFT, **sizes) for mask in masks], axis=0)
        elif source == "soft STAPLE":
            q = soft_staple(np.stack([mask + np.float32(SOFT) * rim(mask, flair, **sizes) for mask in masks]),
                            m_step="paper").probability
        else:
            rims = np.stack([rim(mask, flair, **sizes) for mask in masks])
            q = {"learned soft STAPLE": learned_soft_staple}[source](masks, rims, start=SOFT).probability
        given = np.stack([1 - q, q])[None]
    return regrid(np.moveaxis(given.astype(np.float32), -1, 0), who.there)


def trained_slices(names: list[str], source: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels. Of the brain every third slice that STAPLE marks and every eighth without; of the cord every
    second.
    """
    images, given = [], []
    for name in names:
        who = subject(name)
        marked, seen = who.staple.any((0, 1)), who.images.any((1, 2, 3))
        of_marked, of_others = (3, 8) if who.classes == 2 else (2, 2)
        keep = np.r_[np.flatnonzero(marked)[::of_marked], np.flatnonzero(seen & ~marked)[::of_others]]
        images.append(who.images[keep][CROP[who.classes]])
        given.append(labels(name, source)[keep][CROP[who.classes]])
    return np.ascontiguousarray(np.concatenate(images)), np.ascontiguousarray(np.concatenate(given))


def native(name: str, maps: np.ndarray) -> np.ndarray:
    """Maps (S, K, H, W) of the slices as (K, X, Y, Z), in the voxels of the case."""
    return np.ascontiguousarray(np.moveaxis(regrid(maps, subject(name).back), 0, -1))


@lru_cache(maxsize=32)
def expected_vote(name: str) -> np.ndarray:
    """(X, Y, Z): the share of the raters of `CROWDS` fresh crowds who say lesion; none of them drew the labels."""
    case, index = bench.patient(name), int(name.split("/")[1])
    votes = np.zeros(case.shape, np.float32)
    for crowd in range(CROWDS):
        masks, *_ = ms_raters(case.truth, case.spacing, index, seed=6000 + crowd, tissue=case.notes.get("white"))
        votes += masks.mean(0, dtype=np.float32)
    return votes / CROWDS


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """(R, *space) or (*space) to (R, K, *space) or (K, *space), float32."""
    axis = 1 if labels.ndim == 4 else 0
    return np.stack([labels == k for k in range(classes)], axis).astype(np.float32)


def linear(n: int, step: float, m: int, new: float) -> np.ndarray:
    """(m, n): linear interpolation of n pixels of `step` mm at m of `new` mm, the same middle, constant outside."""
    at = np.clip((np.arange(m) - (m - 1) / 2) * new / step + (n - 1) / 2, 0, n - 1)
    return np.maximum(1 - np.abs(at[:, None] - np.arange(n)), 0).astype(np.float32)


def regrid(stack: np.ndarray, matrices: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
    """The last two axes of a stack, by a matrix each."""
    return stack if matrices is None else matrices[0] @ stack @ matrices[1].T


def real_cord(name: str) -> Case:
    """A real cord in a window around its drawing, right and front as in the simulation, with four simulated raters.

    They keep the guidelines of the simulated ones for the two contours; lengths of horns they cannot know.
    """
    case = gm_challenge(name)
    flips = tuple(slice(None, None, 1 if case.affine[axis, axis] > 0 else -1) for axis in range(3))
    drawn, image = case.raters[0][flips], case.images["T2s"][flips]
    half = round(WINDOW / 2 / case.spacing[0])
    middle = [round(float(m)) for m in ndimage.center_of_mass(drawn > 0)[:2]]
    where = tuple(slice(max(m - half, 0), m + half) for m in middle)
    drawn, image = drawn[where], np.ascontiguousarray(image[where])
    affine = np.diag([*case.spacing, 1.0])
    return Case(name=name, images={"T2*": image}, raters=redrawn(drawn, case.spacing, CORDS.index(name)),
                names=tuple(rater.name for rater in CORD_RATERS), spacing=case.spacing, affine=affine,
                provenance=case.provenance, truth=one_hot(drawn, 3), notes={"classes": case.notes["classes"]})


def redrawn(drawn: np.ndarray, spacing: tuple[float, ...], seed: int) -> np.ndarray:
    """(4, X, Y, Z) uint8: classes (X, Y, Z) as four raters draw them, each contour moved by rater and by chance."""
    depth = np.stack([[soft_distance(cut.astype(float), spacing[:2], 6.0)[0] for cut in np.moveaxis(mask, -1, 0)]
                      for mask in (drawn == 1, drawn > 0)])                                 # (2, Z, X, Y) mm
    depth = np.clip(np.moveaxis(depth, 1, -1), -6, 6)
    grid = np.stack(np.meshgrid(*(np.arange(n) * step for n, step in zip(drawn.shape[:2], spacing[:2], strict=True)),
                                indexing="ij"), -1).reshape(-1, 2)

    def waver(*numbers: int) -> np.ndarray:
        rng = np.random.default_rng([seed, 6, *numbers])
        slices = [smooth_noise(grid, np.array(PITCH), rng).reshape(drawn.shape[:2]) for _ in range(2 * drawn.shape[2])]
        return np.stack(slices, -1).reshape(*drawn.shape[:2], 2, -1).transpose(2, 0, 1, 3)  # (2, X, Y, Z)

    common, found = waver(100), []
    for r, rater in enumerate(CORD_RATERS):
        error = rater.waver * (np.sqrt(SHARED) * common + np.sqrt(1 - SHARED) * waver(1 + r))
        inside = depth[1] + rater.cord + error[1] >= 0
        found.append(inside * np.where(depth[0] + rater.grey + error[0] >= 0, 1, 2))
    return np.stack(found).astype(np.uint8)
