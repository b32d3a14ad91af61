"""Chapter 7: nine networks' probability maps fused in eleven ways. Figure 4 of the paper in kind.

    python -m helpers.nets.experiments.student_t                        # results/07_student_t.json

As in the paper: lung nodules over 10 mm, nine networks, the majority of four radiologists as truth, Dice and Hausdorff
distance, Wilcoxon's test against "Student". Unlike it: 100 nodules, the networks are simulated (`network_maps`), since
no CT comes with the outlines. A second table has nine U-Nets that were really trained, on the simulated MS cohort.
Nothing was chosen by its score: the settings are given with their reasons in `SETTINGS`.
"""

import argparse
import time
from functools import partial

import numpy as np
import torch
from scipy import ndimage

from helpers.data import NETWORKS, lidc, network_maps, padded
from helpers.data.network_maps import NetworkMaps
from helpers.fusion import majority_vote, probability_map, staple, staple_mrf, student_t
from helpers.measure import dice, hausdorff, paired_test
from helpers.measure.box import bounding_box
from helpers.nets.checkpoint import load_weights, save_weights
from helpers.nets.experiments import bench
from helpers.nets.experiments.runner import run
from helpers.nets.losses import soft_dice_loss
from helpers.nets.predict import predict
from helpers.nets.slices import mask_slices, volume
from helpers.nets.unet import UNet
from helpers.results import save_results

APART = 4.0  # mm between the bumps of the spatial prior
SETTINGS = {
    "truth": "majority of the four radiologists: three or more", "mask": "probability above 0.5",
    "networks": [vars(network) for network in NETWORKS],
    "STAPLE": "maps above 0.5, whole image, prior = mean of the masks",
    "STAPLE + MRF": "mean field, strength 0.5: six equal neighbours weigh as one rater whose rates are 0.95",
    "continuous STAPLE": "Gaussian, one bias and covariance per network over the whole image, least prior on them",
    "Gaussian, Student": "voxels where maps differ by over 0.1, square root, prior on biases and covariances",
    "+ smooth": f"bumps {APART:g} mm apart, of deviation {0.6 * APART:g} mm: the diameter of the smallest nodules has "
                "two to three of them", "logit": "the same with log odds",
    "radiologists": "every fourth nodule; number (k // 4) mod 4 is left out and scored against the three others, fused",
    "unets": "2-D, patients of cohort 0 in nine folds, six patients each; fused on the 15 patients of cohort 1; not "
             "with the spatial prior, which would have 77 thousand bumps there",
}  # fmt: skip
def _student(maps: np.ndarray, spacing, **options) -> np.ndarray:
    return student_t(maps, spacing=spacing, **options).probability


def _mrf(maps: np.ndarray, spacing, **options) -> np.ndarray:
    return staple_mrf(maps > 0.5, **options).probability


METHODS = {
    "vote": lambda maps, spacing: majority_vote(maps > 0.5).probability,
    "mean": lambda maps, spacing: maps.mean(axis=0),
    "STAPLE": lambda maps, spacing: staple(maps > 0.5).probability,
    "STAPLE + MRF": _mrf,
    "continuous STAPLE": partial(_student, noise="gaussian", region="all", covariance_prior=(None, 0.0)),
    "Gaussian": partial(_student, noise="gaussian"),
    "Gaussian + smooth": partial(_student, noise="gaussian", basis_spacing=APART),
    "Student": _student,
    "Student + smooth": partial(_student, basis_spacing=APART),
    "Gaussian, logit": partial(_student, noise="gaussian", link="logit"),
    "Student, logit": partial(_student, link="logit"),
}
VARIANTS = {
    **{f"Student, prior {deviation:g} x {share:g}": partial(_student, covariance_prior=(deviation, share))
       for deviation, share in ((0.05, 0.25), (0.2, 0.25), (0.1, 0.05), (0.1, 1.0))},
    **{f"Student + smooth, {apart:g} mm": partial(_student, basis_spacing=apart) for apart in (2.0, 3.0, 6.0, 8.0)},
    **{f"STAPLE + MRF, {strength:g}": partial(_mrf, strength=strength) for strength in (0.25, 1.0, 2.0)},
}  # settings that were not chosen: how much hangs on them
FINE, SMALL = ("Student + smooth, 2 mm", "Student + smooth, 3 mm"), 50  # on the smaller half of the nodules only: slow
FOLDS = 9
TRAIN = tuple(f"ms/{k}/0" for k in range(15))
TEST = tuple(f"ms/{k}/1" for k in range(15))
MODALITIES = ("FLAIR", "T1", "T2", "PD")
EPOCHS = {"quick": 3, "full": 8}
MARGIN = 10.0  # mm around all that any network marks


def scored(found: np.ndarray, truth: np.ndarray, spacing) -> dict:
    """Dice, and the Hausdorff distance in mm: None if one mask is empty and the other is not."""
    far = hausdorff(found, truth, spacing)
    return {"dice": round(dice(found, truth), 4), "hausdorff": round(far, 3) if np.isfinite(far) else None}


def fused(maps: np.ndarray, truths: dict[str, np.ndarray], spacing, methods) -> dict:
    """Scores by every truth of what every method makes of the maps, and of the single maps."""
    masks = {name: (METHODS | VARIANTS)[name](maps, spacing) > 0.5 for name in methods}
    return {by: {"methods": {name: scored(mask, truth, spacing) for name, mask in masks.items()},
                 "networks": [scored(one > 0.5, truth, spacing) for one in maps]}
            for by, truth in truths.items()}  # fmt: skip


