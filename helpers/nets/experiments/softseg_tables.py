"""From the jobs of `softseg` that are done to results/06_softseg.json.

    python -m helpers.nets.experiments.softseg_tables

A split of which the three label sources are not all done is left out; so is a candidate that lacks one of the other
splits. "missing" says which.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from helpers.measure import Reliability, composite_score, paired_test
from helpers.nets.experiments.runner import name_of
from helpers.nets.experiments.softseg import CUTS, EPOCHS, SOURCES, all_jobs, as_hex, crop_of
from helpers.nets.experiments.softseg_paper import PAPER
from helpers.nets.experiments.softseg_subjects import CROWDS, MODALITIES, PIXEL, RATIO, SOFT, subject
from helpers.results import save_results

SETTINGS = {
    "conventional": "binarised after augmentation, Dice loss per class, sigmoid or softmax",
    "softseg": "labels stay soft, Adaptive Wing (omega 8, theta 0.5, alpha 2.1, epsilon 1), normalised ReLU per slice",
    "start": "both frameworks go on from one network trained conventionally towards the same labels",
    "epochs": EPOCHS["full"], "rates": [2e-2, 5e-3], "batch": 8, "degrees": 10, "width": 8, "depth": 3,
    "threshold": "MS: best mean Dice with the validation patients' STAPLE masks; cord: the largest class",
    "thresholds": CUTS, "modalities": MODALITIES, "cord_pixel_mm": PIXEL, "rim_ratio": RATIO, "rim_label": SOFT,
    "entropy": "equation (1): foreground classes only, nats", "expected_vote_crowds": CROWDS,
}
REFERENCE = "Conv-STAPLE"
SIX = tuple(f"{framework}-{source}" for framework in ("Conv", "SoftSeg") for source in SOURCES)
ENSEMBLE = "Ensemble"


def done(jobs: list[dict], folder: str | Path) -> dict:
    """{(data, split): {source: result}} of the jobs whose results are there, and the seconds they took."""
    found, seconds = defaultdict(dict), 0.0
    for job in jobs:
        path = Path(folder) / name_of(job)
        if path.exists():
            note = json.loads(path.read_text())
            found[job["data"], job["seed"]][job["source"]] = note["result"] | {"split": job["split"]}
            seconds += note["seconds"]
    return dict(found), seconds


def tables_of(data: str, found: dict) -> dict | None:
    """Everything about one data set: see the keys of the file."""
    whole = {k: results for (kind, k), results in sorted(found.items())
             if kind == data and results.keys() >= {*SOURCES}}
    if not whole:
        return None
    per_split = [{name: part for result in results.values() for name, part in result["candidates"].items()}
                 for results in whole.values()]
    names = [name for name in per_split[0] if all(name in split for split in per_split)]
    splits = [results[SOURCES[0]]["split"] for results in whole.values()]
    tested = [split["test"] for split in splits]
    rows = {name: [split[name]["rows"][patient] for split, patients in zip(per_split, tested, strict=True)
                   for patient in patients] for name in names}
    scores = {name: by_metric(rows[name]) for name in names}
    composite = composites(scores)
    return {
        "patients": [patient for patients in tested for patient in patients], "splits": splits,
        "entropy_raters": [row["entropy_raters"] for row in rows[REFERENCE]],
        "per_patient": {name: {key: values for key, values in columns.items() if key != "entropy_error"}
                        for name, columns in scores.items()},
        "per_split": {name: by_split([split[name] for split in per_split]) for name in names},
        "reliability": {name: pooled([split[name]["tables"] for split in per_split]) for name in names},
        "loss": losses(list(whole.values())), "composite": composite,
        "summary": {name: {key: spread(values) for key, values in
                           (scores[name] | ({"composite": composite[name]} if name in composite else {})).items()}
                    for name in names},
        "tests": {source: compared(scores[f"SoftSeg-{source}"], scores[f"Conv-{source}"]) for source in SOURCES},
        "tests_reference": {name: compared(scores[name], scores[REFERENCE]) for name in names if name != REFERENCE},
        "ensemble": with_ensemble(whole),
        "picture": next((picture(split, names[0]) for split, names in zip(per_split, tested, strict=True)
                         if "picture" in split[REFERENCE]), None),
    }


def picture(candidates: dict, name: str) -> dict:
    """One slice: image, votes, STAPLE, truth, what each candidate says of it in percent, as `as_hex` writes them."""
    maps = {candidate: part["picture"] for candidate, part in candidates.items() if "picture" in part}
    who = subject(name)
    flair = crop_of(name, who.case.images["FLAIR"])
    return {"patient": name, "maps": maps, "flair": as_hex(flair / flair.max() * 255),
            "votes": as_hex(crop_of(name, who.votes[1]) * 100), "staple": as_hex(crop_of(name, who.staple) * 100),
            "truth": as_hex(crop_of(name, who.truth) * 100)}


def by_metric(rows: list[dict]) -> dict[str, list]:
    """{metric: one number per patient}; a precision that does not exist, of an empty mask, is None."""
    columns = {key: [row[key] for row in rows] for key in rows[0] if key != "entropy_raters"}
    errors = [abs(row["entropy"] - row["entropy_raters"]) for row in rows]
    return columns | {"entropy_error": [float(f"{error:.5g}") for error in errors]}


def by_split(parts: list[dict]) -> dict[str, list]:
    """One number per split: errors of calibration of all its test patients, threshold, temperature."""
    found = defaultdict(list)
    for part in parts:
        tables = {key: as_table(table) for key, table in part["tables"].items() if not key.startswith("foreground")}
        for key, table in tables.items():
            name = "ece" + (f" {key}" if key != "all" else "").replace("all dropped", "dropped").replace(" ", "_")
            found[name.replace("__", "_")].append(float(f"{table.ece:.5g}") if table.voxels.sum() else None)
        kept, left = tables["all"].voxels.sum(), tables["all dropped"].voxels.sum()
        found["dropped"].append(round(float(1 - left / kept), 5))
        for key in ("threshold", "temperature"):
            if key in part:
                found[key].append(part[key])
    return dict(found)


def pooled(tables: list[dict]) -> dict:
    """The tables of several splits, added up."""
    total = {key: as_table(table) for key, table in tables[0].items()}
    for more in tables[1:]:
        total = {key: table + as_table(more[key]) for key, table in total.items()}
    return {key: {part: np.round(getattr(table, part), 1).tolist() for part in ("voxels", "right", "confident")}
            for key, table in total.items()}


def as_table(lists: dict) -> Reliability:
    return Reliability(*(np.array(lists[part]) for part in ("voxels", "right", "confident")))


def losses(splits: list[dict]) -> dict:
    """{candidate: per split [training, watched]}; the conventional ones with their first half, the common start."""
    found = defaultdict(list)
    for results in splits:
        for source in SOURCES:
            loss = results[source]["loss"]
            found[f"Conv-{source}"].append([a + b for a, b in zip(loss["start"], loss["Conv"], strict=True)])
            found[f"SoftSeg-{source}"].append(loss["SoftSeg"])
    return dict(found)


def composites(scores: dict) -> dict[str, list]:
    """The composite score of the six candidates, per patient; a precision that does not exist counts as 0."""
    measures = [key for key in scores[REFERENCE] if key.split("_")[0] in ("dice", "precision", "recall", "avd")]
    weights = {key: -1 if key.startswith("avd") else 1 for key in measures}
    stacked = {key: [[value or 0 for value in scores[name][key]] for name in SIX] for key in measures}
    return dict(zip(SIX, np.round(composite_score(stacked, weights), 4).tolist(), strict=True))


def compared(a: dict, b: dict) -> dict:
    """{metric: paired test of a - b}, over the patients for whom both exist."""
    found = {}
    for key in a:
        pairs = [(x, y) for x, y in zip(a[key], b[key], strict=True) if x is not None and y is not None]
        if len(pairs) >= 2:
            test = paired_test(*map(list, zip(*pairs, strict=True)))
            found[key] = {part: float(f"{getattr(test, part):.4g}") for part in ("difference", "low", "high", "p")}
            found[key]["n"] = test.n
    return found


def spread(values: list) -> dict:
    there = [value for value in values if value is not None]
    return {"mean": float(f"{mean(there):.5g}"), "sd": float(f"{stdev(there):.5g}")} if len(there) > 1 else None


def with_ensemble(whole: dict) -> dict | None:
    """The ensemble beside single networks, on the splits for which it is done."""
    splits = [results for results in whole.values() if ENSEMBLE in results]
    if not splits:
        return None
    parts = [{name: part for result in results.values() for name, part in result["candidates"].items()}
             for results in splits]
    names = (ENSEMBLE, "SoftSeg-STAPLE", "SoftSeg-Random", REFERENCE, "Conv-Random")
    tests = [results[ENSEMBLE]["split"]["test"] for results in splits]
    scores = {name: by_metric([part[name]["rows"][patient] for part, patients in zip(parts, tests, strict=True)
                               for patient in patients]) for name in names}
    return {"patients": sum(map(len, tests)),
            "summary": {name: {key: spread(values) for key, values in scores[name].items()} for name in names},
            "tests": compared(scores["SoftSeg-STAPLE"], scores[ENSEMBLE]),
            "reliability": {name: pooled([part[name]["tables"] for part in parts]) for name in names}}


def real_cord(found: dict) -> dict | None:
    """{candidate: {metric: mean and spread over the acquisitions}}, each the mean over the networks of the splits."""
    values = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for (data, _), results in found.items():
        for result in results.values() if data == "cord" else ():
            for name, part in result["candidates"].items():
                for patient, row in part["rows"].items():
                    if patient.startswith("gm/"):
                        for key, (value,) in by_metric([row]).items():
                            if value is not None:
                                values[name][key][patient].append(value)
    return {name: {key: spread([mean(v) for v in patients.values()]) for key, patients in columns.items()}
            for name, columns in values.items()} or None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default="_build/runs/06_softseg")
    parser.add_argument("--splits", type=int, default=5)
    asked = parser.parse_args()
    jobs = all_jobs(asked.splits)
    found, seconds = done(jobs, asked.folder)
    tables = {data: tables_of(data, found) for data in ("ms", "cord")}
    missing = [f"{job['data']}, split {job['seed']}: {job['source']}" for job in jobs
               if job["source"] not in found.get((job["data"], job["seed"]), {})]
    path = save_results("06_softseg", {"paper": PAPER, "settings": SETTINGS, "missing": missing,
                                       "real_cord": real_cord(found), **tables},
                        seeds=sorted({k for _, k in found}), seconds=seconds,
                        packages=("numpy", "scipy", "torch"))
    print(f"{path.name} is written, {len(missing)} of {len(jobs)} jobs are missing")


if __name__ == "__main__":
    main()
