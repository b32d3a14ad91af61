"""The MS patients of chapter 5: slices drawn by the seven raters of the cohort, or by five made by morphology."""

from functools import lru_cache

import numpy as np
from scipy import ndimage

from helpers.data import Case
from helpers.nets.experiments import bench
from helpers.nets.slices import mask_slices

MODALITIES = ("FLAIR", "T1")
PATIENTS = {"train": tuple(f"ms/{index}/0" for index in range(5)), "test": tuple(f"ms/{index}/1" for index in range(5))}
PICTURE = 48                                                # pixels
TILE, TILES = 32, 4                                         # pixels, and how many of each slice
REAL = {"train": tuple(f"open_ms/{number}" for number in bench.REAL[:2]), "test": (f"open_ms/{bench.REAL[2]}",)}


@lru_cache(maxsize=8)
def ms_images(data: str, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images (S, 2, X, Y), labels (S, R, X, Y) int8, truth (S, X, Y) uint8, and the patient of each image (S,).

    `data` is "cohort", "morphology" or "real" (real patients, the cohort's raters). Of the patients for the test all
    slices; of the others tiles of slices in which some rater marked something.
    """
    found = ms_slices(data, split)
    return tiles(*found) if split == "train" else found


def ms_slices(data: str, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    parts = []
    for number, name in enumerate((REAL if data == "real" else PATIENTS)[split]):
        case = bench.patient(name)
        masks = morphology(case, number) if data == "morphology" else case.raters
        labels = np.stack([mask_slices(mask) for mask in masks], axis=1).astype(np.int8)
        keep = labels.any(axis=(1, 2, 3)) | (split == "test")
        truth = mask_slices(case.truth >= 0.5).astype(np.uint8)
        parts.append([part[keep] for part in (bench.pictures(name, MODALITIES), labels, truth)]
                     + [np.full(keep.sum(), number)])
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def lesion_place(data: str) -> tuple[int, tuple[slice, slice]]:
    """The test slice with most lesion, and the square of `PICTURE` pixels about its middle."""
    truth = ms_images(data, "test")[2]
    number = int(truth.sum((1, 2)).argmax())
    low = [int(np.clip(round(place.mean()) - PICTURE // 2, 0, n - PICTURE))
           for place, n in zip(np.nonzero(truth[number]), truth.shape[1:], strict=True)]
    return number, tuple(slice(start, start + PICTURE) for start in low)


def tiles(images: np.ndarray, labels: np.ndarray, truth: np.ndarray, cases: np.ndarray) -> tuple[np.ndarray, ...]:
    """`TILES` squares of each slice, the first half of them about voxels that some rater marked, the others anywhere.

    In whole slices one voxel in two hundred is lesion, in these squares one in a hundred, and they are cheaper.
    """
    rng, found = np.random.default_rng(2021), []
    for s, marked in enumerate(labels.any(axis=1)):
        places = np.argwhere(marked)
        for k in range(TILES):
            middle = rng.integers(marked.shape)
            if k < TILES // 2:
                middle = rng.choice(places) + rng.integers(-TILE // 4, TILE // 4 + 1, size=2)
            x, y = np.clip(middle - TILE // 2, 0, np.array(marked.shape) - TILE)
            found.append((s, slice(x, x + TILE), slice(y, y + TILE)))
    cut = [np.stack([part[s, ..., x, y] for s, x, y in found]) for part in (images, labels, truth)]
    return *cut, np.repeat(cases, TILES)


def morphology(case: Case, seed: int) -> np.ndarray:
    """Masks (5, X, Y, Z) in kind like the paper's: good, over, under, wrong (over, and broken) and blank.

    "good" is the truth; "over" adds a voxel all around in the slice, "under" takes one away, and "wrong" loses of what
    "over" drew a cross, 3 voxels wide, through a third of the lesions.
    """
    truth = case.truth >= 0.5
    flat = ndimage.generate_binary_structure(3, 1) & (np.arange(3) == 1)                # four neighbours in the slice
    over = ndimage.binary_dilation(truth, flat)
    wrong, rng = over.copy(), np.random.default_rng([seed, 2020])
    lesions, count = ndimage.label(over)
    for place in np.round(ndimage.center_of_mass(over, lesions, range(1, count + 1))).astype(int):
        if rng.random() < 1 / 3:
            x, y, z = place
            wrong[x - 1:x + 2, max(y - 6, 0):y + 7, z] = wrong[max(x - 6, 0):x + 7, y - 1:y + 2, z] = 0
    return np.stack([truth, over, ndimage.binary_erosion(truth, flat), wrong, np.zeros_like(truth)]).astype(np.uint8)
