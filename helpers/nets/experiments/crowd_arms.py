"""The arms of chapter 5: how each is trained, and the row it leaves. Equal networks, equally long trainings."""

import numpy as np
import torch

from helpers.fusion import spatial_staple, staple
from helpers.measure import confusion_rmse
from helpers.nets import (
    CrowdNet,
    late_consensus,
    one_label_per_image,
    rater_matrices,
    train_crowd,
    truth_probability,
)
from helpers.nets.crowd_consensus import imagined
from helpers.nets.experiments import crowd_data
from helpers.nets.experiments.crowd_data import as_bytes, kind, material
from helpers.nets.experiments.crowd_ms import lesion_place
from helpers.nets.experiments.crowd_scores import CLASSES, agreement, confusion, mean_dice, plain_agreement

DRAWN = 2021                                                # seed of the lot that says who labels an image
NETWORK = {"mnist": {"width": 8, "depth": 1}, "ms": {"width": 8, "depth": 2}}
BATCH = {"mnist": 32, "ms": 16}
WEIGHT = 0.05                                               # lambda
LAMBDAS = (0, 0.001, 0.01, 0.05, 0.1, 0.7, 0.9)
OURS = {"confusion": "pixel", "trace_weight": WEIGHT, "consensus": late_consensus}
LOW_RANK = {"rank": 1, "diagonal": True}
MATRICES = {
    "ours": OURS, "ours_at_once": OURS | {"consensus": 1.0}, "ours_no_trace": OURS | {"trace_weight": 0},
    "ours_global": OURS | {"confusion": "global"}, "ours_low_rank": OURS | {"confusion": "low_rank"},
    "global": {"confusion": "global", "trace_weight": WEIGHT}, "oracle": {"confusion": "global"},
    **{f"lambda_{weight:g}": {"confusion": "pixel", "trace_weight": weight} for weight in LAMBDAS},
}
SPATIAL = {"window": 9, "tol": 1e-2, "max_iterations": 20}
PICTURED = ("ours", "global")                               # arms whose lesions are drawn
FUSED = ("mode", "staple", "spatial_staple")


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
    if "known" in options:
        a = decided = options["known"]
    else:
        a, decided = (rater_matrices(found.model, tests, decided=how) for how in (False, True))
    epochs = {"loss": found.history[:, 0], "cross_entropy": found.history[:, 1], "trace": found.history[:, 2],
              "matrices": found.matrices, "dice": np.array(found.watched)}
    result = row(job, p, a, truth_probability(found.model, images[found.validation])[:, 1] >= 0.5,
                 labels[found.validation])
    result["row"]["cm_rmse_decided"] = round(confusion_rmse(decided, confusion(*material(job, "test")[1:3])), 4)
    if job.get("data") in ("cohort", "morphology") and job["seed"] == 0 and job["arm"] in PICTURED:
        result["lesion"] = drawn_lesion(found.model, tests[lesion_place(job["data"])[0]], lesion_place(job["data"])[1])
    return result | {"epochs": {key: value.round(4).tolist() for key, value in epochs.items()}}


def drawn_lesion(net: CrowdNet, image: np.ndarray, crop: tuple[slice, slice]) -> dict:
    """Chance of lesion, and that each rater says so, in a part of a slice (2, X, Y): bytes, 200 for certain."""
    with torch.no_grad():
        log_p, log_a = net.eval()(torch.from_numpy(image)[None])
    p, said = log_p.exp()[0, 1], imagined(log_p, log_a)[0, :, 1]
    return {key: as_bytes(200 * part[..., *crop].numpy()) for key, part in (("p", p), ("raters", said))}


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
        fused = fuse(arm, masks.astype(np.uint8), material(job, "train")[3])
        a = confusion(masks, fused) if arm != "mode" else None
        masks, known = fused[:, None], known[:1]
    model = network(images, masks, job)
    found = train_crowd(images, masks, classes=CLASSES, model=model, known=known, **options)
    return row(job, truth_probability(found.model, tests)[:, 1], a,
               truth_probability(found.model, images[found.validation])[:, 1] >= 0.5, labels[found.validation])


def fuse(arm: str, masks: np.ndarray, cases: np.ndarray) -> np.ndarray:
    """Masks (S, R, H, W), case of each image (S,), to (S, H, W) int8; STAPLE takes all images of a case together."""
    if arm == "mode":
        return (2 * masks.sum(axis=1) > masks.shape[1]).astype(np.int8)
    if arm == "spatial_staple":
        return np.stack([spatial_staple(each, **SPATIAL).probability >= 0.5 for each in masks]).astype(np.int8)
    fused = np.empty((len(masks), *masks.shape[2:]), np.int8)
    for case in np.unique(cases):
        fused[cases == case] = staple(masks[cases == case].swapaxes(0, 1)).probability >= 0.5
    return fused


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
              "agreement": agreement(held, said), "agreement_plain": plain_agreement(held, said),
              "certainty": float(np.abs(2 * p - 1).mean())}
    if a is not None:
        scores |= {"cm_rmse": confusion_rmse(a, true), "matrices": np.round(a, 4).tolist()}
    scores = {key: np.round(value, 4).tolist() if key != "matrices" else value for key, value in scores.items()}
    result = {"row": {key: job[key] for key in ("arm", "labels", "seed")} | scores}
    if job["seed"] == 0 and kind(job) == "mnist":
        result["shown"] = as_bytes(200 * p[crowd_data.shown()])
    return result
