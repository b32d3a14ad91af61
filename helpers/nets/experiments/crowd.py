"""Chapter 5: crowd confusion networks on digits and on MS lesions. Tables 1 and 2 of the paper in kind.

    python -m helpers.nets.experiments.crowd --seeds 5          # results/05_crowd_confusion.json

All 4,000 embedded training digits, five simulated raters, scored on the 1,000 test digits; as in the paper a fifth of
the training digits is held out. "dense": all five labelled every digit. "single": one of them, by lot, labelled it.
Unlike in the paper the network is a small U-Net, and each method gets the same one, trained equally long. The MS
patients are simulated: five to train on, five others for the test; see `crowd_ms`.
"""

import argparse
import json
import time
from base64 import b64encode
from functools import lru_cache
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import torch

from helpers.data import mnist, mnist_raters
from helpers.fusion import spatial_staple, staple
from helpers.measure import confusion_rmse, dice
from helpers.nets import CrowdNet, one_label_per_image, rater_matrices, train_crowd, truth_probability
from helpers.nets.experiments.crowd_ms import ms_slices
from helpers.nets.experiments.crowd_paper import PAPER
from helpers.nets.experiments.runner import name_of, run
from helpers.results import save_results

LABELS, CLASSES, DRAWN = ("dense", "single"), 2, 2021       # DRAWN: of the lot that says who labels a digit
NETWORK = {"mnist": {"width": 8, "depth": 1}, "ms": {"width": 8, "depth": 2}}
EPOCHS = {"mnist": {"quick": 2, "full": 4}, "ms": {"quick": 2, "full": 5}}
BATCH = {"mnist": 32, "ms": 8}
WEIGHT = 0.05                                               # lambda
LAMBDAS = (0, 0.001, 0.01, 0.05, 0.1, 0.7, 0.9)
OURS = {"confusion": "pixel", "trace_weight": WEIGHT, "consensus": 1.0}
LOW_RANK = {"rank": 1, "diagonal": True}
MATRICES = {
    "ours": OURS, "ours_no_trace": OURS | {"trace_weight": 0}, "ours_global": OURS | {"confusion": "global"},
    "ours_low_rank": OURS | {"confusion": "low_rank"}, "global": {"confusion": "global", "trace_weight": WEIGHT},
    "oracle": {"confusion": "global"},
    **{f"lambda_{weight:g}": {"confusion": "pixel", "trace_weight": weight} for weight in LAMBDAS},
}
SPATIAL = {"window": 9, "tol": 1e-2, "max_iterations": 20}
FUSED = ("mode", "staple", "spatial_staple")
MAIN = ("ours", "mean", "mode", "staple", "oracle", "lambda_0.1", "lambda_0", "spatial_staple", "separate", "global")
REST = (*(f"lambda_{weight:g}" for weight in (0.9, 0.01, 0.7, 0.05, 0.001)), "ours_global", "ours_low_rank",
        "ours_no_trace")
MS = ("ours", "mean", "mode", "staple", "oracle", "lambda_0", "lambda_0.1")
SHOWN = 6                                                   # test digits whose predictions are stored


def trainings(seeds, arms=(MAIN, REST), *, profile: str = "full", device: str = "cpu", **options) -> list[dict]:
    """A result per arm, seed and kind of labels; see `one_arm`. `options` are those of `run`.

    One group of arms after the other, so that a run cut short has all seeds of the main ones.
    """
    jobs = [{"arm": arm, "labels": labels, "seed": seed, "epochs": EPOCHS["mnist"][profile], "device": device}
            for group in arms for seed in seeds for arm in group for labels in LABELS]
    return done(jobs, device, **options)


def ms_trainings(data: str, seeds, arms=MS, *, profile: str = "full", device: str = "cpu", **options) -> list[dict]:
    """The same on MS patients; `data` is "cohort", "morphology" or "real"."""
    jobs = [{"arm": arm, "data": data, "labels": labels, "seed": seed, "epochs": EPOCHS["ms"][profile],
             "device": device} for seed in seeds for arm in arms for labels in LABELS]
    return done(jobs, device, **options)


