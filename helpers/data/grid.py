"""Where an image's voxels lie, and whether two images share their voxels."""

from itertools import product
from typing import NamedTuple

import numpy as np


class Grid(NamedTuple):
    """Shape and placement of an image; `source` says whose, for messages."""

    source: str
    shape: tuple[int, ...]
    affine: np.ndarray  # (4, 4) voxel -> mm, RAS

    @property
    def spacing(self) -> tuple[float, ...]:
        """Lengths of the affine's steps in mm, one per axis."""
        return tuple(np.linalg.norm(self.affine[:3, :3], axis=0)[: len(self.shape)].tolist())


def require_same_grid(grid: Grid, like: Grid) -> None:
    """Grids agree when their shapes do and no corner voxel lies a quarter voxel away from its twin.

    Rounding in headers moves corners by less, a half-voxel or mirrored convention by more; below half a voxel
    every voxel still lies nearest to its own twin.
    """
    if grid.shape != like.shape:
        raise ValueError(f"{grid.source} has shape {grid.shape}, expected {like.shape} like {like.source}.")
    ends = [(0, n - 1) for n in grid.shape] + [(0,)] * (3 - len(grid.shape))
    corners = np.array(list(product(*ends, (1,))))  # (8 or 4, 4)
    away = np.linalg.norm((corners @ (grid.affine - like.affine).T)[:, :3], axis=1).max()
    if away >= min(like.spacing) / 4:
        raise ValueError(
            f"{grid.source} has another affine than {like.source}: a corner lies {away:.3g} mm away, "
            f"expected less than a quarter voxel ({min(like.spacing) / 4:.3g} mm)."
        )
