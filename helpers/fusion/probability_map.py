"""A probability map from a mask: how far inside or outside a voxel lies decides how sure the mask is there."""

import numpy as np
from scipy import ndimage
from scipy.special import expit

from helpers.fusion.geodesic import geodesic_distance
from helpers.fusion.map_settings import as_image, as_number
from helpers.fusion.settings import as_stopping
from helpers.inputs import as_mask, as_spacing

REACH = 20.0, 40.0  # scales after which the map is 0 or 1, in single and in double precision: 2e-9 and 4e-18 from them


def probability_map(
    mask, image=None, *, scale: float, geodesic: float = 0.0, spacing=None, dtype=np.float32
) -> np.ndarray:
    """1 / (1 + exp(-d / scale)) at each voxel of a mask (*space); d is the signed distance to its surface in mm.

    The surface passes halfway between a voxel inside and its face neighbour outside; d is positive inside. `scale`
    is the d, in mm, at which the map is 0.73. With `geodesic` above 0 the distance is the shortest path's, and a step
    over which `image` (*space) changes by one unit costs like `geodesic` mm more, at right angles: an edge in the
    image pushes its two sides apart. Without it the distance is Euclidean and `image` is not used. `spacing` is the
    voxel size in mm. A mask without a surface, empty or full, gives 0 or 1 everywhere.
    """
    mask = as_mask(mask).astype(bool)
    spacing = as_spacing(spacing, mask.ndim)
    scale, geodesic = as_number(scale, "scale", above=0, unit=" mm"), as_number(geodesic, "geodesic", least=0)
    dtype = as_stopping(dtype)[0]
    if image is not None:
        image = as_image(image, mask.shape)
    elif geodesic:
        raise ValueError(f"image is None, expected an image for geodesic={geodesic:g}.")
    result, reach = mask.astype(dtype), REACH[dtype.itemsize > 4] * scale
    box = _near_surface(mask, [reach / step for step in spacing])
    if box is None:
        return result
    inside = mask[box]
    if not geodesic:
        distance = surface_distance(inside, spacing)
    else:
        distance = geodesic_distance(inside, geodesic * image[box], spacing, reach)
    result[box] = expit(np.where(inside, distance, -distance) / scale)
    return result


def surface_distance(inside: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """Distance in mm from every voxel of a bool mask (*space) to the nearest point of its surface.

    These points lie halfway between face neighbours on different sides. Those on one axis lie on a grid with every
    other plane of its own, and so an exact transform on that grid reaches them.
    """
    nearest = np.full(inside.shape, np.inf)
    for axis, step in enumerate(spacing):
        crossing = np.diff(inside, axis=axis)
        if crossing.any():
            shape = [2 * n - 1 if k == axis else n for k, n in enumerate(inside.shape)]
            away = np.ones(shape, bool)
            even, odd = (tuple(slice(first, None, 2) if k == axis else slice(None) for k in range(inside.ndim))
                         for first in (0, 1))  # fmt: skip
            away[odd] = ~crossing
            sampling = [step / 2 if k == axis else other for k, other in enumerate(spacing)]
            np.minimum(nearest, ndimage.distance_transform_edt(away, sampling)[even], out=nearest)
    return nearest


def _near_surface(mask: np.ndarray, reach: list[float]) -> tuple[slice, ...] | None:
    """The box of all voxels at most `reach`, voxels along each axis, from the surface; None if there is none."""
    box = []
    for axis in range(mask.ndim):
        others = tuple(k for k in range(mask.ndim) if k != axis)
        some, every = mask.any(axis=others), mask.all(axis=others)
        mixed = some & ~every
        crossed = np.flatnonzero(mixed | np.diff(every, prepend=every[:1]) | np.diff(every, append=every[-1:]))
        if not crossed.size:
            return None
        box.append(slice(max(int(crossed[0] - reach[axis]) - 1, 0), int(crossed[-1] + reach[axis]) + 2))
    return tuple(box)
