"""The MNI anatomy: the ICBM 152 symmetric template of 2009, T1 and tissue maps, at 1 mm."""

from functools import lru_cache
from importlib.resources import files

import numpy as np

from helpers.data.case import Case
from helpers.data.resampling import box_average

MARGIN = 4  # voxels of nothing around the brain, so that it may move a little
PROVENANCE = (
    "ICBM 152 nonlinear symmetric template 2009a, (C) 1993-2004 Louis Collins, McGill University; "
    "free to use with its notice (MNI_LICENCE.txt)"
)


@lru_cache(maxsize=1)
def template() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """T1, grey, white and csf at 1 mm as uint8 (0..255), and the mm position of the first voxel's centre.

    The file holds the half x >= 0: the other is its mirror image. There is no map of CSF in it: CSF is what
    grey and white leave of the brain, ventricles and sulci alike.
    """
    path = files("helpers.data.embedded") / "mni.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        half = {name: stored[name] for name in ("t1", "grey", "white")}
        origin = stored["origin"].astype(float)
    maps = {name: np.pad(np.concatenate([h[:0:-1], h]), MARGIN) for name, h in half.items()}
    maps["csf"] = np.where(maps["t1"] > 0, 255 - maps["grey"] - maps["white"], 0).astype(np.uint8)
    for volume in maps.values():
        volume.flags.writeable = False  # shared by everybody who asks
    origin[0] = -(half["t1"].shape[0] - 1)
    return maps, origin - MARGIN


def grid_affine(spacing: float) -> np.ndarray:
    """Voxel -> mm of the template's box, cut into voxels of `spacing` mm."""
    _, origin = template()
    affine = np.diag([spacing, spacing, spacing, 1.0])
    affine[:3, 3] = origin + (spacing - 1) / 2  # the box begins half a voxel before its first centre
    return affine


def check_spacing(spacing: float) -> float:
    if not isinstance(spacing, (int, float, np.integer, np.floating)) or not 0.5 <= spacing <= 8:
        raise ValueError(f"spacing is {spacing!r}, expected a number from 0.5 to 8 mm.")
    return float(spacing)


def anatomy(spacing: float = 2.0) -> Case:
    """The template in voxels of `spacing` mm: images T1, grey, white and csf in [0, 1], no raters."""
    spacing = check_spacing(spacing)
    maps, _ = template()
    images = {
        {"t1": "T1"}.get(name, name): np.clip(box_average(volume / np.float32(255), spacing), 0, 1)
        for name, volume in maps.items()
    }
    return Case(
        name="mni",
        images=images,
        raters=np.zeros((0, *images["T1"].shape), np.uint8),
        names=(),
        spacing=(spacing,) * 3,
        affine=grid_affine(spacing),
        provenance=PROVENANCE,
    )
