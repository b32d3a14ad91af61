"""More than one truth: raters who follow different guidelines are sorted, and each group gets its own consensus."""

import numpy as np

from helpers.fusion.clusters import STARTS, Clusters, mixture, principal_points
from helpers.fusion.consensus import Consensus
from helpers.fusion.link import LINKS, from_link
from helpers.fusion.map_rows import map_rows
from helpers.fusion.map_settings import as_maps, as_number
from helpers.fusion.settings import as_choice, as_region, as_stopping


def mixture_of_consensuses(
    maps,
    *,
    link: str = "sqrt",
    region="disputed",
    disputed: float = 0.1,
    n_classes: int | None = None,
    most: int = 4,
    start: str = "farthest",
    tol: float = 1e-7,
    max_iterations: int = 500,
    dtype=np.float32,
) -> Consensus:
    """Consensuses of probability maps (R, *space), or (R, K, *space) that sum to 1 with `n_classes=K`: section 3.

    A map, through its `link`, is one of M consensuses plus Gaussian noise; which rater follows which is estimated on
    the principal components of the maps in the `region`, as in `student_t`. M grows from one to at most `most` while
    each consensus more raises the bound by 1 or more and is the likeliest of some rater. `start="residual"` starts a
    new one from the paper's shares of the residuals, with equal variances: two clear groups may be found, never three.

    `probability` is (M, *space), or (M, K, *space), the consensus of most raters first; outside the region all are the
    mean of the maps. `raters["responsibility"]` (R, M) is P(rater r follows consensus m), `raters["deviation"]` (R,)
    how far raters are from their own in units of the link, root mean square. `objective` is the bound for this M.
    """
    maps = as_maps(maps, n_classes)
    count, space = len(maps), maps.shape[1 if n_classes is None else 2 :]
    as_choice(link, LINKS, "link")
    as_choice(start, STARTS, "start")
    region, disputed = as_region(region, space), as_number(disputed, "disputed", least=0)
    dtype, tol, max_iterations = as_stopping(dtype, tol, max_iterations)
    if isinstance(most, bool) or not isinstance(most, (int, np.integer)) or most < 1:
        raise ValueError(f"most is {most!r}, expected a whole number from 1.")

    table = map_rows(maps, space)
    where = table.where(region, disputed)
    x = table.points(where, link)  # (R, C, n)
    found = None
    if count > 1 and x.size and np.ptp(x, axis=0).max() > 0:
        found = mixture(principal_points(x.reshape(count, -1)), most, start, tol, max_iterations)
    else:
        found = Clusters(np.ones((count, 1)), np.zeros(count), np.empty(0), True)
    first = found.responsibility.argmax(axis=0)
    order = np.lexsort((first, -found.responsibility.sum(axis=0)))
    responsibility = found.responsibility[:, order]
    fused = np.repeat(table.rows.mean(axis=0, dtype=dtype)[None], len(order), axis=0)  # (M, N) or (M, K, N)
    if x.size:
        weight = responsibility / np.maximum(found.variance, 1e-300)[:, None]
        for one, share in zip(fused, (weight / weight.sum(axis=0)).T, strict=True):
            p = from_link(np.tensordot(share, x, 1), link)
            one[..., where] = p[1] if n_classes is None else p
    raters = {"responsibility": responsibility, "deviation": np.sqrt(found.variance)}
    objective = found.objective
    return Consensus(table.image(fused), raters, objective, len(objective), found.converged, maps={})
