"""Chapter 4: networks trained on STAPLE, soft STAPLE and learned soft STAPLE. Tables 1 and 2 of the paper in kind.

    python -m helpers.nets.experiments.soft_staple --seeds 3            # results/04_soft_staple.json

As in the paper: fifteen patients of three scanners, five folds of three patients, one of each scanner; seven raters;
five modalities; rims to 120 %, soft label 0.3. Unlike it: voxels of 2 mm, and the true lesions score too. All arms
train on the same slices, those where the STAPLE mask is not empty, and get their threshold by the same rule: the best
mean Dice with the STAPLE masks of the patients they were trained on.
"""

import argparse
import time
from functools import lru_cache

import numpy as np

from helpers.fusion import learned_soft_staple, majority_vote, mean_vote, rim, soft_staple, staple
from helpers.measure import brier, ece
from helpers.nets.experiments import bench
from helpers.nets.experiments.runner import run
from helpers.nets.experiments.summary import seed_means
from helpers.nets.slices import mask_slices
from helpers.results import save_results

MODALITIES = ("FLAIR", "T1", "T1GD", "PD", "T2")
FOLDS = tuple(tuple(f"ms/{site * 5 + k}/0" for site in range(3)) for k in range(5))
RATIO, START = 1.2, 0.3
PAPER = ("staple", "soft_staple", "learned_soft_staple")
OTHERS = ("vote", "mean", "soft_staple_exact")
EPOCHS = {"quick": 4, "full": 10}
SETTINGS = {
    "staple": "whole image, prior = mean of the masks, mask where W >= 0.5", "ratio": RATIO, "soft_label": START,
    "rim": "brightest FLAIR voxels within 6 mm", "m_step": "as printed; soft_staple_exact: exact", "form": "full",
    "learned_rates": "staple on the whole image", "learned_prior": "mean of the masks", "loss": "soft Dice, eq. (3)",
    "threshold": "best mean Dice with the STAPLE masks of the training patients", "width": 8, "depth": 3,
    "epochs": EPOCHS["full"], "specks_mm3": bench.SPECK,
}


def trained_on(targets, seeds, *, profile: str = "full", device: str = "cpu", **options) -> list[dict]:
    """Tables 1 and 2: a result per seed, fold and target; see `one_training`. `options` are those of `run`."""
    jobs = [{"target": target, "test": test, "train": [name for fold in FOLDS if fold != test for name in fold],
             "fold": k, "seed": seed, "epochs": EPOCHS[profile], "device": device}
            for seed in seeds for k, test in enumerate(FOLDS) for target in targets]
    return run(one_training, jobs, device=device, **options)


@lru_cache(maxsize=32)
def staple_mask(name: str) -> np.ndarray:
    return (staple(bench.patient(name).raters).probability >= 0.5).astype(np.uint8)


@lru_cache(maxsize=128)
def fused(name: str, target: str) -> np.ndarray:
    """What a network is trained towards, (X, Y, Z) float32."""
    case = bench.patient(name)
    masks = case.raters
    if target == "staple":
        return staple_mask(name).astype(np.float32)
    if target == "vote":
        return majority_vote(masks).probability.astype(np.float32)
    if target == "mean":
        return mean_vote(masks).probability.astype(np.float32)
    rims = np.stack([rim(mask, case.images["FLAIR"], ratio=RATIO, spacing=case.spacing) for mask in masks])
    if target == "learned_soft_staple":
        return learned_soft_staple(masks, rims, start=START).probability
    m_step = {"soft_staple": "paper", "soft_staple_exact": "exact"}[target]
    return soft_staple(masks + np.float32(START) * rims, m_step=m_step).probability


def one_training(job: dict) -> dict:
    """Train one network; score it on three patients, by their STAPLE mask, each of their raters, and the truth."""
    setting = {key: job[key] for key in ("target", "fold", "seed")}
    marked = [mask_slices(staple_mask(name)).any(axis=(1, 2)) for name in job["train"]]
    images = [bench.pictures(name, MODALITIES)[keep] for name, keep in zip(job["train"], marked, strict=True)]
    targets = [mask_slices(fused(name, job["target"]))[keep] for name, keep in zip(job["train"], marked, strict=True)]
    network = bench.train(np.concatenate(images), np.concatenate(targets), epochs=job["epochs"], seed=job["seed"],
                          device=job["device"])
    threshold = bench.threshold_of(network, job["train"], list(map(staple_mask, job["train"])), MODALITIES)
    rows, quality = [], []
    for name in job["test"]:
        case, p = bench.patient(name), bench.probability(network, name, MODALITIES)
        truth = (case.truth >= 0.5).astype(np.uint8)
        mask, half = (bench.decided(p, cut, case.spacing) for cut in (threshold, 0.5))
        drawn = {"STAPLE": staple_mask(name), **dict(zip(case.names, case.raters, strict=True)), "truth": truth}
        rows += [{**setting, "patient": name, "scored": scorer, "threshold": threshold, **bench.scores(mask, by),
                  **bench.scores(half, by, "_half")} for scorer, by in drawn.items()]
        quality.append({**setting, "patient": name, "brier": float(f"{brier(p, truth):.4g}"),
                        "ece": float(f"{ece(p, truth):.4g}"),
                        "brier_soft_truth": float(f"{brier(p, case.truth):.4g}")})
    facts = {**setting, "threshold": threshold, "epochs": len(network.history), "best_epoch": network.best,
             "loss_validation": round(float(network.history[network.best, 1]), 4)}
    return {"rows": rows, "quality": quality, "networks": [facts]}


def summary(rows: list[dict]) -> dict:
    """Means over patients, a number per seed, for the tables of the book; "experts" is the mean over the seven."""
    experts = tuple(sorted({row["scored"] for row in rows} - {"STAPLE", "truth"}))
    return seed_means(rows, lambda row: row["target"], {"STAPLE": ("STAPLE",), "experts": experts, "truth": ("truth",)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--others-seeds", type=int, default=None, help="seeds of the targets beyond the paper's")
    parser.add_argument("--profile", choices=EPOCHS, default="full")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--folder", default="_build/runs/04_soft_staple")
    asked = parser.parse_args()
    options = {"profile": asked.profile, "device": asked.device, "folder": asked.folder, "progress": True}
    start, found = time.perf_counter(), []
    for seed in range(asked.seeds):                         # so that a run cut short has whole seeds
        found += trained_on(PAPER, [seed], **options)
    others = range(asked.seeds if asked.others_seeds is None else asked.others_seeds)
    found += trained_on(OTHERS, others, **options) if others else []
    tables = {part: [row for result in found for row in result[part]] for part in ("rows", "quality", "networks")}
    tables["summary"] = summary(tables["rows"])
    path = save_results("04_soft_staple", {"settings": SETTINGS, **tables}, seeds=list(range(asked.seeds)),
                        seconds=time.perf_counter() - start, device=asked.device, packages=("numpy", "scipy", "torch"))
    print(f"{path.name} is written")


if __name__ == "__main__":
    main()
