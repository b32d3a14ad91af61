"""The simulated spinal cord: 20 people at four centres, T2*-weighted, three classes, four raters."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from helpers.data import cord_anatomy as anatomy
from helpers.data.case import Case
from helpers.data.cord_raters import draw
from helpers.data.cord_surroundings import surroundings
from helpers.data.mr_signal import Tissue, bias_field, gradient_echo, rician

CORD_CASES = 20
CLASSES = ("background", "grey matter", "white matter")
FIELD_OF_VIEW = 38.4  # mm
FINER = (2, 2, 3)  # points per voxel for the partial volume
PROVENANCE = "Simulated: a drawn anatomy, the gradient-echo signal equation and random generators; no person's data"

TISSUES = {  # at 3 T: T1, T2, T2* in ms, proton density
    "white": Tissue(860, 72, 42, 0.70),
    "grey": Tissue(980, 78, 51, 0.82),
    "csf": Tissue(3000, 1900, 350, 1.00),  # flow brings fresh spins: shorter than its T1 of 4300
    "muscle": Tissue(1300, 34, 17, 0.72),
    "fat": Tissue(380, 60, 12, 0.80),
    "bone": Tissue(600, 30, 5, 0.25),
    "vessel": Tissue(420, 150, 60, 0.95),  # inflowing blood is bright, as if T1 were short
    "dura": Tissue(1000, 20, 8, 0.55),
}


@dataclass(frozen=True)
class Centre:
    name: str
    pixel: float  # mm in plane
    slice: float  # mm
    slices: int
    tr: float  # ms
    echoes: tuple[float, ...]  # ms; the magnitudes are averaged
    flip: float  # degrees
    snr: float  # of white matter
    shading: float
    blur: float  # pixels


CENTRES = (
    Centre("Centre A, 0.5 x 0.5 x 5 mm", 0.5, 5.0, 11, 620.0, (7.0, 14.0, 21.0), 16.0, 34.0, 0.10, 0.45),
    Centre("Centre B, 0.4 x 0.4 x 3 mm", 0.4, 3.0, 17, 650.0, (7.0, 12.0, 17.0, 22.0), 13.0, 28.0, 0.06, 0.50),
    Centre("Centre C, 0.3 x 0.3 x 2.5 mm", 0.3, 2.5, 20, 520.0, (8.0, 14.0), 28.0, 22.0, 0.08, 0.70),
    Centre("Centre D, 0.7 x 0.7 x 3 mm", 0.7, 3.0, 18, 700.0, (20.0,), 14.0, 17.0, 0.12, 0.35),
)


def cord_case(index: int, *, seed: int = 0) -> Case:
    """Person `index` (0 to 19; five at each centre) as the centre's scanner and the four raters see the cord.

    Labels: 0 background, 1 grey matter, 2 white matter. `truth` (3, x, y, z) says how much of each voxel is
    background, grey, white. The raters keep their guideline from case to case.
    """
    _check("index", index, CORD_CASES)
    _check("seed", seed, 2**32)
    centre = CENTRES[index // 5]
    rng = np.random.default_rng([seed, index, 4])
    who = anatomy.person(rng)
    grid = _grid(centre)
    grey, cord = _fractions(who, centre, grid)
    truth = np.stack([1 - cord, grey, cord - grey]).astype(np.float32)
    image = _image(who, centre, grid, truth, rng)
    labels, names, characters = draw(who, grid, (centre.pixel, centre.pixel, centre.slice), centre.snr, index, seed)
    affine = np.diag([centre.pixel, centre.pixel, centre.slice, 1.0])
    affine[:3, 3] = [axis.flat[0] for axis in grid]
    return Case(
        name=f"cord-{index:02d}",
        images={"T2*": image},
        raters=labels,
        names=names,
        spacing=(centre.pixel, centre.pixel, centre.slice),
        affine=affine,
        provenance=PROVENANCE,
        truth=truth,
        notes={
            "seed": seed,
            "classes": CLASSES,
            "centre": centre.name,
            "levels": who.middle - grid[2].ravel() / anatomy.LEVEL,  # 2 is C2
            "raters": characters,
        },
    )


def _grid(centre: Centre) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voxel centres in mm, open: shapes (x, 1, 1), (1, y, 1), (1, 1, z)."""
    n = round(FIELD_OF_VIEW / centre.pixel)
    plane = centre.pixel * (np.arange(n) - (n - 1) / 2)
    z = centre.slice * (np.arange(centre.slices) - (centre.slices - 1) / 2)
    return np.ix_(plane, plane, z)


def _fractions(who, centre: Centre, grid: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Share of grey matter and of cord in each voxel: means over finer points, each with a soft edge."""
    coarse = anatomy.cord_distance(who, *anatomy.own_frame(who, *grid), grid[2])
    box = anatomy.around(coarse, 2 * centre.pixel)
    steps = (centre.pixel, centre.pixel, centre.slice)
    fine = np.ix_(
        *(
            (axis.ravel()[index.ravel()][:, None] + step * ((np.arange(k) + 0.5) / k - 0.5)).ravel()
            for axis, index, step, k in zip(grid, box, steps, FINER, strict=True)
        )
    )
    here = (*anatomy.own_frame(who, *fine), fine[2])
    soft = centre.pixel / FINER[0]
    cord = np.clip(anatomy.cord_distance(who, *here) / soft + 0.5, 0, 1)
    grey = np.minimum(np.clip(anatomy.grey_distance(who, *here) / soft + 0.5, 0, 1), cord)
    maps = np.zeros((2, *coarse.shape))
    for whole, part in zip(maps, (grey, cord), strict=True):
        cells = part.reshape([v for n, k in zip(part.shape, FINER, strict=True) for v in (n // k, k)])
        whole[box] = cells.mean(axis=(1, 3, 5))
    return maps[0], maps[1]


def _image(who, centre: Centre, grid: tuple, truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(x, y, z) float32 in arbitrary units: signals of the tissues, shading, blur, noise."""
    signals = {
        name: np.mean([gradient_echo(tissue, centre.tr, echo, centre.flip) for echo in centre.echoes])
        for name, tissue in TISSUES.items()
    }
    unit = {name: value / signals["white"] for name, value in signals.items()}
    outside, columns = surroundings(who, grid, centre.pixel, unit, rng)
    picture = truth[0] * outside + truth[1] * unit["grey"] + truth[2] * unit["white"] * columns
    picture *= bias_field(picture.shape, centre.pixel / 2.5, centre.shading, rng)  # surface coils: 40 mm
    picture *= np.exp(rng.normal(0, 0.02, picture.shape[2]))  # breathing, slice by slice
    picture = ndimage.gaussian_filter(picture, (centre.blur, centre.blur, 0))
    return (np.float32(np.exp(rng.normal(6, 0.2))) * rician(picture, 1 / centre.snr, rng)).astype(np.float32)


def _check(name: str, value: int, end: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 0 <= value < end:
        raise ValueError(f"{name} is {value!r}, expected a whole number from 0 to {end - 1}.")
