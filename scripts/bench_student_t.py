"""How long Student-t fusion takes, how much memory, and how many iterations on maps of the kind that chapter 7 fuses.

    python scripts/bench_student_t.py [small] [large] [cohort]

One process, one thread. "small": 64 x 64 x 64, seven maps of simulated networks, disputed voxels (target 2 s), also
with Gaussian noise, the logit, and a spatial prior. "large": 512 x 512 x 144, seven maps (target 30 s and 3 GB).
"cohort": seven raters of three simulated MS patients, maps by Euclidean and geodesic distance (target 100 iterations).
Seconds are those of the processor, so that a busy machine does not count; the bound must not fall by more than 1e-9 of
itself.
"""

import os
import resource
import sys
import time

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"

import numpy as np  # noqa: E402
from scipy import ndimage  # noqa: E402
from scipy.special import expit  # noqa: E402

from helpers.data import ms_case  # noqa: E402
from helpers.fusion import Consensus, probability_map, student_t  # noqa: E402

RATERS = 7
SMALL, LARGE = (64, 64, 64), (512, 512, 144)
COHORT = (1, 8, 12)  # a patient of each site


def network_maps(shape: tuple[int, ...], blobs: int, rng: np.random.Generator) -> np.ndarray:
    """(R, *shape) float32: sigmoids of the distance to balls, moved by a bias and smooth noise, ball by ball."""
    maps = np.zeros((RATERS, *shape), np.float32)
    bias, steepness = rng.normal(0, 0.4, RATERS), rng.uniform(0.7, 1.4, RATERS)
    for _ in range(blobs):
        radius = rng.uniform(4, 14)
        corner = rng.integers(0, np.array(shape) - 2 * int(radius) - 15)
        grid = np.indices((2 * int(radius) + 15,) * 3)
        depth = radius - np.sqrt(sum((g - grid.shape[1] / 2) ** 2 for g in grid))
        box = tuple(slice(a, a + grid.shape[1]) for a in corner)
        for r, one in enumerate(maps):
            noise = ndimage.gaussian_filter(rng.normal(size=depth.shape), 3)
            noise *= 0.8 / noise.std()
            np.maximum(one[box], expit((depth + bias[r] + noise) / steepness[r]), out=one[box])
    return maps


def report(what: str, maps: np.ndarray, **options) -> Consensus:
    start = time.process_time()
    result = student_t(maps, **options)
    seconds = time.process_time() - start
    steps = np.diff(result.objective) / np.abs(result.objective[1:])
    assert steps.min(initial=0) >= -1e-9, steps.min()
    voxels = np.count_nonzero(np.ptp(maps, axis=0) > 0.1)
    print(f"{what:34}{voxels:9} voxels{seconds:8.2f} s{result.iterations:5} iterations"
          f"{'' if result.converged else ', not converged'}", flush=True)  # fmt: skip
    return result


def small() -> None:
    for seed in range(3):
        maps = network_maps(SMALL, 6, np.random.default_rng(seed))
        report(f"64^3, networks {seed}", maps)
    report("    Gaussian", maps, noise="gaussian")
    report("    logit", maps, link="logit")
    report("    smooth, bumps 8 voxels apart", maps, basis_spacing=8.0)
    report("    the same, staggered", maps, basis_spacing=8.0, grid="staggered")


def large() -> None:
    maps = network_maps(LARGE, 120, np.random.default_rng(0))
    report("512 x 512 x 144, networks", maps)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"    most memory held, {maps.nbytes / 2**30:.2f} GiB of maps included: {most:.2f} GiB")


def cohort() -> None:
    for index in COHORT:
        case = ms_case(index)
        flair = case.images["FLAIR"] / case.images["FLAIR"][case.images["FLAIR"] > 0].std()
        for geodesic in (0.0, 2.0):
            maps = np.stack([probability_map(mask, flair, scale=1.0, geodesic=geodesic, spacing=case.spacing)
                             for mask in case.raters])  # fmt: skip
            report(f"MS case {index}, geodesic {geodesic:g}", maps)


if __name__ == "__main__":
    for name in sys.argv[1:] or ("small", "large", "cohort"):
        {"small": small, "large": large, "cohort": cohort}[name]()
