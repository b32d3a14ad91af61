"""How fast the rim of a mask is beside the plain way with scipy and scikit-image: a distance for every voxel, a sort.

    python scripts/bench_dilation.py [X Y Z]

One process, one thread. Two masks: 40 simulated lesions on 182 x 218 x 182 voxels unless a size is given, and a
simulated patient at 1 mm, with FLAIR. Prints seconds and their ratio, and in how many voxels the two differ: in none
where the rule is the same.
"""

import os
import sys

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"

import numpy as np  # noqa: E402
from bench_measure import best, drawn_lesions  # noqa: E402
from scipy import ndimage  # noqa: E402
from skimage.morphology import isotropic_dilation  # noqa: E402

from helpers.data import ms_case  # noqa: E402
from helpers.fusion import rim  # noqa: E402
from helpers.fusion.ball import ball, grown  # noqa: E402

MM = 6.0  # the default of `max_distance`
OURS, THEIRS = 5, 2  # runs, the fastest of which counts


def by_sorting(mask: np.ndarray, image: np.ndarray | None) -> np.ndarray:
    """The rule of `rim`, plainly: a distance for every voxel, one sort of the candidates."""
    distance = ndimage.distance_transform_edt(mask == 0).round(6)
    at = np.flatnonzero((distance > 0) & (distance <= MM))
    keys = (distance.ravel()[at],) if image is None else (distance.ravel()[at], -image.ravel()[at])
    result = np.zeros(mask.shape, bool)
    result.ravel()[at[np.lexsort(keys)[: round(0.2 * mask.sum())]]] = True
    return result


def by_lesion(mask: np.ndarray, image: np.ndarray | None) -> np.ndarray:
    """The same for every lesion, each in turn; of several lesions equally near, scipy takes any."""
    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    distance, nearest = ndimage.distance_transform_edt(mask == 0, return_indices=True)
    at = np.flatnonzero((distance > 0) & (distance <= MM))
    owner = labels[tuple(nearest)].ravel()[at]
    result = np.zeros(mask.shape, bool)
    for k, size in enumerate(np.bincount(labels.ravel())[1:], 1):
        own = at[owner == k]
        keys = (distance.ravel()[own],) if image is None else (distance.ravel()[own], -image.ravel()[own])
        result.ravel()[own[np.lexsort(keys)[: round(0.2 * size)]]] = True
    return result


def by_staircase(mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    """The authors' loop: the threshold falls by 0.01; it overshoots, and so finds other voxels."""
    around = ndimage.binary_dilation(mask, ndimage.generate_binary_structure(3, 1), 6) & (mask == 0)
    scaled = (image - image.min()) / np.ptp(image)
    for step in range(99, -1, -1):
        found = around & (scaled >= step / 100)
        if found.sum() >= 0.2 * mask.sum():
            break
    return found


def compare(mask: np.ndarray, image: np.ndarray) -> None:
    _, count = ndimage.label(mask, np.ones((3, 3, 3)))
    size = " x ".join(map(str, mask.shape))
    print(f"{size} voxels, {count} lesions of {mask.sum()} voxels, {image.dtype} image")
    print(f"{'':34}{'helpers':>11}{'other':>11}{'ratio':>9}{'differ':>9}")
    inside, (offsets, _) = mask.view(bool), ball(mask.shape, (1, 1, 1), MM)
    rows = [  # what, ours, theirs, whether every voxel must agree
        ("rim", lambda: rim(mask), lambda: by_sorting(mask, None), True),
        ("rim, brightest first", lambda: rim(mask, image), lambda: by_sorting(mask, image), True),
        ("the same, the authors' staircase", lambda: rim(mask, image), lambda: by_staircase(mask, image), False),
        ("rim per lesion", lambda: rim(mask, per="lesion"), lambda: by_lesion(mask, None), False),
        ("rim per lesion, brightest first", lambda: rim(mask, image, per="lesion"),
         lambda: by_lesion(mask, image), False),
        ("dilation by 6 mm, scikit-image", lambda: grown(inside, offsets) | inside,
         lambda: isotropic_dilation(inside, MM), True),
    ]  # fmt: skip
    for what, ours, theirs, exact in rows:
        fast, found = best(ours, OURS)
        slow, expected = best(theirs, THEIRS)
        differ = np.count_nonzero(found != expected)
        print(f"{what:34}{fast:10.4f}s{slow:10.3f}s{slow / fast:8.0f}x{differ:9}", flush=True)
        assert not (exact and differ)


def main(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    compare(drawn_lesions(shape, rng)[0], rng.random(shape, np.float32))
    patient = ms_case(6, spacing=1.0)
    compare(np.ascontiguousarray(patient.raters[0]), np.ascontiguousarray(patient.images["FLAIR"]))


if __name__ == "__main__":
    main(tuple(int(n) for n in sys.argv[1:]) or (182, 218, 182))
