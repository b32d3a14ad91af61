"""Chapter 7: nine networks' probability maps fused in eleven ways. Figure 4 of the paper in kind.

    python -m helpers.nets.experiments.student_t                        # results/07_student_t.json

As in the paper: lung nodules over 10 mm, nine networks, the majority of four radiologists as truth, Dice and Hausdorff
distance, Wilcoxon's test against "Student". Unlike it: 100 nodules, the networks are simulated (`network_maps`), since
no CT comes with the outlines. A second table has nine U-Nets that were really trained, on the simulated MS cohort.
Nothing was chosen by its score: the settings are given with their reasons in `SETTINGS`.
"""

import argparse
import time

import numpy as np

from helpers.data import NETWORKS, lidc, network_maps, padded
from helpers.data.network_maps import NetworkMaps
from helpers.fusion import majority_vote, probability_map, student_t
from helpers.nets.experiments.runner import run
from helpers.nets.experiments.student_t_methods import APART, METHODS, VARIANTS, fused, summary, table
from helpers.nets.experiments.student_t_unets import EPOCHS, unets
from helpers.results import save_results

SETTINGS = {
    "truth": "majority of the four radiologists: three or more", "mask": "probability above 0.5",
    "networks": [vars(network) for network in NETWORKS],
    "STAPLE": "maps above 0.5, whole image, prior = mean of the masks",
    "STAPLE + MRF": "mean field, strength 0.5: six equal neighbours weigh as one rater whose rates are 0.95",
    "continuous STAPLE": "Gaussian, one bias and covariance per network over the whole image, least prior on them",
    "Gaussian, Student": "voxels where maps differ by over 0.1, square root, prior on biases and covariances",
    "+ smooth": f"bumps {APART:g} mm apart, of deviation {0.6 * APART:g} mm: the diameter of the smallest nodules has "
                "two to three of them", "logit": "the same with log odds",
    "radiologists": "every fourth nodule; number (k // 4) mod 4 is left out and scored against the three others, fused",
    "unets": "2-D, patients of cohort 0 in nine folds, six patients each; fused on the 15 patients of cohort 1; not "
             "with the spatial prior, which would have 77 thousand bumps there",
}  # fmt: skip
FINE, SMALL = ("Student + smooth, 2 mm", "Student + smooth, 3 mm"), 50  # on the smaller half of the nodules only: slow


def simulated(k: int) -> tuple[NetworkMaps, np.ndarray, tuple[float, ...]]:
    """Nine networks on nodule k, the majority of its radiologists, and the size of its voxels."""
    case = lidc()[k]
    truth = majority_vote(padded(case.raters, case.spacing)).probability > 0.5
    return network_maps(truth, case.spacing, seed=k), truth, case.spacing


def nodule(job: dict) -> dict:
    """Nine simulated networks on one nodule, fused."""
    made, truth, spacing = simulated(job["nodule"])
    return fused(made.maps, {"majority": truth}, spacing, job["methods"])["majority"]


def trusted(job: dict) -> dict:
    """What the Student model says of the nine networks on a nodule; tau inside and outside what misled them."""
    made, _, _ = simulated(job["trusted"])
    found = student_t(made.maps)
    seen = np.isfinite(found.maps["tau"][0])
    tau = [[_mean(tau[seen & wrong]), _mean(tau[seen & ~wrong])]
           for tau, wrong in zip(found.maps["tau"], made.wrong, strict=True)]  # fmt: skip
    bias = found.raters["bias"] @ [-1, 1]  # the lesion's root up, the background's down
    return {"diameter": round(lidc()[job["trusted"]].notes["diameter"], 2), "voxels": int(seen.sum()), "tau": tau,
            "dof": np.round(found.raters["dof"], 2).tolist(), "bias": np.round(bias, 4).tolist(),
            "iterations": found.iterations, "converged": found.converged}  # fmt: skip


def _mean(values: np.ndarray) -> float | None:
    return round(float(values.mean()), 4) if values.size else None


def variants(job: dict) -> dict:
    """The same nine networks on the same nodule, under settings that were not chosen."""
    made, truth, spacing = simulated(job["nodule"])
    return fused(made.maps, {"majority": truth}, spacing, job["variants"])["majority"]["methods"]


def radiologist(job: dict) -> dict:
    """One radiologist against what the three others make together, their masks turned into maps of scale 1 mm."""
    case, left = lidc()[job["left_out"]], job["left_out"] // 4 % 4
    masks = padded(case.raters, case.spacing)
    others = np.delete(masks, left, axis=0)
    maps = np.stack([probability_map(mask, scale=1.0, spacing=case.spacing) for mask in others])
    return fused(maps, {"left": masks[left] == 1}, case.spacing, job["methods"])["left"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", choices=EPOCHS, default="full")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--folder", default="_build/runs/07_student_t")
    parser.add_argument("--no-unets", action="store_true", help="leave the trained networks out")
    asked = parser.parse_args()
    options = {"folder": asked.folder, "device": asked.device, "workers": asked.workers, "progress": True}
    start = time.perf_counter()
    nodules = range(100) if asked.profile == "full" else range(0, 100, 14)
    rows = run(nodule, [{"nodule": k, "methods": list(METHODS)} for k in nodules], **options)
    facts = run(trusted, [{"trusted": k} for k in nodules], **options)
    tables = {"settings": SETTINGS, "nodules": table(rows) | {key: [fact[key] for fact in facts] for key in facts[0]}}
    if not asked.no_unets:
        tables["unets"] = unets(asked.profile, **options)
    jobs = [{"nodule": k, "variants": [name for name in VARIANTS if k < SMALL or name not in FINE]}
            for k in nodules[::4]]  # fmt: skip
    others = run(variants, jobs, **options)
    tables["variants"] = {"nodules": list(nodules[::4])}
    for measure in ("dice", "hausdorff"):
        tables["variants"][measure] = {name: [row[name][measure] if name in row else None for row in others]
                                       for name in VARIANTS}  # fmt: skip
    left = run(radiologist, [{"left_out": k, "methods": list(METHODS)} for k in nodules[::4]], **options)
    tables["radiologists"] = table(left)
    parts = {name: tables[name] for name in ("nodules", "radiologists")}
    parts |= {by: tables["unets"][by] for by in ("majority", "truth") if "unets" in tables}
    tables["summary"] = {name: summary(part) for name, part in parts.items()}
    path = save_results("07_student_t", tables, seeds=[0], seconds=time.perf_counter() - start,
                        device=asked.device, packages=("numpy", "scipy", "torch"))
    print(f"{path.name} is written")


if __name__ == "__main__":
    main()
