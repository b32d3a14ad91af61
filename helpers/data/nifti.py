"""NIfTI in and out: arrays stay in the file's own voxel order, what is wrong is said in one sentence."""

import gzip
import os
import zlib
from collections.abc import Sequence
from io import BytesIO
from math import prod
from pathlib import Path

import nibabel as nib
import numpy as np

from helpers.data.grid import Grid, require_same_grid

PathLike = str | os.PathLike


def read_grid(path: PathLike) -> Grid:
    """Shape, affine and spacing of a NIfTI file."""
    return _grid(path, _load(path))


def read_image(path: PathLike, *, like: Grid | None = None) -> np.ndarray:
    """The image as float32 (*space); `like` is a grid that it must share."""
    image = _load(path)
    if like is not None:
        require_same_grid(_grid(path, image), like)
    with np.errstate(over="ignore"):
        values = np.asanyarray(image.dataobj).astype(np.float32, copy=False)
    if not np.isfinite(values).all():
        raise ValueError(f"{path} has {(~np.isfinite(values)).sum()} voxels that are NaN or infinite.")
    return values


def read_masks(
    paths: Sequence[PathLike | None], *, like: Grid | None = None, n_classes: int = 2
) -> np.ndarray:
    """One mask per rater as uint8 (R, *space), with values 0..n_classes-1, all on the grid of `like`.

    Without `like` the first mask sets the grid. `None` stands for a rater who did not look: then the masks are
    int8, and that row is -1.
    """
    if isinstance(paths, str | os.PathLike) or not (there := [path for path in paths if path is not None]):
        raise ValueError(f"paths is {paths!r}, expected a list of at least one file.")
    like = like or read_grid(there[0])
    masks = [_read_mask(path, like, n_classes) for path in there]
    if len(there) == len(paths):
        return np.stack(masks)
    looked = iter(masks)
    nobody = np.full(like.shape, -1, np.int8)
    return np.stack([nobody if path is None else next(looked).astype(np.int8) for path in paths])


def _read_mask(path: PathLike, like: Grid, n_classes: int) -> np.ndarray:
    image = _load(path)
    require_same_grid(_grid(path, image), like)
    values = np.asanyarray(image.dataobj)
    wrong = ~np.isin(values, np.arange(n_classes))
    if wrong.any():
        raise ValueError(
            f"{path} has {wrong.sum()} voxels outside 0..{n_classes - 1}, the first {values[wrong][0]}, "
            "and is no mask."
        )
    return values.astype(np.uint8)


def write_like(path: PathLike, values: np.ndarray, reference: PathLike, *, overwrite: bool = False) -> None:
    """Write `values` with the affine, orientation and header of the NIfTI file `reference`.

    The type on disk is the array's own. The same values give the same bytes. An existing file stays unless
    `overwrite`; a reader never meets half a file.
    """
    path = Path(path)
    if not path.name.endswith((".nii", ".nii.gz")):
        raise ValueError(f"path is {path}, expected a name that ends in .nii or .nii.gz.")
    if path.exists() and not overwrite:
        raise ValueError(f"{path} exists already and overwrite is False.")
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent} is not a folder, so {path.name} cannot be written there.")
    reference_image = _load(reference)
    header = reference_image.header.copy()
    if values.shape != header.get_data_shape():
        raise ValueError(
            f"values has shape {values.shape}, expected {header.get_data_shape()} like {reference}."
        )
    if values.dtype.name not in ("uint8", "int8", "int16", "int32", "float32", "float64"):
        raise ValueError(
            f"values has dtype {values.dtype}, expected uint8, int8, int16, int32, float32 or float64."
        )
    header.set_data_dtype(values.dtype)
    header["cal_min"] = header["cal_max"] = 0  # the reference's display window would hide a map in [0, 1]
    content = type(reference_image)(values, None, header).to_bytes()
    if path.name.endswith(".gz"):
        packed = BytesIO()
        with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=packed, mtime=0) as stream:
            stream.write(content)
        content = packed.getvalue()
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


def _load(path: PathLike) -> nib.Nifti1Image | nib.Nifti2Image:
    """An image with a sound header and all its voxels.

    The gzip stream is read to its end, so that its checksum is tested too.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path} is truncated or damaged: its gzip stream does not unpack.") from error
    if content[344:348] == b"n+1\0":
        kind = nib.Nifti1Image
    elif content[4:8] == b"n+2\0":
        kind = nib.Nifti2Image
    else:
        raise ValueError(f"{path} is not NIfTI, expected one .nii or .nii.gz file.")
    try:
        image = kind.from_bytes(content)
        grid, dtype = _grid(path, image), image.get_data_dtype()
        needed = image.dataobj.offset + prod(image.shape) * dtype.itemsize
        units = image.header.get_xyzt_units()[0]
    except Exception as error:  # nibabel meets a damaged header with many kinds of exception
        raise ValueError(f"{path} has a damaged NIfTI header.") from error
    if dtype.kind not in "iuf":
        raise ValueError(f"{path} holds {dtype}, expected real numbers.")
    if len(grid.shape) not in (2, 3) or min(grid.shape) < 1:
        raise ValueError(f"{path} has shape {grid.shape}, expected two or three axes with voxels.")
    if len(content) < needed:
        raise ValueError(f"{path} is truncated: {len(content)} of {needed} bytes.")
    if units not in ("mm", "unknown"):
        raise ValueError(f"{path} measures in {units}, expected mm.")
    if not (np.isfinite(grid.affine).all() and abs(np.linalg.det(grid.affine)) > 0):
        raise ValueError(f"{path} has an affine that is not finite or not invertible.")
    return image


def _grid(path: PathLike, image: nib.Nifti1Image | nib.Nifti2Image) -> Grid:
    return Grid(str(path), image.shape, image.affine)