def done(jobs: list[dict], device: str, finished: bool = False, **options) -> list[dict]:
    """`run`, or with `finished` only what an earlier run has computed."""
    if finished:
        jobs = [job for job in jobs if (Path(options["folder"]) / name_of(job)).exists()]
    return run(one_arm, jobs, device=device, **options)


def material(job: dict, split: str) -> tuple[np.ndarray, ...]:
    """Images, labels and truth as in `digits`, and the case each image belongs to (S,): a digit, or a patient."""
    if "data" in job:
        return ms_slices(job["data"], split)
    found = digits(split)
    return *found, np.arange(len(found[0]))


def kind(job: dict) -> str:
    return "ms" if "data" in job else "mnist"


@lru_cache(maxsize=2)
def digits(split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images (S, 1, 28, 28), labels (S, 5, 28, 28) int8, truth (S, 28, 28) uint8."""
    case = mnist_raters(mnist(split))
    return case.images["digit"][:, None], case.raters.swapaxes(0, 1).astype(np.int8), case.truth.astype(np.uint8)


def confusion(masks: np.ndarray, truth: np.ndarray, classes: int = CLASSES) -> np.ndarray:
    """(R, K, K) of masks (S, R, *space): of the pixels whose truth is j, the share of which rater r says i.

    A truth that never occurs has an even column.
    """
    there = [truth == j for j in range(classes)]
    return np.stack([[[np.mean(said[where] == i) if where.any() else 1 / classes for where in there]
                      for i in range(classes)] for said in masks.swapaxes(0, 1)])


def one_arm(job: dict) -> dict:
    """Train what the arm needs; score it on the test digits. The keys of a row are those of results/05_*.json."""
    images, labels = material(job, "train")[:2]
    if job["labels"] == "single":
        lot = np.random.default_rng([job["seed"], DRAWN])
        labels = one_label_per_image(labels, lot.integers(labels.shape[1], size=len(labels)))
    options = {key: job[key] for key in ("epochs", "seed", "device")} | {"batch": BATCH[kind(job)]}
    if job["arm"] in MATRICES:
        return matrices_arm(job, images, labels, options)
    return mask_arm(job, images, labels, options)


def matrices_arm(job: dict, images: np.ndarray, labels: np.ndarray, options: dict) -> dict:
    """An arm that learns matrices, or knows them."""
    wanted = dict(MATRICES[job["arm"]])
    family = wanted.pop("confusion")
    model = network(images, labels, job, family)
    if job["arm"] == "oracle":
        options = options | {"known": confusion(*material(job, "train")[1:3])}
    tests, _, truth, cases = material(job, "test")

    def dice_now(net: CrowdNet) -> float:
        return mean_dice(truth_probability(net, tests)[:, 1] >= 0.5, truth, cases)

    watch = dice_now if job["seed"] == 0 else None
    found = train_crowd(images, labels, classes=CLASSES, model=model, watch=watch, **wanted, **options)
    p = truth_probability(found.model, tests)[:, 1]
    a = options["known"] if "known" in options else rater_matrices(found.model, tests)
    epochs = {"loss": found.history[:, 0], "cross_entropy": found.history[:, 1], "trace": found.history[:, 2],
              "matrices": found.matrices, "dice": np.array(found.watched)}
    return row(job, p, a, truth_probability(found.model, images[found.validation])[:, 1] >= 0.5,
               labels[found.validation]) | {"epochs": {key: value.round(4).tolist() for key, value in epochs.items()}}


def mask_arm(job: dict, images: np.ndarray, labels: np.ndarray, options: dict) -> dict:
    """An arm without matrices in its network: one network for each rater, or one for fused labels."""
    arm, single = job["arm"], job["labels"] == "single"
    tests, known = material(job, "test")[0], np.broadcast_to(np.eye(CLASSES), (labels.shape[1], CLASSES, CLASSES))
    masks, a = labels, None
    if arm == "separate" or (single and arm in FUSED):
        own = [by_himself(images, labels[:, [r]], job, options) for r in range(labels.shape[1])]
        if arm == "separate":
            held = held_out(len(images), job["seed"])
            return row(job, mean_of(own, tests), None, mean_of(own, images[held]) >= 0.5, labels[held])
        masks = np.stack([truth_probability(net, images)[:, 1] >= 0.5 for net in own], axis=1)
    if arm in FUSED:
        fused = fuse(arm, masks.astype(np.uint8))
        a = confusion(masks, fused) if arm != "mode" else None
        masks, known = fused[:, None], known[:1]
    model = network(images, masks, job)
    found = train_crowd(images, masks, classes=CLASSES, model=model, known=known, **options)
    return row(job, truth_probability(found.model, tests)[:, 1], a,
               truth_probability(found.model, images[found.validation])[:, 1] >= 0.5, labels[found.validation])


def fuse(arm: str, masks: np.ndarray) -> np.ndarray:
    """Masks (S, R, H, W) to (S, H, W) int8, image by image."""
    if arm == "mode":
        fused = 2 * masks.sum(axis=1) > masks.shape[1]
    elif arm == "staple":
        fused = np.stack([staple(each).probability for each in masks]) >= 0.5
    else:
        fused = np.stack([spatial_staple(each, **SPATIAL).probability for each in masks]) >= 0.5
    return fused.astype(np.int8)


def network(images: np.ndarray, labels: np.ndarray, job: dict, family: str = "global") -> CrowdNet:
    with torch.random.fork_rng():
        torch.manual_seed(job["seed"])
        more = LOW_RANK if family == "low_rank" else {}
        return CrowdNet(images.shape[1], CLASSES, labels.shape[1], family, **NETWORK[kind(job)], **more)


def by_himself(images: np.ndarray, labels: np.ndarray, job: dict, options: dict) -> CrowdNet:
    """A network for one rater, trained on the images that he labelled; labels (S, 1, H, W)."""
    seen = (labels >= 0).any(axis=(1, 2, 3))
    model = network(images, labels, job)
    return train_crowd(images[seen], labels[seen], classes=CLASSES, model=model, known=np.eye(CLASSES)[None],
                       **options).model


def mean_of(networks: list[CrowdNet], images: np.ndarray) -> np.ndarray:
    return np.mean([truth_probability(net, images)[:, 1] for net in networks], axis=0)


def held_out(images: int, seed: int) -> np.ndarray:
    """Which images `train_crowd` holds out with this seed."""
    return torch.randperm(images, generator=torch.Generator().manual_seed(seed))[:round(0.2 * images)].numpy()


def row(job: dict, p: np.ndarray, a: np.ndarray | None, held: np.ndarray, said: np.ndarray) -> dict:
    """Scores on the test images by p (S, H, W) and matrices a; what a user without truth could see: `agreement`."""
    _, masks, truth, cases = material(job, "test")
    mask = p >= 0.5
    true = confusion(masks, truth)
    scores = {"dice": mean_dice(mask, truth, cases),
              "dice_raters": [mean_dice(mask, by, cases) for by in masks.swapaxes(0, 1)],
              "agreement": agreement(held, said), "certainty": float(np.abs(2 * p - 1).mean())}
    if a is not None:
        scores |= {"cm_rmse": confusion_rmse(a, true), "matrices": np.round(a, 4).tolist()}
    scores = {key: np.round(value, 4).tolist() if key != "matrices" else value for key, value in scores.items()}
    result = {"row": {key: job[key] for key in ("arm", "labels", "seed")} | scores}
    if job["seed"] == 0 and kind(job) == "mnist":
        result["shown"] = b64encode(np.round(200 * p[shown()]).astype(np.uint8).tobytes()).decode()
    return result


def agreement(mask: np.ndarray, labels: np.ndarray) -> float:
    """Mean over raters and classes of how often a rater says what the network says, on images held out: no truth in it.

    mask (S, H, W), labels (S, R, H, W). A class that the network never names counts as one half.
    """
    shares = []
    for by in labels.swapaxes(0, 1):
        for j in range(CLASSES):
            there = (mask == j) & (by >= 0)
            shares.append((by[there] == j).mean() if there.any() else 0.5)
    return float(np.mean(shares))


def mean_dice(masks: np.ndarray, others: np.ndarray, cases: np.ndarray) -> float:
    """Mean Dice of the cases, masks (S, H, W), case of each (S,); two empty masks have 1."""
    pairs = [(masks[cases == case], others[cases == case]) for case in np.unique(cases)]
    return float(np.mean([dice(a, b) if a.any() or b.any() else 1.0 for a, b in pairs]))


def shown() -> np.ndarray:
    """The first test digit of each of the classes 0 to SHOWN - 1."""
    classes = mnist("test").notes["labels"]
    return np.array([np.flatnonzero(classes == k)[0] for k in range(SHOWN)])


def summary(rows: list[dict], kind: str) -> dict:
    """{labels: {arm: {"dice": one number per seed, "cm_rmse": .., "agreement": ..}}}, with the paper's row beside."""
    table = {labels: {} for labels in LABELS}
    for found in sorted(rows, key=lambda found: found["seed"]):
        arm = table[found["labels"]].setdefault(found["arm"], {})
        for key in ("dice", "cm_rmse", "agreement"):
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ms-seeds", type=int, default=1, help="seeds of the MS patients; 0 leaves them out")
    parser.add_argument("--real-seeds", type=int, default=0, help="seeds of the real patients, who must be there")
    parser.add_argument("--profile", choices=EPOCHS, default="full")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--finished", action="store_true", help="train nothing: write what has been computed")
    parser.add_argument("--folder", default="_build/runs/05_crowd_confusion")
    asked = parser.parse_args()
    options = {"profile": asked.profile, "device": asked.device, "folder": asked.folder, "progress": True,
               "workers": asked.workers, "finished": asked.finished}
    start, seeds = time.perf_counter(), range(asked.seeds)
    everything = {"mnist": mnist_tables(trainings(seeds, **options)), "paper": PAPER}
    for data, count in (("cohort", asked.ms_seeds), ("morphology", asked.ms_seeds), ("real", asked.real_seeds)):
        if count and (found := ms_trainings(data, range(count), **options)):
            everything.setdefault("ms", {})[data] = ms_tables(data, found)
    seconds = time.perf_counter() - start
    if asked.finished:
        seconds = sum(json.loads(path.read_text())["seconds"] for path in Path(asked.folder).glob("*.json"))
    path = save_results("05_crowd_confusion", everything, seeds=list(seeds), seconds=seconds, device=asked.device,
                        packages=("numpy", "scipy", "torch"))
    print(f"{path.name} is written")


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
    return both(found, "ms") | {"true_matrices": true_matrices({"data": data})}


def both(found: list[dict], kind: str) -> dict:
    rows = [result["row"] for result in found]
    return {"summary": summary(rows, kind), "book": book(summary(rows, kind)), "rows": rows}


def true_matrices(job: dict) -> list:
    return confusion(*material(job, "test")[1:3]).round(4).tolist()


SETTINGS = {"network": NETWORK, "epochs": {key: epochs["full"] for key, epochs in EPOCHS.items()}, "batch": BATCH,
            "rate": 1e-2, "matrix_rate": 1e-2, "start": 0.95, "ours": OURS, "low_rank": LOW_RANK, "held_out": 0.2,
            "fused_single": "masks that separate networks, one per rater, draw on all training images",
            "spatial_staple": SPATIAL, "training_digits": 4000, "test_digits": 1000}


if __name__ == "__main__":
    main()
