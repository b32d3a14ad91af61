"""Chapter 7's second table: nine U-Nets trained on the simulated MS cohort, fused on patients that none of them saw."""

import numpy as np
import torch
from scipy import ndimage

from helpers.fusion import majority_vote
from helpers.measure.box import bounding_box
from helpers.nets.checkpoint import load_weights, save_weights
from helpers.nets.experiments import bench
from helpers.nets.experiments.runner import run
from helpers.nets.experiments.student_t_methods import METHODS, fused, table
from helpers.nets.losses import soft_dice_loss
from helpers.nets.predict import predict
from helpers.nets.slices import mask_slices, volume
from helpers.nets.unet import UNet

FOLDS = 9
TRAIN = tuple(f"ms/{k}/0" for k in range(15))
TEST = tuple(f"ms/{k}/1" for k in range(15))
MODALITIES = ("FLAIR", "T1", "T2", "PD")
EPOCHS = {"quick": 3, "full": 8}
MARGIN = 10.0  # mm around all that any network marks


def unets(profile: str, *, folder: str, device: str, **options) -> dict:
    """Table 2: nine U-Nets, trained and fused. `options` are those of `run`."""
    jobs = [unet_job(k, EPOCHS[profile], folder, device) for k in range(FOLDS)]
    facts = run(trained_unet, jobs, folder=folder, device=device, **options)
    patients = TEST if profile == "full" else TEST[::5]
    rows = run(unet_patient, [{"patient": name, "networks": jobs} for name in patients], folder=folder, **options)
    networks = [{key: job[key] for key in ("train", "width", "loss", "seed", "epochs")} | fact
                for job, fact in zip(jobs, facts, strict=True)]  # fmt: skip
    scores = {by: table([row[by] for row in rows]) for by in rows[0]}
    return {"networks": networks, "patients": list(patients), **scores}


def unet_job(k: int, epochs: int, folder: str, device: str) -> dict:
    """Network k of nine-fold cross-validation: it does not see every ninth patient, nor some others, by lot."""
    rng = np.random.default_rng([k, 7])
    seen = [name for i, name in enumerate(TRAIN) if i % FOLDS != k]
    names = [seen[i] for i in sorted(rng.permutation(len(seen))[:6])]
    return {"network": k, "train": names, "width": (4, 6, 8)[k % 3], "loss": ("dice", "dice + cross")[k % 2], "seed": k,
            "epochs": epochs, "device": device, "file": f"{folder}/unet_{k}_{epochs}.pt"}  # fmt: skip


def dice_and_cross(probability: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
    """Cross-entropy alone, in so few epochs, left networks that marked nothing."""
    return soft_dice_loss(probability, soft) + torch.nn.functional.binary_cross_entropy(probability, soft)


def trained_unet(job: dict) -> dict:
    """Train one network towards the majority of the seven raters; its weights go to the file named in the job."""
    masks = [majority_vote(bench.patient(name).raters).probability for name in job["train"]]
    loss = {"dice": soft_dice_loss, "dice + cross": dice_and_cross}[job["loss"]]
    with torch.random.fork_rng():
        torch.manual_seed(job["seed"])
        model = UNet(len(MODALITIES), width=job["width"])
    network = bench.trained(job["train"], [mask_slices(mask) for mask in masks], MODALITIES, model=model, loss=loss,
                            epochs=job["epochs"], seed=job["seed"], device=job["device"])
    save_weights(network.model, job["file"])
    return {"best_epoch": network.best, "loss_validation": round(float(network.history[network.best, 1]), 4)}


def unet_patient(job: dict) -> dict:
    """What the nine networks say of a patient they never saw, fused; scored by the majority and by the true lesions."""
    case = bench.patient(job["patient"])
    pictures = bench.pictures(job["patient"], MODALITIES)
    maps = []
    for network in job["networks"]:
        model = UNet(len(MODALITIES), width=network["width"])
        load_weights(model, network["file"])
        maps.append(volume(predict(model, pictures)))
    maps = np.stack(maps)
    box = bounding_box(ndimage.binary_dilation((maps > 0.05).any(axis=0), iterations=int(MARGIN / min(case.spacing))))
    maps = np.ascontiguousarray(maps[(slice(None), *box)])
    truths = {"majority": majority_vote(case.raters).probability[box] > 0.5, "truth": case.truth[box] >= 0.5}
    return fused(maps, truths, case.spacing, [name for name in METHODS if "smooth" not in name])