def simulated(k: int) -> tuple[NetworkMaps, np.ndarray, tuple[float, ...]]:
    """Nine networks on nodule k, the majority of its radiologists, and the size of its voxels."""
    case = lidc()[k]
    truth = majority_vote(padded(case.raters, case.spacing)).probability > 0.5
    return network_maps(truth, case.spacing, seed=k), truth, case.spacing


def nodule(job: dict) -> dict:
    """Nine simulated networks on one nodule, fused."""
    made, truth, spacing = simulated(job["nodule"])
    return fused(made.maps, {"majority": truth}, spacing, job["methods"])["majority"]


def trusted(job: dict) -> dict:
    """What the Student model says of the nine networks on a nodule; tau inside and outside what misled them."""
    made, _, _ = simulated(job["trusted"])
    found = student_t(made.maps)
    seen = np.isfinite(found.maps["tau"][0])
    tau = [[_mean(tau[seen & wrong]), _mean(tau[seen & ~wrong])]
           for tau, wrong in zip(found.maps["tau"], made.wrong, strict=True)]  # fmt: skip
    bias = found.raters["bias"] @ [-1, 1]  # the lesion's root up, the background's down
    return {"diameter": round(lidc()[job["trusted"]].notes["diameter"], 2), "voxels": int(seen.sum()), "tau": tau,
            "dof": np.round(found.raters["dof"], 2).tolist(), "bias": np.round(bias, 4).tolist(),
            "iterations": found.iterations, "converged": found.converged}  # fmt: skip


def _mean(values: np.ndarray) -> float | None:
    return round(float(values.mean()), 4) if values.size else None


def variants(job: dict) -> dict:
    """The same nine networks on the same nodule, under settings that were not chosen."""
    made, truth, spacing = simulated(job["nodule"])
    return fused(made.maps, {"majority": truth}, spacing, job["variants"])["majority"]["methods"]


def radiologist(job: dict) -> dict:
    """One radiologist against what the three others make together, their masks turned into maps of scale 1 mm."""
    case, left = lidc()[job["left_out"]], job["left_out"] // 4 % 4
    masks = padded(case.raters, case.spacing)
    others = np.delete(masks, left, axis=0)
    maps = np.stack([probability_map(mask, scale=1.0, spacing=case.spacing) for mask in others])
    return fused(maps, {"left": masks[left] == 1}, case.spacing, job["methods"])["left"]


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


def table(rows: list[dict]) -> dict:
    """{measure: {method: a number per case}}, the networks' alike, and Student minus the others and mean minus them."""
    found = {"networks": {}, "tests": {}, "tests_mean": {}}
    for measure in ("dice", "hausdorff"):
        found[measure] = {name: [row["methods"][name][measure] for row in rows] for name in rows[0]["methods"]}
        networks = [[network[measure] for network in row["networks"]] for row in rows]
        found["networks"][measure] = [list(of_one) for of_one in zip(*networks, strict=True)]
        for part, one in (("tests", "Student"), ("tests_mean", "mean")):
            found[part][measure] = {name: tested(found[measure][one], values)
                                    for name, values in found[measure].items() if name != one}  # fmt: skip
    return found


def summary(found: dict) -> dict:
    """{method: mean and standard deviation over the cases of Dice and Hausdorff, p against "Student"}, for the book."""
    rows = {name: {} for name in found["dice"]}
    for measure in ("dice", "hausdorff"):
        for name, row in rows.items():
            values = [value for value in found[measure][name] if value is not None]
            row[measure] = {"mean": round(float(np.mean(values)), 4), "sd": round(float(np.std(values, ddof=1)), 4)}
            row[f"p_{measure}"] = found["tests"][measure].get(name, {}).get("p")
    return rows


def tested(a: list, b: list) -> dict:
    """`paired_test` of a minus b over the cases where both exist."""
    both = np.array([(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None])
    return {key: float(f"{value:.4g}") for key, value in vars(paired_test(*both.T)).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", choices=EPOCHS, default="full")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--folder", default="_build/runs/07_student_t")
    parser.add_argument("--no-unets", action="store_true", help="leave the trained networks out")
    asked = parser.parse_args()
    options = {"folder": asked.folder, "device": asked.device, "workers": asked.workers, "progress": True}
    start = time.perf_counter()
    nodules = range(100) if asked.profile == "full" else range(0, 100, 25)
    rows = run(nodule, [{"nodule": k, "methods": list(METHODS)} for k in nodules], **options)
    facts = run(trusted, [{"trusted": k} for k in nodules], **options)
    tables = {"settings": SETTINGS, "nodules": table(rows) | {key: [fact[key] for fact in facts] for key in facts[0]}}
    if not asked.no_unets:
        tables["unets"] = unets(asked.profile, **options)
    jobs = [{"nodule": k, "variants": [name for name in VARIANTS if k < SMALL or name not in FINE]}
            for k in nodules[::4]]  # fmt: skip
    others = run(variants, jobs, **options)
    tables["variants"] = {"nodules": list(nodules[::4])}
    for measure in ("dice", "hausdorff"):
        tables["variants"][measure] = {name: [row[name][measure] if name in row else None for row in others]
                                       for name in VARIANTS}  # fmt: skip
    left = run(radiologist, [{"left_out": k, "methods": list(METHODS)} for k in nodules[::4]], **options)
    tables["radiologists"] = table(left)
    parts = {name: tables[name] for name in ("nodules", "radiologists")}
    parts |= {by: tables["unets"][by] for by in ("majority", "truth") if "unets" in tables}
    tables["summary"] = {name: summary(part) for name, part in parts.items()}
    path = save_results("07_student_t", tables, seeds=[0], seconds=time.perf_counter() - start,
                        device=asked.device, packages=("numpy", "scipy", "torch"))
    print(f"{path.name} is written")


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


if __name__ == "__main__":
    main()
