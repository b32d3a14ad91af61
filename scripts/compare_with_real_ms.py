"""Measure real MS images and the simulated cohort in the same way; print both, and save the numbers on request.

    python scripts/compare_with_real_ms.py FOLDER [--save]

FOLDER holds open_ms_data (CC BY, Lesjak 2017, doi 10.1007/s12021-017-9348-7) as data_download.py lays it out.
Both are measured in MNI space at 2 mm with the template's tissue maps, so its blur and errors are the same for
both. Only numbers leave this script. --save writes results/00_ms_simulation_vs_real.json.
"""

import argparse
import time
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage

from helpers.data.brain import lateral_ventricles
from helpers.data.embedded.mni import template
from helpers.data.ms_cohort import MS_CASES, ms_case
from helpers.data.resampling import box_average
from helpers.results import save_results

SPACING = 2.0
FILES = {"FLAIR": "FLAIR_*", "T1": "T1_*", "T1GD": "T1POST_*", "T2": "T2_*"}
PROFILE = (-7, -5, -3, -1, 1, 3, 5, 7)  # mm from the lesions' surface, negative inside
RINGS = [(a, b) for a, b in zip(PROFILE, PROFILE[1:], strict=False) if a * b > 0]


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the simulated MS cohort with real images.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--save", action="store_true")
    arguments = parser.parse_args()
    began = time.perf_counter()
    tables = {"images": {}, "lesions": {}}
    for name, cases in (("real", read_real(arguments.folder)), ("simulated", simulate())):
        images, lesions = [], []
        for patient, pictures, mask, affine in cases:
            maps = template_maps(mask.shape, affine)
            lesions.append(measure_lesions(mask, maps))
            images += [(patient, modality, measure_image(p, mask, maps)) for modality, p in pictures.items()]
        tables["images"][name] = summarise_images(images)
        tables["lesions"][name] = summarise({k: [row[k] for row in lesions] for k in lesions[0]})
        tables["lesions"][name]["patients"] = len(lesions)
    print(markdown(tables))
    if arguments.save:
        seconds = time.perf_counter() - began
        print(save_results("00_ms_simulation_vs_real", tables, seeds=[0], seconds=seconds))


def read_real(folder: Path):
    """Patient, pictures, lesion mask, affine. Every patient has a mask; those with images bring them too."""
    patients = sorted(folder.rglob("GOLD_STANDARD*.nii.gz"))
    if not patients:
        raise SystemExit(f"{folder} holds no file GOLD_STANDARD*.nii.gz, expected open_ms_data.")
    for gold in patients:
        image = nib.load(gold)
        affine = image.affine @ np.diag([SPACING] * 3 + [1.0])
        affine[:3, 3] = image.affine[:3, :3] @ ([(SPACING - 1) / 2] * 3) + image.affine[:3, 3]
        pictures = {}
        for modality, pattern in FILES.items():
            for file in gold.parent.glob(pattern):
                # resampling left small negative values
                picture = np.maximum(nib.load(file).get_fdata(dtype=np.float32), 0)
                pictures[modality] = box_average(picture, SPACING)
        mask = box_average(np.asarray(image.dataobj, np.float32), SPACING) >= 0.5
        yield gold.parent.name, pictures, mask, affine


def simulate():
    for index in range(MS_CASES):
        case = ms_case(index, spacing=SPACING)
        yield case.notes["site"].split(",")[0], case.images, case.truth_mask > 0, case.affine


def template_maps(shape: tuple[int, ...], affine: np.ndarray) -> dict[str, np.ndarray]:
    """The template's tissue maps, and the distance to its ventricles in mm, at the voxels of another grid."""
    maps, origin = template()
    csf = maps["csf"] / np.float32(255)
    volumes = {"white": maps["white"] / np.float32(255), "grey": maps["grey"] / np.float32(255), "csf": csf}
    volumes["distance"] = ndimage.distance_transform_edt(~lateral_ventricles(csf, origin)).astype(np.float32)
    where = np.tensordot(affine[:3, :3], np.indices(shape), 1) + (affine[:3, 3] - origin).reshape(3, 1, 1, 1)
    return {
        name: ndimage.map_coordinates(ndimage.uniform_filter(v, 3), where, order=1)
        for name, v in volumes.items()
    }


