"""How good the networks of chapter 6 are: masks, entropy, Brier score and reliability, patient by patient.

Maps are (K - 1, *space), in the voxels of the case. One slice may be kept as a picture.
"""

from collections.abc import Callable

import numpy as np

from helpers.measure import (
    Reliability,
    avd,
    brier,
    dice,
    entropy,
    foreground_reliability,
    precision,
    recall,
    reliability,
    rvd,
)
from helpers.nets.experiments.softseg_subjects import expected_vote, subject
from helpers.nets.predict import best_threshold

CUTS = tuple(np.arange(0.05, 1, 0.05).round(2).tolist())    # the paper's steps


def evaluated(job: dict, speak: Callable) -> dict:
    """Scores of each test patient, the tables of all of them together; `speak(name)` is (K - 1, *space)."""
    split, threshold = job["split"], None
    if subject(split["test"][0]).classes == 2:
        watched = split["validation"]
        threshold = best_threshold([speak(n)[0] for n in watched], [subject(n).staple for n in watched], CUTS)
    rows, total = {}, {}
    for name in split["test"] + job["real"]:
        rows[name], tables = measured(name, speak(name), threshold)
        if name in split["test"]:
            total = {key: total[key] + table if key in total else table for key, table in tables.items()}
    found = {"rows": rows, "tables": {key: as_lists(table) for key, table in total.items()}}
    if job.get("picture"):
        found["picture"] = as_hex(crop_of(split["test"][0], speak(split["test"][0])[0]) * 100)
    return found if threshold is None else found | {"threshold": threshold}


def measured(name: str, p: np.ndarray, threshold: float | None) -> tuple[dict, dict]:
    """One patient's scores, and tables of reliability, of a map (K - 1, *space)."""
    who, p = subject(name), np.clip(p, 0, 1)
    if who.classes == 2:
        whole, decided, endings = p[0], p[0] >= threshold, ("",)
    else:
        p = p / np.maximum(p.sum(0), 1)                                 # rounding
        whole, endings = np.concatenate([1 - p.sum(0, keepdims=True), p]), ("_gm", "_wm")
        decided = whole.argmax(0)
    row = {}
    for k, ending in enumerate(endings, 1):
        a, b = decided == k, who.staple == k
        row |= {measure.__name__ + ending: measure(a, b) for measure in (dice, precision, recall, avd, rvd)}
        row["brier" + ending] = brier(p[k - 1], who.votes[k])
    row |= {"entropy": entropy(p), "entropy_raters": entropy(who.votes[1:])}
    near = who.around
    held = {"all": (whole, who.staple), "around": (whole[..., near], who.staple[near]), "truth": (whole, who.truth)}
    tables = {region + ending: reliability(*pair, ones=ones) for region, pair in held.items()
              for ending, ones in (("", "kept"), (" dropped", "dropped"))}
    row |= {"ece": tables["all"].ece, "ece_around": tables["around"].ece, "ece_truth": tables["truth"].ece}
    if who.classes == 2:
        held_against = {"raters": who.votes[1], "true": who.truth}
        if name.startswith("ms/"):
            held_against["expected"] = expected_vote(name)
            row["brier_expected"] = brier(p[0], held_against["expected"])
        row["brier_truth"] = brier(p[0], who.truth)
        tables |= {f"foreground {key}": foreground_reliability(p[0], soft) for key, soft in held_against.items()}
    else:
        row["brier_truth"] = brier(whole, who.truth)
    return {key: float(f"{value:.5g}") if np.isfinite(value) else None for key, value in row.items()}, tables


def crop_of(name: str, volume: np.ndarray) -> np.ndarray:
    """48 x 48 voxels of the slice about which a patient's raters disagree most, (X, Y, Z) to (48, 48)."""
    votes = subject(name).votes[1]
    disputed = (votes > 0) & (votes < 1)
    z = int(disputed.sum((0, 1)).argmax())
    low = [int(np.clip(round(place.mean()) - 24, 0, n - 48))
           for place, n in zip(np.nonzero(disputed[..., z]), votes.shape, strict=False)]
    return volume[low[0]:low[0] + 48, low[1]:low[1] + 48, z]


def as_hex(picture: np.ndarray) -> list[str]:
    """Rows of a picture of values from 0 to 255, two letters a voxel: `bytes.fromhex` reads them."""
    return [bytes(row).hex() for row in np.round(picture).astype(np.uint8)]


def as_lists(table: Reliability) -> dict:
    return {"voxels": table.voxels.tolist(), "right": np.round(table.right, 2).tolist(),
            "confident": np.round(table.confident, 2).tolist()}
