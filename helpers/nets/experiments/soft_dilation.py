"""Chapter 2: soft dilation masks. Tables 1, 2 and 3 of the paper in kind, a sweep of gamma, and real patients.

    python -m helpers.nets.experiments.soft_dilation --seeds 3          # results/02_soft_dilation.json

As in the paper: one scanner; five patients for cross-validation, fifteen others of that scanner for the test; rater A1
trains, A1 and A2 score; four modalities. Unlike it: voxels of 2 mm, and the true lesions score too.
"""

import argparse
import time
from functools import lru_cache

import numpy as np

from helpers.fusion import rim, soft_dilation
from helpers.measure import dice
from helpers.nets.experiments import bench
from helpers.nets.experiments.runner import run
from helpers.nets.experiments.summary import seed_means
from helpers.nets.slices import mask_slices
from helpers.results import save_results

MODALITIES = {"ms": ("FLAIR", "T1", "T2", "PD"), "open_ms": ("FLAIR", "T1", "T2")}
TRAIN = tuple(f"ms/{index}/0" for index in range(5))
TEST = tuple(f"ms/{index}/{cohort}" for cohort in (1, 2, 3) for index in range(5))
REAL = tuple(f"open_ms/{number}" for number in bench.REAL)
BINARY, PAPER = (1.0, 0.0), (1.2, 0.3)                      # (ratio, gamma)
SIZES = (BINARY, (1.1, 0.3), PAPER, (1.3, 0.3), (1.4, 0.3))
LABELS = (BINARY, (1.2, 0.2), PAPER, (1.2, 0.4))
SWEEP = (BINARY, *((1.2, gamma) for gamma in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.95)), (1.4, 0.3), (1.4, 0.8))
CURVE = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
EPOCHS = {"quick": 8, "full": 16}


def mask_sizes(seeds, **options) -> list[dict]:
    """Table 1: how far the mask is dilated, at gamma 0.3."""
    return cross_validation(SIZES, seeds, **options)


def soft_labels(seeds, **options) -> list[dict]:
    """Table 2: gamma, at a dilation to 120 %."""
    return cross_validation(LABELS, seeds, **options)


def test_patients(seeds, **options) -> list[dict]:
    """Table 3: binary against soft, trained on all five, on patients never looked at before."""
    return trainings([(TRAIN, TEST)], (BINARY, PAPER), seeds, **options)


def gamma_sweep(seeds, **options) -> list[dict]:
    """Beyond the paper: gamma from 0 to nearly 1."""
    return cross_validation(SWEEP, seeds, **options)


def real_patients(seeds, **options) -> list[dict]:
    """Binary against soft on the real patients, one left out at a time; raters simulated from their consensus."""
    folds = [(tuple(name for name in REAL if name != left), (left,)) for left in REAL]
    return trainings(folds, (BINARY, PAPER), seeds, **options)


def cross_validation(settings, seeds, **options) -> list[dict]:
    """One patient left out at a time."""
    folds = [(tuple(name for name in TRAIN if name != left), (left,)) for left in TRAIN]
    return trainings(folds, settings, seeds, **options)


def trainings(folds, settings, seeds, *, profile: str = "full", device: str = "cpu", **options) -> list[dict]:
    """A result per seed, setting and fold; see `one_training`. `options` are those of `run`."""
    jobs = [{"train": train, "test": test, "ratio": ratio, "gamma": gamma, "seed": seed, "epochs": EPOCHS[profile],
             "device": device} for seed in seeds for ratio, gamma in settings for train, test in folds]
    return run(one_training, jobs, device=device, **options)


@lru_cache(maxsize=128)
def target(name: str, ratio: float, gamma: float) -> np.ndarray:
    """Soft mask of rater A1, as slices (Z, X, Y); gamma 0 is the mask itself."""
    case = bench.patient(name)
    if not gamma:
        return mask_slices(case.raters[0])
    return mask_slices(soft_dilation(case.raters[0], case.images["FLAIR"], ratio=ratio, gamma=gamma,
                                     spacing=case.spacing))


