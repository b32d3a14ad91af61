"""Chapter 8: how many consensuses are found in generated crowds, among MS raters, radiologists and networks.

    python -m helpers.nets.experiments.mixtures                         # results/08_mixtures.json

"lobes" is of the kind that the rule for accepting one consensus more was made with; "rims" and "lesions" are not.
Masks become maps of scale 1 mm. Responsibilities are those of the accepted number of consensuses.
"""

import argparse
import time

import numpy as np

from helpers.data import crowd, lidc, network_maps, padded
from helpers.data.crowds import KINDS
from helpers.fusion import majority_vote, mixture_of_consensuses, probability_map, rim
from helpers.fusion.clusters import principal_points
from helpers.nets.experiments import bench
from helpers.nets.experiments.runner import run
from helpers.results import save_results

SIZES = ((7,), (4, 3), (6, 1), (3, 2, 2))
RATIOS = (1.2, 1.5, 2.0, 3.0)  # how much larger a mask is with its rim
DISPUTED = 0.1


def found(maps: np.ndarray, group=None, **options) -> dict:
    """How many consensuses, whose, and whether these are the groups that were put in."""
    result = mixture_of_consensuses(maps, disputed=DISPUTED, **options)
    r = result.raters["responsibility"]
    row = {"found": r.shape[1], "responsibility": r.round(3).tolist()}
    if group is not None:
        row |= {"group": group.tolist(), "right": same_groups(r.argmax(axis=1), group), "apart": apart(maps, group)}
    return row


def same_groups(a: np.ndarray, b: np.ndarray) -> bool:
    return len(set(zip(a.tolist(), b.tolist(), strict=True))) == len(set(a.tolist())) == len(set(b.tolist()))


def apart(maps: np.ndarray, group: np.ndarray) -> float | None:
    """Least distance between the means of two groups, in deviations of raters within one; None for a single group.

    In the space of principal components, R - 1 numbers a rater; the deviation is that of one number.
    """
    names = np.unique(group)
    if len(names) == 1:
        return None
    p = maps[:, np.ptp(maps, axis=0) > DISPUTED].astype(float)
    y = principal_points(np.sqrt(np.concatenate([1 - p, p], axis=1)))
    means = np.array([y[group == g].mean(axis=0) for g in names])
    within = np.square(y - means[group]).sum() / ((len(y) - len(names)) * y.shape[1])
    between = [np.square(a - b).sum() for k, a in enumerate(means) for b in means[:k]]
    return round(float(np.sqrt(min(between) / within)), 3)


def generated(job: dict) -> dict:
    """One crowd, by both starts, and by the better one with its raters in another order."""
    made = crowd(tuple(job["sizes"]), kind=job["kind"], seed=job["seed"])
    order = np.random.default_rng(job["seed"]).permutation(len(made.maps))
    again = found(made.maps[order], made.group[order])
    published = found(made.maps, made.group, start="residual")
    return {**found(made.maps, made.group), "shuffled": again["right"], "shuffled_found": again["found"],
            "published": published["found"]}  # fmt: skip


def ms(job: dict) -> dict:
    """Seven raters of a patient; and the same, three of whom, by lot, draw a rim too."""
    case = bench.patient(job["patient"])
    plain = [_map(mask, case.spacing) for mask in case.raters]
    group = np.random.default_rng(job["lot"]).permutation([0, 0, 0, 0, 1, 1, 1])
    rows = {}
    for ratio in RATIOS:
        mixed = [_map(mask | rim(mask, ratio=ratio, spacing=case.spacing), case.spacing) if g else one
                 for g, mask, one in zip(group, case.raters, plain, strict=True)]  # fmt: skip
        rows[f"{ratio:g}"] = found(np.stack(mixed), group)
    return {"patient": job["patient"], "names": list(case.names), **found(np.stack(plain)), "guidelines": rows}


def nodule(job: dict) -> dict:
    """Four radiologists, and nine simulated networks, on one nodule."""
    case = lidc()[job["nodule"]]
    masks = padded(case.raters, case.spacing)
    truth = majority_vote(masks).probability > 0.5
    networks = network_maps(truth, case.spacing, seed=job["nodule"]).maps
    return {"radiologists": found(np.stack([_map(mask, case.spacing) for mask in masks])), "networks": found(networks)}


def _map(mask: np.ndarray, spacing) -> np.ndarray:
    return probability_map(mask, scale=1.0, spacing=spacing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--folder", default="_build/runs/08_mixtures")
    asked = parser.parse_args()
    options = {"folder": asked.folder, "workers": asked.workers, "progress": True}
    start, seeds = time.perf_counter(), range(asked.seeds)
    jobs = [{"kind": kind, "sizes": sizes, "seed": seed} for kind in KINDS for sizes in SIZES for seed in seeds]
    crowds = {kind: {"+".join(map(str, sizes)): [] for sizes in SIZES} for kind in KINDS}
    for job, row in zip(jobs, run(generated, jobs, **options), strict=True):
        crowds[job["kind"]]["+".join(map(str, job["sizes"]))].append(row)
    patients = run(ms, [{"patient": f"ms/{k}/0", "lot": k} for k in range(15)], **options)
    nodules = run(nodule, [{"nodule": k} for k in range(100)], **options)
    right = {kind: {sizes: sum(row["right"] for row in rows) for sizes, rows in of_kind.items()}
             for kind, of_kind in crowds.items()}  # fmt: skip
    path = save_results("08_mixtures", {
        "crowds": crowds, "right": right, "ms": patients,
        "radiologists": [row["radiologists"] for row in nodules], "networks": [row["networks"] for row in nodules],
    }, seeds=list(seeds), seconds=time.perf_counter() - start)  # fmt: skip
    print(f"{path.name} is written")


if __name__ == "__main__":
    main()