def measure_image(image: np.ndarray, mask: np.ndarray, maps: dict[str, np.ndarray]) -> dict[str, float]:
    """Medians over the white matter's, its noise, and how the lesions' edge runs; white = 1."""
    inside = image > 0
    from_lesions = ndimage.distance_transform_edt(~mask, SPACING)
    away = inside & (from_lesions > 6)
    white = away & (maps["white"] > 0.95) & (maps["distance"] > 6)
    unit = np.median(image[white])
    residual = image - (
        np.roll(image, 1, 0) + np.roll(image, -1, 0) + np.roll(image, 1, 1) + np.roll(image, -1, 1)
    ) / 4
    core = ndimage.binary_erosion(white)
    row = {
        "lesion": np.median(image[mask & inside]) / unit,
        "lesion_p90": np.percentile(image[mask & inside], 90) / unit,
        "grey": np.median(image[away & (maps["grey"] > 0.9)]) / unit,
        "csf": np.median(image[away & (maps["csf"] > 0.9) & (maps["distance"] < 1)]) / unit,
        # white noise of deviation s gives this residual a deviation of s sqrt(1 + 1/4)
        "noise": 1.4826 * np.median(np.abs(residual[core])) / np.sqrt(1.25) / unit,
        "white_spread": float(np.subtract(*np.percentile(image[white], [75, 25]))) / unit,
    }
    signed = from_lesions - ndimage.distance_transform_edt(mask, SPACING)
    solid = inside & (maps["csf"] < 0.2)
    for low, high in RINGS:
        ring = solid & (signed > low) & (signed <= high)
        row[f"edge {low} to {high} mm"] = np.median(image[ring]) / unit if ring.sum() > 20 else np.nan
    return {k: float(v) for k, v in row.items()}


def measure_lesions(mask: np.ndarray, maps: dict[str, np.ndarray]) -> dict[str, float]:
    parts, count = ndimage.label(mask, np.ones((3, 3, 3)))
    volumes = np.bincount(parts.ravel())[1:] * SPACING**3 / 1000  # ml
    return {
        "load_ml": volumes.sum(),
        "count": count,
        "median_ml": np.median(volumes),
        "p90_ml": np.percentile(volumes, 90),
        "largest_share": volumes.max() / volumes.sum(),
        "surface_per_volume": _surface(mask) / volumes.sum(),
        "within_5_mm": np.mean(maps["distance"][mask] < 5),
        "within_10_mm": np.mean(maps["distance"][mask] < 10),
        "within_20_mm": np.mean(maps["distance"][mask] < 20),
        "in_white": np.mean(maps["white"][mask] > 0.5),
    }


def _surface(mask: np.ndarray) -> float:
    """Area of the voxel faces in cm^2: how ragged the lesions are."""
    faces = sum(np.count_nonzero(np.diff(mask.astype(np.int8), axis=a)) for a in range(3))
    return faces * SPACING**2 / 100


def summarise(columns: dict[str, list[float]]) -> dict[str, list[float]]:
    """Median and quartiles: [25 %, 50 %, 75 %]."""
    return {k: [round(float(q), 3) for q in np.nanpercentile(v, [25, 50, 75])] for k, v in columns.items()}


def summarise_images(rows: list[tuple[str, str, dict[str, float]]]) -> dict[str, dict]:
    """Per modality, then per patient (real) or site (simulated, its median)."""
    table: dict[str, dict] = {}
    for modality in dict.fromkeys(m for _, m, _ in rows):
        for who in dict.fromkeys(w for w, m, _ in rows if m == modality):
            group = [r for w, m, r in rows if (w, m) == (who, modality)]
            medians = {k: np.median([r[k] for r in group if np.isfinite(r[k])] or [np.nan]) for k in group[0]}
            table.setdefault(modality, {})[who] = {
                k: round(float(v), 3) for k, v in medians.items() if np.isfinite(v)
            }
    return table


def markdown(tables: dict) -> str:
    columns = ("lesion", "lesion_p90", "grey", "csf", "noise", "white_spread")
    lines = ["| modality | source | " + " | ".join(columns) + " |", "|---|---|" + "---|" * len(columns)]
    for modality in ("FLAIR", "T1", "T1GD", "T2", "PD"):
        for source, images in tables["images"].items():
            for who, row in images.get(modality, {}).items():
                cells = " | ".join(f"{row[c]:.3f}" if "noise" in c else f"{row[c]:.2f}" for c in columns)
                lines.append(f"| {modality} | {source} {who} | {cells} |")
    lines += ["", "| lesions | " + " | ".join(tables["lesions"]) + " |", "|---|---|---|"]
    for key in tables["lesions"]["real"]:
        cells = []
        for source in tables["lesions"].values():
            value = source[key]
            whole = not isinstance(value, list)
            cells.append(f"{value}" if whole else f"{value[1]:.3g} ({value[0]:.3g} to {value[2]:.3g})")
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    lines += ["", "| FLAIR across the edge, mm | " + " | ".join(f"{a} to {b}" for a, b in RINGS) + " |"]
    lines.append("|---|" + "---|" * len(RINGS))
    for source, images in tables["images"].items():
        for who, row in images["FLAIR"].items():
            cells = [row.get(f"edge {a} to {b} mm") for a, b in RINGS]
            lines.append(f"| {source} {who} | " + " | ".join("" if c is None else f"{c:.2f}" for c in cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
