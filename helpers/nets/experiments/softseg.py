"""Chapter 6: conventional training and SoftSeg. Tables 2 to 4 and figures 1, 4 to 7 of the paper in kind, and beyond.

    python -m helpers.nets.experiments.softseg              # trains what is missing
    python -m helpers.nets.experiments.softseg_tables       # results/06_softseg.json from what is complete

As in the paper: three label sources by two frameworks and an ensemble of one network per rater; two classes of brain
and three of cord; test centres of the cord held out in turn; STAPLE is the reference of masks and of calibration, the
raters' mean label that of entropy and Brier score. Unlike it: simulated data, voxels of 2 mm, a small network trained
briefly; SoftSeg begins where the first half of the conventional training has arrived (see `trained`).
"""

import argparse
import copy
from collections.abc import Callable

import numpy as np
import torch

from helpers.data.downloads import data_root
from helpers.data.real import CORDS
from helpers.nets.experiments.runner import run
from helpers.nets.experiments.softseg_scores import evaluated
from helpers.nets.experiments.softseg_subjects import labels, native, subject, trained_slices
from helpers.nets.predict import predict
from helpers.nets.recipes import linear, saturating, train_conventional, train_softseg
from helpers.nets.temperature import fit_temperature
from helpers.nets.train import Trained

SOURCES = ("STAPLE", "Average", "Random")
BEYOND = ("soft dilation", "soft STAPLE", "learned soft STAPLE")
EPOCHS = {"quick": {"ms": [2, 2], "cord": [2, 2]}, "full": {"ms": [10, 6], "cord": [12, 8]}}
PICTURED = 4                                                # the MS split whose first patient is drawn
# What is most needed comes first, in case that the run is cut short.
STAGES = (("ms", SOURCES), ("cord", SOURCES), ("cord", ("Ensemble",)), ("ms", BEYOND), ("ms", ("Ensemble",)))


def splits(data: str, number: int) -> list[dict]:
    """Random splits. MS: 9, 3 and 3 patients, each tested once in five splits. Cord: one centre tested in turn."""
    rng = np.random.default_rng(6)
    found = []
    if data == "ms":
        order = rng.permutation(15)
        for k in range(number):
            test, watch, train = np.split(np.roll(order, -3 * k), [3, 6])
            found.append({"test": test, "validation": watch, "train": train})
    else:
        for k in range(number):
            centres = [rng.permutation(5) + 5 * c for c in range(4) if c != k]
            found.append({"test": np.arange(5) + 5 * k, "validation": np.array([c[0] for c in centres]),
                          "train": np.concatenate([c[1:] for c in centres])})
    return [{part: [f"{data}/{i}/0" for i in sorted(ids.tolist())] for part, ids in split.items()} for split in found]


def one_job(job: dict) -> dict:
    """The networks of one source on one split: {candidate: what `evaluated` found}, and their losses."""
    source, found, losses = job["source"], {}, {}
    if source == "Ensemble":
        raters = range(len(subject(job["split"]["train"][0]).case.raters))
        networks = [trained(job, f"rater {r}", ("Conv",))[0] for r in raters]
        found["Ensemble"] = evaluated(job, lambda name: np.mean([said(n["Conv"], name) for n in networks], axis=0))
        return {"candidates": found, "loss": losses}
    frameworks = ("Conv", "SoftSeg") if source in SOURCES else ("SoftSeg",)
    networks, losses = trained(job, source, frameworks)
    for framework, network in networks.items():
        activation = saturating if framework == "Conv" else linear
        found[f"{framework}-{source}"] = evaluated(job, lambda name, n=network, a=activation: said(n, name, a))
    if job["data"] == "ms":
        found[f"SoftSeg-{source}, patient"] = evaluated(job, lambda name: whole_patient(networks["SoftSeg"], name))
    if "Conv" in networks:
        for ending, labelled in ((" + T", "STAPLE"), (" + T votes", "Average")):
            t = temperature(job, networks["Conv"], labelled)
            if t is None:
                continue
            found[f"Conv-{source}{ending}"] = evaluated(
                job, lambda name, t=t: said(networks["Conv"], name, lambda z: saturating(z / t))) | {"temperature": t}
    return {"candidates": found, "loss": losses}


