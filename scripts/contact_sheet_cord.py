"""Draw the simulated spinal cord: a row per centre, whole slices and the cord close up with its four raters.

python scripts/contact_sheet_cord.py OUT.png
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from helpers.data.case import Case
from helpers.data.cord import CENTRES, cord_case
from helpers.show.outlines import grey, outline, zoom
from helpers.show.style import RATERS, style


def main(path: Path) -> None:
    style()
    figure, axes = plt.subplots(len(CENTRES), 6, figsize=(15, 2.6 * len(CENTRES) + 0.7))
    for row, centre in zip(axes, range(len(CENTRES)), strict=True):
        case = cord_case(5 * centre + 2)
        for pair, share in zip(row.reshape(3, 2), (0.1, 0.5, 0.9), strict=True):
            draw_slice(pair, case, round(share * (case.shape[2] - 1)))
        row[0].set_title(case.notes["centre"] + f", C{case.notes['levels'][round(0.1 * (case.shape[2] - 1))]:.0f}")
    handles = [Line2D([], [], color=color, lw=2.5) for color in RATERS[:4]]
    figure.legend(handles, case.names, loc="outside lower center", ncols=4)
    figure.savefig(path, dpi=110)


def draw_slice(pair: np.ndarray, case: Case, k: int) -> None:
    """The slice, and beside it the cord enlarged with what each rater drew as grey matter."""
    image, labels = case.images["T2*"][..., k], case.raters[..., k]
    white = np.median(image[case.truth_mask[..., k] == 2])
    grey(pair[0], image, spacing=case.spacing[:2], window=(0, 2.1 * white))
    pair[0].set_title(f"C{case.notes['levels'][k]:.0f}")
    window = zoom(labels.max(0) > 0, size=round(17 / case.spacing[0]))
    grey(pair[1], image[window], spacing=case.spacing[:2], window=(0.5 * white, 1.7 * white))
    for r, color in enumerate(RATERS[:4]):
        outline(
            pair[1], labels[r][window] == 1, color, spacing=case.spacing[:2], width=1.2, halo=0, inset=0.13 * r - 0.12
        )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/contact_sheet_cord.py OUT.png")
    main(Path(sys.argv[1]))