def one_training(job: dict) -> dict:
    """Train one network; score it on the patients left out. The keys of a row are those of results/02_*.json."""
    names, setting = job["train"], {key: job[key] for key in ("ratio", "gamma", "seed")}
    modalities = MODALITIES[names[0].split("/")[0]]
    targets = [target(name, job["ratio"], job["gamma"]) for name in names]
    network = bench.trained(names, targets, modalities, epochs=job["epochs"], seed=job["seed"], device=job["device"])
    said = [bench.probability(network, name, modalities) for name in names]
    threshold = bench.best_threshold(said, [bench.patient(name).raters[0] for name in names])
    rows, curves = [], []
    for name in job["test"]:
        case, p = bench.patient(name), bench.probability(network, name, modalities)
        mask, half = (bench.decided(p, cut, case.spacing) for cut in (threshold, 0.5))
        drawn = {"A1": case.raters[0], "A2": case.raters[1], "truth": (case.truth >= 0.5).astype(np.uint8)}
        rows += [{**setting, "patient": name, "scored": scorer, "threshold": threshold, **bench.scores(mask, by),
                  **bench.scores(half, by, "_half")} for scorer, by in drawn.items()]
        around = rim(case.raters[0], case.images["FLAIR"], ratio=1.2, spacing=case.spacing)
        curves.append({**setting, "patient": name, **curve(p, case.raters[0]),
                       "inside": round(float(p[case.raters[0] == 1].mean()), 4),
                       "on_rim": round(float(p[around].mean()), 4),
                       "rim_above_half": round(float((p[around] > 0.5).mean()), 4)})
    facts = {**setting, "left_out": job["test"][0] if len(job["test"]) == 1 else "none", "threshold": threshold,
             "epochs": len(network.history), "best_epoch": network.best,
             "loss": round(float(network.history[network.best, 0]), 4),
             "loss_validation": round(float(network.history[network.best, 1]), 4),
             **attained(said, targets, network, [dice(p >= threshold, bench.patient(n).raters[0])
                                                 for n, p in zip(names, said, strict=True)])}
    return {"rows": rows, "curves": curves, "networks": [facts]}


def attained(said, targets, network, dices) -> dict:
    """The soft Dice against the soft masks themselves, all pixels of the slices pooled: the d of the d/2 rule."""
    p, q = np.concatenate([mask_slices(x) for x in said]), np.concatenate(targets)
    pooled = {which: float(2 * (p[s] * q[s]).sum(dtype=float) / (p[s].sum(dtype=float) + q[s].sum(dtype=float)))
              for which, s in (("training", network.training), ("validation", network.validation))}
    return {**{f"soft_dice_{which}": round(value, 4) for which, value in pooled.items()},
            "dice_training_volumes": round(float(np.mean(dices)), 4)}


def curve(p: np.ndarray, drawn: np.ndarray) -> dict:
    """Scores by rater A1 at the thresholds of `CURVE`, specks kept."""
    found = [bench.scores(p >= cut, drawn) for cut in CURVE]
    return {key: [score[key] for score in found] for key in ("dice", "precision", "recall")}


def summary(tables: dict) -> dict:
    """Means over patients, a number per seed, for the tables of the book."""
    scorers = {name: (name,) for name in ("A1", "A2", "truth")}
    labels = {"sizes": lambda row: f"{100 * row['ratio']:.0f} %", "labels": lambda row: f"{row['gamma']:.1f}",
              "test": lambda row: "soft" if row["gamma"] else "binary"}
    labels["real"] = labels["test"]
    return {name: seed_means(tables[name], label, scorers) for name, label in labels.items() if name in tables}


def collected(results: list[dict], part: str) -> list[dict]:
    return [row for result in results for row in result[part]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sweep-seeds", type=int, default=None, help="seeds of the sweep, if fewer")
    parser.add_argument("--test-seeds", type=int, default=10, help="seeds of the one comparison on new patients")
    parser.add_argument("--profile", choices=EPOCHS, default="full")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--folder", default="_build/runs/02_soft_dilation")
    parser.add_argument("--no-real", action="store_true", help="leave the real patients out")
    asked = parser.parse_args()
    options = {"profile": asked.profile, "device": asked.device, "folder": asked.folder, "progress": True}
    start, seeds = time.perf_counter(), range(asked.seeds)
    tables = {"sizes": mask_sizes, "labels": soft_labels}
    if not asked.no_real:
        tables["real"] = real_patients
    found = {name: [] for name in tables}
    for seed in seeds:                                      # so that a run cut short has whole seeds
        for name, table in tables.items():
            found[name] += table([seed], **options)
    found["test"] = test_patients(range(asked.test_seeds), **options)
    found["sweep"] = gamma_sweep(range(asked.sweep_seeds or asked.seeds), **options)
    everything = {name: collected(results, "rows") for name, results in found.items()}
    everything["summary"] = summary(everything)
    everything |= {"thresholds": CURVE, "curves": collected(found["sweep"], "curves"),
                   "networks": collected(found["sweep"], "networks"),
                   "networks_test": collected(found["test"], "networks"),
                   "curves_test": collected(found["test"], "curves"), "seeds_test": list(range(asked.test_seeds))}
    path = save_results("02_soft_dilation", everything, seeds=list(seeds), seconds=time.perf_counter() - start,
                        device=asked.device, packages=("numpy", "scipy", "torch"))
    print(f"{path.name} is written")


if __name__ == "__main__":
    main()