def trained(job: dict, source: str, frameworks: tuple[str, ...]) -> tuple[dict[str, Trained], dict]:
    """A network per framework towards the labels of one source, and their losses (2, epochs).

    Both go on from one network that was trained in the conventional way: in as few steps as these, SoftSeg from
    nothing stays where it calls hardly any voxel lesion.
    """
    images, given = trained_slices(job["split"]["train"], source)
    first, second = job["epochs"]
    common = {"seed": job["seed"], "held_out": 0.1, "degrees": 10.0, "patience": 99, "device": "cpu"}
    start = train_conventional(images, given, epochs=first, rate=2e-2, **common)
    networks, losses = {}, {"start": np.round(start.history, 4).T.tolist()}
    for framework in frameworks:
        train = {"Conv": train_conventional, "SoftSeg": train_softseg}[framework]
        networks[framework] = train(images, given, model=copy.deepcopy(start.model), epochs=second, rate=5e-3, **common)
        losses[framework] = np.round(networks[framework].history, 5).T.tolist()
    return networks, losses


def said(network: Trained, name: str, activation: Callable = saturating) -> np.ndarray:
    """What a network says of a subject, (K - 1, *space)."""
    maps = predict(network.model, subject(name).images, activation=activation)
    return native(name, maps if maps.ndim == 4 else maps[:, None])


def whole_patient(network: Trained, name: str) -> np.ndarray:
    """The same of a SoftSeg network, divided by the largest value of the patient, not of each slice."""
    images = subject(name).images
    maps = predict(network.model, images, activation=lambda z: linear(z, "batch"), batch=len(images))
    return native(name, maps[:, None])


def temperature(job: dict, network: Trained, labelled: str) -> float | None:
    """What suits the validation patients' STAPLE masks, or their votes, over all pixels; None if nothing does."""
    logits, given = [], []
    for name in job["split"]["validation"]:
        z = predict(network.model, subject(name).images, activation=torch.nn.Identity())
        q = np.moveaxis(labels(name, labelled)[:, 0], 1, 0)             # (K, S, H, W)
        logits.append(z.ravel() if z.ndim == 3 else np.moveaxis(z, 1, 0).reshape(len(q), -1))
        given.append(q[1].ravel() if z.ndim == 3 else q.reshape(len(q), -1))
    try:
        return round(fit_temperature(np.concatenate(logits, -1), np.concatenate(given, -1)), 4)
    except ValueError:
        return None


def jobs_of(data: str, sources: tuple[str, ...], number: int, profile: str = "full") -> list[dict]:
    real = [f"gm/{name}" for name in CORDS] if data == "cord" and (data_root() / "gm-challenge-data").is_dir() else []
    return [{"data": data, "source": source, "split": split, "seed": k, "epochs": EPOCHS[profile][data], "real": real}
            | ({"picture": True} if data == "ms" and k == PICTURED else {})
            for k, split in enumerate(splits(data, number)) for source in sources]


def all_jobs(number: int = 5, profile: str = "full") -> list[dict]:
    """In the order of `STAGES`; `number` is that of the MS splits."""
    return [job for data, sources in STAGES for job in jobs_of(data, sources, {"ms": number, "cord": 4}[data], profile)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=5, help="of the MS cohort; the cord has four centres")
    parser.add_argument("--profile", choices=EPOCHS, default="full")
    parser.add_argument("--folder", default="_build/runs/06_softseg")
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    run(one_job, all_jobs(asked.splits, asked.profile), folder=asked.folder, workers=asked.workers, progress=True)


if __name__ == "__main__":
    main()
