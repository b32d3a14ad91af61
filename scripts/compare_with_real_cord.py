"""Measure real cervical cords and the simulated ones in the same way; print both, and save the numbers on request.

    python scripts/compare_with_real_cord.py FOLDER [--save]

FOLDER holds gm-challenge-data (CC0) as data_download.py lays it out and, if at hand, sct_testing_data (MIT).
Every axial slice is measured inside one rater's masks (rater 1 of the simulated ones); an image's row is the
median over its slices. Only numbers leave this script. --save writes results/00_cord_simulation_vs_real.json.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage

from helpers.data.cord import CORD_CASES, cord_case
from helpers.results import save_results

COLUMNS = {  # name -> heading with its unit
    "pixel": "pixel mm",
    "slice": "slice mm",
    "area": "cord area mm2",
    "width": "cord width mm",
    "depth": "cord depth mm",
    "grey_share": "grey / cord area",
    "grey_width": "grey width mm",
    "grey_depth": "grey depth mm",
    "grey": "grey / white",
    "csf": "CSF / white",
    "around": "around / white",
    "snr": "SNR white",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the simulated spinal cords with real ones.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--save", action="store_true")
    arguments = parser.parse_args()
    began = time.perf_counter()
    images = {
        "real": {name: measure(*rest) for name, *rest in real(arguments.folder)},
        "simulated": {name: measure(*rest) for name, *rest in simulated()},
    }
    ranges = {
        source: {key: spread([row[key] for row in rows.values()]) for key in COLUMNS} for source, rows in images.items()
    }
    print(markdown(images, ranges))
    if arguments.save:
        tables = {"columns": COLUMNS, "images": images, "minimum_median_maximum": ranges}
        seconds = time.perf_counter() - began
        print(save_results("00_cord_simulation_vs_real", tables, seeds=[0], seconds=seconds).name)


def real(folder: Path) -> Iterator[tuple]:
    """Name, image, grey matter, cord, spacing of each image with both masks, axes turned to right, front, up."""
    triples = [
        (
            path.name.split("_")[0],
            path,
            *(derived / path.name.replace(".nii", f"_{kind}-manual.nii") for kind in ("gmseg", "seg")),
        )
        for path in sorted(folder.glob("**/sub-*/anat/*_run-1_T2starw.nii.gz"))
        for derived in [path.parents[2] / "derivatives" / "labels" / path.parents[1].name / "anat"]
    ]
    triples += [
        ("sct_testing_data", path, path.with_name("t2s_gmseg_manual.nii.gz"), path.with_name("t2s_seg.nii.gz"))
        for path in sorted(folder.glob("**/t2s/t2s.nii.gz"))
    ]
    if not triples:
        raise SystemExit(f"{folder} holds no file sub-*/anat/*_run-1_T2starw.nii.gz, expected gm-challenge-data.")
    for name, *paths in triples:
        image, grey, cord = (nib.as_closest_canonical(nib.load(path)) for path in paths)
        masks = (np.asarray(mask.dataobj) > 0 for mask in (grey, cord))
        yield name, image.get_fdata(dtype=np.float32), *masks, tuple(map(float, image.header.get_zooms()[:3]))


def simulated() -> Iterator[tuple]:
    for index in range(CORD_CASES):
        case = cord_case(index)
        yield case.name, case.images["T2*"], case.raters[0] == 1, case.raters[0] > 0, case.spacing


def measure(image: np.ndarray, grey: np.ndarray, cord: np.ndarray, spacing: tuple[float, ...]) -> dict[str, float]:
    """Medians over the slices with a whole cord; signals are shares of the white matter's."""
    pixel = spacing[0]
    rows = [
        measure_slice(image[..., k], grey[..., k] & cord[..., k], cord[..., k], pixel)
        for k in range(image.shape[2])
        if cord[..., k].sum() * pixel**2 > 40 and grey[..., k].sum() * pixel**2 > 4
    ]
    row = {key: round(float(np.median([r[key] for r in rows])), 3) for key in rows[0]}
    return {"pixel": round(pixel, 3), "slice": round(spacing[2], 3), **row}


def measure_slice(image: np.ndarray, grey: np.ndarray, cord: np.ndarray, pixel: float) -> dict[str, float]:
    to_grey = ndimage.distance_transform_edt(~grey, pixel)
    in_grey = ndimage.distance_transform_edt(grey, pixel)
    in_cord = ndimage.distance_transform_edt(cord, pixel)
    to_cord = ndimage.distance_transform_edt(~cord, pixel)
    white = (to_grey > 0.9) & (in_cord > 0.9)  # mm: clear of partial volume
    core = in_grey > 1.2 * pixel
    unit = np.median(image[white])
    # Neighbours differ by noise and little else; of two equal deviations the difference has sqrt(2).
    steps = [np.diff(image, axis=a)[tuple(_pairs(white, a))] for a in (0, 1)]
    noise = 1.4826 * np.median(np.abs(np.concatenate(steps))) / np.sqrt(2)
    return {
        "area": cord.sum() * pixel**2,
        "width": np.count_nonzero(cord.any(axis=1)) * pixel,
        "depth": np.count_nonzero(cord.any(axis=0)) * pixel,
        "grey_share": grey.sum() / cord.sum(),
        "grey_width": np.count_nonzero(grey.any(axis=1)) * pixel,
        "grey_depth": np.count_nonzero(grey.any(axis=0)) * pixel,
        "grey": np.median(image[core if core.sum() > 3 else grey]) / unit,
        "csf": np.percentile(image[(to_cord > 1) & (to_cord < 3)], 75) / unit,
        "around": np.median(image[(to_cord > 9) & (to_cord < 13)]) / unit,
        "snr": unit / max(noise, 1e-6 * unit),
    }


def _pairs(mask: np.ndarray, axis: int) -> np.ndarray:
    """Where a pixel and the next along an axis are both in the mask."""
    n = mask.shape[axis]
    return np.nonzero(np.take(mask, range(1, n), axis) & np.take(mask, range(n - 1), axis))


def spread(values: list[float]) -> list[float]:
    return [round(float(f(values)), 3) for f in (np.min, np.median, np.max)]


def markdown(images: dict, ranges: dict) -> str:
    lines = ["| image | " + " | ".join(COLUMNS.values()) + " |", "|---|" + "---|" * len(COLUMNS)]
    for rows in images.values():
        lines += [
            f"| {name} | " + " | ".join(f"{row[key]:.3g}" for key in COLUMNS) + " |" for name, row in rows.items()
        ]
    lines += ["", "| minimum, median, maximum | " + " | ".join(ranges) + " |", "|---|---|---|"]
    for key, heading in COLUMNS.items():
        cells = (f"{low:.3g}, {middle:.3g}, {high:.3g}" for low, middle, high in (ranges[s][key] for s in ranges))
        lines.append(f"| {heading} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
