"""Chapter 7's eleven ways of fusing, their scores against a truth, and tables of these scores."""

from functools import partial

import numpy as np

from helpers.fusion import majority_vote, staple, staple_mrf, student_t
from helpers.measure import dice, hausdorff, paired_test

APART = 4.0  # mm between the bumps of the spatial prior


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


def tested(a: list, b: list) -> dict:
    """`paired_test` of a minus b over the cases where both exist."""
    both = np.array([(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None])
    return {key: float(f"{value:.4g}") for key, value in vars(paired_test(*both.T)).items()}


def summary(found: dict) -> dict:
    """{method: mean and standard deviation over the cases of Dice and Hausdorff, p against "Student"}, for the book."""
    rows = {name: {} for name in found["dice"]}
    for measure in ("dice", "hausdorff"):
        for name, row in rows.items():
            values = [value for value in found[measure][name] if value is not None]
            row[measure] = {"mean": round(float(np.mean(values)), 4), "sd": round(float(np.std(values, ddof=1)), 4)}
            row[f"p_{measure}"] = found["tests"][measure].get(name, {}).get("p")
    return rows
