"""A case from NIfTI files of your own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from helpers.data.case import Case
from helpers.data.nifti import PathLike, read_grid, read_image, read_masks


def read_case(
    raters: Sequence[PathLike | None],
    images: Mapping[str, PathLike] | None = None,
    *,
    name: str = "own",
    names: tuple[str, ...] | None = None,
    classes: tuple[str, ...] | None = None,
    provenance: str = "your own files",
) -> Case:
    """One mask file per rater and, if you like, images on the same grid, by modality.

    `None` stands for a rater who did not look. Raters are named after their files unless `names` says otherwise;
    `classes` names the labels 0..K-1 when there are more than two.
    """
    masks = read_masks(raters, n_classes=len(classes) if classes else 2)  # (R, *space)
    grid = read_grid(next(path for path in raters if path is not None))
    return Case(
        name=name,
        images={modality: read_image(path, like=grid) for modality, path in (images or {}).items()},
        raters=masks,
        names=tuple(_name(r, path) for r, path in enumerate(raters)) if names is None else names,
        spacing=grid.spacing,
        affine=np.asarray(grid.affine, dtype=float),
        provenance=provenance,
        notes={"classes": classes} if classes else {},
    )


def _name(r: int, path: PathLike | None) -> str:
    return f"rater {r + 1}, did not look" if path is None else Path(path).name.split(".nii")[0]
