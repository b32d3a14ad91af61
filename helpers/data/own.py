"""A case from NIfTI files of your own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from helpers.data.case import Case
from helpers.data.nifti import PathLike, read_grid, read_image, read_masks


def read_case(
    raters: Sequence[PathLike],
    images: Mapping[str, PathLike] | None = None,
    *,
    name: str = "own",
    names: tuple[str, ...] | None = None,
    classes: tuple[str, ...] | None = None,
    provenance: str = "your own files",
) -> Case:
    """One mask file per rater and, if you like, images on the same grid, by modality.

    Raters are named after their files unless `names` says otherwise; `classes` names the labels 0..K-1 when
    there are more than two.
    """
    masks = read_masks(raters, n_classes=len(classes) if classes else 2)  # (R, *space)
    grid = read_grid(raters[0])
    return Case(
        name=name,
        images={modality: read_image(path, like=grid) for modality, path in (images or {}).items()},
        raters=masks,
        names=tuple(Path(path).name.split(".nii")[0] for path in raters) if names is None else names,
        spacing=grid.spacing,
        affine=np.asarray(grid.affine, dtype=float),
        provenance=provenance,
        notes={"classes": classes} if classes else {},
    )
