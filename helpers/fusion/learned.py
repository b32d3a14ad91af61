"""Learned soft STAPLE: on his rim a rater said nothing, so what he would have said is worked out from the others.

Algorithm 1 uses nothing of a voxel but who has it inside, on his rim or outside: it runs on that table.
"""

import numpy as np

from helpers.fusion.answers import MOST_RATERS, every_answer, mean_over_answers
from helpers.fusion.consensus import Consensus
from helpers.fusion.patterns import count, look_up, pack
from helpers.fusion.rates import posterior
from helpers.fusion.settings import as_prior, as_rates, as_start, as_stopping
from helpers.fusion.staple import staple_table
from helpers.inputs import as_masks


def learned_soft_staple(
    masks,
    rims,
    *,
    start: float = 0.3,
    prior: float | str | None = None,
    sensitivity=None,
    specificity=None,
    tol: float = 1e-7,
    max_iterations: int = 10_000,
    dtype=np.float32,
) -> Consensus:
    """Consensus of masks (R, *space), each with a rim (R, *space) outside it: Algorithm 1.

    Opinions are 1 inside, `start` on the rim and 0 outside. Then, for every rater on his own rim,
    q <- w p + (1-w)(1-s), and w <- eq. (1), until no w moves by more than `tol`. There are several fixed points:
    `start` decides which one is reached. Rates come from `staple` on the masks unless given (R,) each. `prior` is
    P(x = 1) in eq. (1): the mean of the masks unless given, "soft" for the mean of the opinions at the start.

    `maps["learned_soft"]` (R, *space) are the opinions at the end; `objective` is the largest move of w per iteration,
    for which nothing promises that it falls.
    """
    masks, rims = as_masks(masks), as_masks(rims, name="rims")
    if rims.shape != masks.shape:
        raise ValueError(f"rims has shape {rims.shape}, expected {masks.shape}, the shape of masks.")
    raters = len(masks)
    if raters > MOST_RATERS:
        raise ValueError(
            f"masks has shape {masks.shape}: {raters} raters, expected (R, *space) with at most {MOST_RATERS} of them, "
            "for the sum over 2^R answers."
        )
    dtype, tol, max_iterations = as_stopping(dtype, tol, max_iterations)
    start = as_start(start)
    soft_prior = isinstance(prior, str) and prior == "soft"
    prior = None if soft_prior else prior
    as_prior(prior)
    if (sensitivity is None) != (specificity is None):
        raise ValueError("sensitivity and specificity are one given and one None, expected both or neither.")
    known = as_rates(sensitivity, specificity, raters) if sensitivity is not None else None

    packed = pack(masks, rims)
    patterns = count(packed)
    inside, rim = patterns.values[:, :raters] == 1, patterns.values[:, raters:] == 1  # (P, R)
    both = (inside & rim).any(axis=1)
    if both.any():
        voxels = patterns.counts[both].sum()
        raise ValueError(f"rims overlap masks at {voxels} voxels, expected rims outside the masks.")
    found = {}
    if known is None:
        found = staple_table(inside, patterns.counts).raters
        known = found["sensitivity"], found["specificity"]
    p, s = known
    q = np.where(rim, start, inside.astype(float))
    mean = patterns.counts @ (q if soft_prior else inside).mean(axis=1) / patterns.counts.sum()
    b = every_answer(raters)
    of_answer, _ = posterior(b, 1 - b, p, s, as_prior(prior, mean=mean))

    w = mean_over_answers(of_answer, q)
    moves, moving = [], np.flatnonzero(rim.any(axis=1))  # the other patterns stay where they are
    while len(moving) and len(moves) < max_iterations:
        before = w[moving, None]
        q[moving] = np.where(rim[moving], before * p + (1 - before) * (1 - s), q[moving])
        w[moving] = mean_over_answers(of_answer, q[moving])
        move = np.abs(w[moving] - before[:, 0])
        moves.append(move.max())
        moving = moving[move > tol]
    learned = look_up(packed, patterns, q, dtype=dtype)
    fused = look_up(packed, patterns, w, dtype=dtype)
    result = {"sensitivity": p, "specificity": s} | found
    return Consensus(fused, result, np.array(moves), len(moves), len(moving) == 0, maps={"learned_soft": learned})
