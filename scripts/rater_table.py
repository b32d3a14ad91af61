"""Measure the seven simulated MS raters on the 15 cases and save results/00_ms_raters.json.

    python scripts/rater_table.py [--seed 0]

One row per rater, and one for the majority vote of the seven: mean and standard deviation over cases.
"""

import argparse
import time
from dataclasses import asdict

import numpy as np
from scipy import ndimage

from helpers.data import MS_CASES, MS_RATERS, ms_case
from helpers.measure import dice, lesion_detection, precision, recall, signed_boundary_offset
from helpers.results import save_results


def touching(mask: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The connected regions of `mask` that share a voxel with `other`."""
    regions, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    return mask * np.isin(regions, np.unique(regions[(mask & other) > 0])).astype(np.uint8)


def measure_rater(mask: np.ndarray, consensus: np.ndarray, truth: np.ndarray, spacing: tuple) -> dict:
    lesions = lesion_detection(mask, truth)
    # Only where both drew: a false or missed lesion says nothing about how wide a contour is.
    drawn, true = touching(mask, truth), touching(truth, mask)
    return {
        "dice_consensus": dice(mask, consensus),
        "dice_truth": dice(mask, truth),
        "sensitivity": recall(mask, truth),
        "precision": precision(mask, truth),
        "offset_mm": signed_boundary_offset(drawn, true, spacing),
        "volume_ratio": float(mask.sum() / truth.sum()),
        "lesions_missed": lesions.missed,
        "lesions_false": lesions.false,
        "lesions_true": lesions.found + lesions.missed,
    }


def measure_cohort(seed: int) -> dict[str, list[dict]]:
    rows: dict[str, list[dict]] = {}
    for index in range(MS_CASES):
        case = ms_case(index, seed=seed)
        consensus = (2 * case.raters.sum(0, dtype=int) > len(case.raters)).astype(np.uint8)
        for name, mask in zip((*case.names, "majority"), (*case.raters, consensus), strict=True):
            rows.setdefault(name, []).append(measure_rater(mask, consensus, case.truth_mask, case.spacing))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    start = time.perf_counter()
    rows = measure_cohort(seed)
    columns = list(rows["majority"][0])
    table = {
        name: {
            c: {"mean": round(float(np.nanmean(v)), 4), "sd": round(float(np.nanstd(v, ddof=1)), 4)}
            for c in columns
            for v in [[case[c] for case in cases]]
        }
        for name, cases in rows.items()
    }
    print(f"{'':9}" + "".join(f"{c:>17}" for c in columns))
    for name, row in table.items():
        cells = (f"{row[c]['mean']:.2f} ({row[c]['sd']:.2f})" for c in columns)
        print(f"{name:9}" + "".join(f"{cell:>17}" for cell in cells))
    seven = float(np.mean([table[rater.name]["dice_consensus"]["mean"] for rater in MS_RATERS]))
    print(f"mean Dice of the seven with their consensus: {seven:.3f}")
    tables = {
        "raters": table,
        "mean_dice_with_consensus": round(seven, 4),
        "literature": {"range": [0.66, 0.76], "source": "MSSEG-2016, seven experts"},
        "characters": [asdict(rater) for rater in MS_RATERS],
        "cases": MS_CASES,
    }
    print("saved", save_results("00_ms_raters", tables, seeds=[seed], seconds=time.perf_counter() - start).name)


if __name__ == "__main__":
    main()
