"""Tables of chapter 5: a number per seed of every arm, with the paper's row beside it."""

from statistics import mean, stdev

import numpy as np

from helpers.nets.crowd_consensus import LATE
from helpers.nets.experiments.crowd_arms import BATCH, LOW_RANK, NETWORK, OURS, SPATIAL
from helpers.nets.experiments.crowd_data import as_bytes, material, shown
from helpers.nets.experiments.crowd_ms import TILE, TILES, lesion_place
from helpers.nets.experiments.crowd_paper import PAPER
from helpers.nets.experiments.crowd_scores import confusion

LABELS = ("dense", "single")
EPOCHS = {"mnist": {"quick": 2, "full": 4}, "ms": {"quick": 2, "full": 8}}
SETTINGS = {
    "network": NETWORK, "epochs": {key: epochs["full"] for key, epochs in EPOCHS.items()}, "batch": BATCH, "rate": 1e-2,
    "matrix_rate": 1e-2, "start": 0.95, "held_out": 0.2, "training_digits": 4000, "test_digits": 1000,
    "ours": OURS | {"consensus": f"1 after the first {LATE} of the training"}, "low_rank": LOW_RANK,
    "fused_single": "masks that separate networks, one per rater, draw on all training images",
    "spatial_staple": SPATIAL, "ms_tiles": {"size": TILE, "of_a_slice": TILES},
}


def mnist_tables(found: list[dict]) -> dict:
    first = [result for result in found if result["row"]["seed"] == 0]
    return {
        "settings": SETTINGS, **both(found, "mnist"), "true_matrices": true_matrices({}),
        "epochs": [{key: result["row"][key] for key in ("arm", "labels", "seed")} | result["epochs"]
                   for result in first if "epochs" in result],
        "shown": {"digits": shown().tolist(), "halves_of_a_percent": {
            f"{result['row']['labels']}/{result['row']['arm']}": result["shown"] for result in first
            if result["row"]["arm"] in ("ours", "lambda_0", "lambda_0.9", "mean", "global")}},
    }


def ms_tables(data: str, found: list[dict]) -> dict:
    tables = both(found, "ms") | {"true_matrices": true_matrices({"data": data})}
    return tables if data == "real" else tables | {"lesion": lesion(data, found)}


def lesion(data: str, found: list[dict]) -> dict:
    """A part of a test slice of a simulated patient: FLAIR, truth and masks, and what the networks make of it."""
    images, masks, truth, _ = material({"data": data}, "test")
    number, crop = lesion_place(data)
    flair = images[number, 0, *crop]
    drawn = {f"{result['row']['labels']}/{result['row']['arm']}": result["lesion"] for result in found
             if "lesion" in result}
    return {"flair": as_bytes(255 * (flair - flair.min()) / np.ptp(flair)), "truth": as_bytes(truth[number, *crop]),
            "masks": as_bytes(masks[number, :, *crop]), "halves_of_a_percent": drawn}


def both(found: list[dict], kind: str) -> dict:
    rows = [result["row"] for result in found]
    return {"summary": summary(rows, kind), "book": book(summary(rows, kind)), "rows": rows}


def summary(rows: list[dict], kind: str) -> dict:
    """{labels: {arm: {"dice": one number per seed, "cm_rmse": .., "agreement": ..}}}, with the paper's row beside."""
    table = {labels: {} for labels in LABELS}
    for found in sorted(rows, key=lambda found: found["seed"]):
        arm = table[found["labels"]].setdefault(found["arm"], {})
        for key in ("dice", "cm_rmse", "cm_rmse_decided", "agreement", "agreement_plain"):
            if key in found:
                arm.setdefault(key, []).append(found[key])
    for labels, arms in table.items():
        for arm, values in arms.items():
            values |= {f"paper_{key}": value for key, value in PAPER[kind][labels].get(arm, {}).items()}
    return table


def spread(values: list[float]) -> dict | float | None:
    """Mean and standard deviation; the number itself where there is one, None where there is none."""
    if len(values) < 2:
        return values[0] if values else None
    return {"mean": round(mean(values), 4), "sd": round(stdev(values), 4)}


def book(table: dict) -> dict:
    """`summary` with a spread for the seeds, and None where a number does not exist: for book/results.md."""
    return {labels: {arm: {key: spread(values.get(key, [])) for key in ("dice", "cm_rmse")}
                     | {key: values.get(key) for key in ("paper_dice", "paper_cm_rmse")}
                     for arm, values in arms.items()} for labels, arms in table.items()}


def true_matrices(job: dict) -> list:
    return confusion(*material(job, "test")[1:3]).round(4).tolist()
