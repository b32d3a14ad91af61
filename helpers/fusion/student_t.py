"""Robust fusion of probability maps: a rater is doubted where he is far off, and believed elsewhere."""

from collections.abc import Callable

import numpy as np

from helpers.fusion.bases import GRIDS, gaussian_bases
from helpers.fusion.consensus import Consensus
from helpers.fusion.link import LINKS, from_link
from helpers.fusion.map_rows import map_rows
from helpers.fusion.map_settings import as_dof, as_flag, as_maps, as_number
from helpers.fusion.settings import as_choice, as_region, as_stopping
from helpers.fusion.student_fit import fit
from helpers.fusion.student_local import Raters, local_step
from helpers.inputs import as_spacing
from helpers.measure.box import bounding_box

NOISE = ("student", "gaussian")
DEVIATION = {"sqrt": 0.1, "logit": 0.5}  # how far apart raters who mean the same are, in units of the link


def student_t(
    maps,
    *,
    noise: str = "student",
    link: str = "sqrt",
    bias: bool = True,
    basis_spacing: float | None = None,
    basis_width: float | None = None,
    grid: str = "regular",
    spacing=None,
    region="disputed",
    disputed: float = 0.1,
    n_classes: int | None = None,
    dof=None,
    covariance_prior: tuple[float | None, float] = (None, 0.25),
    tol: float = 1e-6,
    max_iterations: int = 200,
    dtype=np.float32,
    local_step: Callable = local_step,
) -> Consensus:
    """Consensus of probability maps (R, *space), or (R, K, *space) that sum to 1 with `n_classes=K`.

    A map, through its `link`, is the consensus plus the rater's bias plus noise, "student" with nu of its own or
    "gaussian" (eq. 1), estimated by variational Bayes. `bias=False` leaves biases out. `basis_spacing`, in mm, asks for
    a smooth consensus: bumps of deviation `basis_width` mm, 0.6 of their spacing unless given, on a "regular" or
    "staggered" `grid`; `spacing` is the voxel size. `dof` holds nu fixed.

    Only the voxels of the `region` are modelled: "disputed" ones, where two maps differ by more than `disputed`, "all",
    or a bool array (*space). Elsewhere the consensus is the mean of the maps. `covariance_prior` is (deviation, share):
    the covariances are estimated as if a share of the region had been seen on top with that standard deviation in units
    of the link, by default 0.1 (sqrt) or 0.5 (logit). Without it a likelihood without bound rewards maps that agree to
    the last digit.

    `raters` holds "bias" (R, C), which sum to 0 because only their differences can be known, "covariance" (R, C, C) and
    "dof" (R,), where 1000 is as good as Gaussian. C is K under the square root, the lesion last, and K - 1 under the
    logit. `maps["tau"]` (R, *space) is how far a rater is trusted at a voxel, around 1, nan outside the region.
    `objective` is the lower bound on the log evidence; it never falls. An iteration is one pass over the region, and
    the last one gains at most `tol` per voxel; `local_step=helpers.nets.local_step_on("cuda")` makes it on a GPU. If
    raters cannot be told apart, `raters["warning"]` (R,) says why.
    """
    maps = as_maps(maps, n_classes)
    count, space = len(maps), maps.shape[1 if n_classes is None else 2 :]
    as_choice(noise, NOISE, "noise")
    as_choice(link, LINKS, "link")
    as_choice(grid, GRIDS, "grid")
    bias, region, spacing = as_flag(bias, "bias"), as_region(region, space), as_spacing(spacing, len(space))
    disputed = as_number(disputed, "disputed", least=0)
    deviation, share = _as_covariance_prior(covariance_prior, link)
    dof = as_dof(dof, count) if noise == "student" else np.full(count, np.inf)
    dtype, tol, max_iterations = as_stopping(dtype, tol, max_iterations)
    for name, value in (("basis_spacing", basis_spacing), ("basis_width", basis_width)):
        if value is not None:
            as_number(value, name, above=0, unit=" mm, or None")

    table = map_rows(maps, space)
    where = table.where(region, disputed)
    x = table.points(where, link)  # (R, C, n)
    c, n = x.shape[1:]
    fused = table.rows.mean(axis=0, dtype=dtype)  # (N,) or (K, N)
    if n == 0:  # what the model believes before it has seen anything
        raters = Raters(np.zeros((count, c)), np.zeros((count, c, c)), np.tile(deviation**2 * np.eye(c), (count, 1, 1)),
                        np.full(count, np.nan), 1.0)  # fmt: skip
        tau, objective, converged = np.empty((count, 0)), np.empty(0), True
    else:
        bases = None
        if basis_spacing is not None:
            width = 0.6 * basis_spacing if basis_width is None else basis_width
            inside = np.zeros(table.shape, bool)
            inside.ravel()[where] = True
            inside = inside[bounding_box(inside)]  # background beyond it must not move the grid
            bases = gaussian_bases(inside, tuple(spacing[axis] for axis in table.axes), basis_spacing, width, grid)
        weight = share * n + 2 * c + 1  # an inverse Wishart that weighs less than 2 C + 1 has no integral
        found = fit(x, dof=dof, bias=bias, bases=bases, weight=weight, deviation=deviation, tol=tol,
                    max_iterations=max_iterations, local_step=local_step)  # fmt: skip
        raters, tau, objective, converged = found.raters, found.tau, found.objective, found.converged
        p = from_link(found.consensus, link)
        fused[..., where] = p[1] if n_classes is None else p

    learned = {"bias": raters.bias, "covariance": raters.covariance}
    by_product = {}
    if noise == "student":
        learned["dof"] = raters.dof
        trust = np.full((count, fused.shape[-1]), np.nan, dtype)
        trust[:, where] = tau
        by_product["tau"] = table.image(trust)
    if count == 1:
        learned["warning"] = np.array(["One rater has nobody to be compared with: the consensus is his map."])
    elif n == 0:
        sentence = f"No two maps differ by more than {disputed:g}: nothing is known of the raters."
        learned["warning"] = np.full(count, sentence)
    return Consensus(table.image(fused), learned, objective, len(objective), converged, by_product)


def _as_covariance_prior(value, link: str) -> tuple[float, float]:
    try:
        deviation, share = value
    except (TypeError, ValueError):
        raise ValueError(f"covariance_prior is {value!r}, expected (deviation, share).") from None
    deviation = DEVIATION[link] if deviation is None else deviation
    return as_number(deviation, "covariance_prior[0]", above=0), as_number(share, "covariance_prior[1]", least=0)
