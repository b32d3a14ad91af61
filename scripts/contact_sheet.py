"""Draw the simulated MS cohort: all sites and modalities, the truth, and what the seven raters drew.

    python scripts/contact_sheet.py sheet.png
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import uniform_filter

from helpers.data import ms_case
from helpers.data.ms_sites import MODALITIES
from helpers.show.outlines import box, grey, outline, zoom
from helpers.show.style import RATERS, style

CASES = (0, 2, 9, 7, 14, 12)  # two of each site, a lighter and a heavier one


def main(path: str) -> None:
    style()
    columns = len(MODALITIES) + 1
    figure, axes = plt.subplots(len(CASES), columns, figsize=(2.7 * columns, 3.25 * len(CASES)))
    for row, index in zip(axes, CASES, strict=True):
        draw_case(row, index)
    lines = [plt.Line2D([], [], color="#E69F00", label="truth, cut at one half")]
    names = ms_case(CASES[0]).names
    lines += [plt.Line2D([], [], color=c, label=n) for c, n in zip(RATERS, names, strict=True)]
    figure.legend(handles=lines[:1], loc="outside lower left")
    figure.legend(handles=lines[1:], loc="outside lower right", ncols=7, title="last column")
    figure.savefig(path, dpi=75)


def draw_case(row: np.ndarray, index: int) -> None:
    case = ms_case(index)
    truth = case.truth_mask
    z = int(truth.sum(axis=(0, 1)).argmax())  # the slice with most lesion
    spacing = case.spacing[:2]
    brain = case.images["FLAIR"][:, :, z] > 0
    frame = zoom(brain, margin=1)
    # the close-up lies where the truth is densest over 28 voxels
    middle = np.unravel_index(uniform_filter(truth[:, :, z].astype(float), 28).argmax(), brain.shape)
    close = tuple(slice(max(c - 15, f.start), c + 15) for c, f in zip(middle, frame, strict=True))
    for axis, modality in zip(row, MODALITIES, strict=False):
        image = case.images[modality][:, :, z]
        # vessels with gadolinium are much brighter than all the rest
        window = (0, np.percentile(image[brain], 98.5 if modality == "T1GD" else 99.5))
        grey(axis, image[frame], spacing=spacing, window=window)
        axis.set_title(modality, fontsize=10)
    outline(row[0], truth[:, :, z][frame], spacing=spacing, width=1.0, halo=0.4)
    moved = tuple(slice(c.start - f.start, c.stop - f.start) for c, f in zip(close, frame, strict=True))
    box(row[0], moved, spacing=spacing)
    notes = case.notes
    heading = f"{notes['site']}\n{notes['load_ml']:.1f} ml in {notes['lesions']} lesions\nFLAIR"
    row[0].set_title(heading, fontsize=10)
    flair = case.images["FLAIR"][:, :, z]
    grey(row[-1], flair[close], spacing=spacing, window=(0, np.percentile(flair[brain], 99.5)))
    for r, (mask, color) in enumerate(zip(case.raters, RATERS, strict=True)):
        outline(row[-1], mask[:, :, z][close] > 0, color, spacing=spacing, width=1.1, halo=0, inset=0.05 * r)
    row[-1].set_title("Seven raters", fontsize=10)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python scripts/contact_sheet.py PATH.png")
    main(sys.argv[1])
