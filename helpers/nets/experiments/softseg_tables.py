"""From the jobs of `softseg` that are done to results/06_softseg.json.

    python -m helpers.nets.experiments.softseg_tables

A split of which the three label sources are not all done is left out; so is a candidate that lacks one of the other
splits. "missing" says which.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from statistics import mean

from helpers.nets.experiments.runner import name_of
from helpers.nets.experiments.softseg import EPOCHS, SOURCES, all_jobs
from helpers.nets.experiments.softseg_columns import by_metric, by_split, compared, composites, pooled, spread
from helpers.nets.experiments.softseg_paper import PAPER
from helpers.nets.experiments.softseg_scores import CUTS, as_hex, crop_of
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
REFERENCE, ENSEMBLE = "Conv-STAPLE", "Ensemble"


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


def losses(splits: list[dict]) -> dict:
    """{candidate: per split [training, watched]}; the conventional ones with their first half, the common start."""
    found = defaultdict(list)
    for results in splits:
        for source in SOURCES:
            loss = results[source]["loss"]
            found[f"Conv-{source}"].append([a + b for a, b in zip(loss["start"], loss["Conv"], strict=True)])
            found[f"SoftSeg-{source}"].append(loss["SoftSeg"])
    return dict(found)


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
