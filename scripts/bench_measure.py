"""How fast the measures are beside what a reader would have installed: SimpleITK and scikit-image.

    python scripts/bench_measure.py [X Y Z]

One process, one thread each, best of a few runs, on 40 simulated lesions drawn by seven raters. Prints seconds and
their ratio, and checks that both sides computed the same number.
"""

import os
import sys
import time
from collections.abc import Callable
from itertools import combinations

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"

import numpy as np  # noqa: E402
import SimpleITK as sitk  # noqa: E402
from skimage import measure as skimage_measure  # noqa: E402
from skimage.metrics import hausdorff_distance  # noqa: E402

from helpers import fusion, measure  # noqa: E402

RATERS = 7
LESIONS = 40


def drawn_lesions(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """(R, *shape) uint8: balls whose centre and radius every rater sees a little differently."""
    masks = np.zeros((RATERS, *shape), np.uint8)
    middle = np.array(shape) / 2
    for _ in range(LESIONS):
        centre, radius = middle + rng.uniform(-0.6, 0.6, 3) * middle, rng.uniform(2, 14)
        for mask in masks:
            own_centre, own_radius = centre + rng.normal(0, 0.5, 3), radius + rng.normal(0, 0.7)
            low = np.maximum(own_centre - radius - 4, 0).astype(int)
            box = tuple(slice(a, int(a + 2 * radius + 9)) for a in low)
            grid = np.ogrid[box]
            ball = sum((x - c) ** 2 for x, c in zip(grid, own_centre, strict=True)) <= own_radius**2
            inside = mask[box]
            inside |= ball[tuple(slice(n) for n in inside.shape)]
    return masks


def best(call: Callable, runs: int) -> tuple[float, object]:
    """Least seconds of `runs` runs, and the result."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def overlap(a: sitk.Image, b: sitk.Image) -> float:
    oracle = sitk.LabelOverlapMeasuresImageFilter()
    oracle.Execute(a, b)
    return oracle.GetDiceCoefficient(1)


def farthest(a: sitk.Image, b: sitk.Image) -> float:
    oracle = sitk.HausdorffDistanceImageFilter()
    oracle.Execute(a, b)
    return oracle.GetHausdorffDistance()


def main(shape: tuple[int, ...]) -> None:
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    masks = drawn_lesions(shape, np.random.default_rng(0))
    images = [sitk.GetImageFromArray(mask) for mask in masks]
    a, b, x, y = masks[0], masks[1], images[0], images[1]
    upper = np.triu_indices(RATERS, 1)
    rows = [  # what, ours, runs, theirs, runs, whose
        ("Dice", lambda: measure.dice(a, b), 7, lambda: overlap(x, y), 3, "SimpleITK"),
        ("Dice, all pairs of 7", lambda: measure.pairwise(masks)[upper], 5,
         lambda: [overlap(p, q) for p, q in combinations(images, 2)], 2, "SimpleITK"),
        ("Hausdorff", lambda: measure.hausdorff(a, b), 3, lambda: farthest(x, y), 2, "SimpleITK"),
        ("Hausdorff", lambda: measure.hausdorff(a, b), 3, lambda: hausdorff_distance(a, b), 3, "scikit-image"),
        ("true lesions", lambda: sum(vars(measure.lesion_detection(a, b)).values()), 3,
         lambda: sum(int(skimage_measure.label(m, connectivity=3).max()) for m in (a, b)), 3,
         "scikit-image, label alone"),
        ("majority vote", lambda: fusion.majority_vote(masks).probability.sum(dtype=float), 3,
         lambda: np.count_nonzero(sitk.GetArrayFromImage(sitk.LabelVoting(images, 2)) == 1), 3, "SimpleITK"),
    ]  # fmt: skip
    print(f"{RATERS} raters, {shape} voxels, {a.mean():.2%} of them lesion; SimpleITK {sitk.__version__}")
    print(f"{'':22}{'helpers':>10}{'other':>10}{'ratio':>8}")
    for what, ours, our_runs, theirs, their_runs, whose in rows:
        (fast, one), (slow, other) = best(ours, our_runs), best(theirs, their_runs)
        assert np.allclose(one, other, rtol=1e-6), (what, one, other)
        print(f"{what:22}{fast:9.4f}s{slow:9.3f}s{slow / fast:7.0f}x  {whose}")
    seconds, _ = best(lambda: a.copy(), 7)
    print(f"for scale: copying one mask takes {seconds:.4f} s")


if __name__ == "__main__":
    main(tuple(int(n) for n in sys.argv[1:]) or (512, 512, 144))
