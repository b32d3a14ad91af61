"""STAPLE: the consensus and the raters' sensitivities and specificities together, by EM on the patterns."""

from dataclasses import replace

import numpy as np

from helpers.fusion.consensus import Consensus
from helpers.fusion.patterns import count, look_up, pack
from helpers.fusion.rates import estimate, posterior
from helpers.fusion.settings import as_beta, as_prior, as_region, as_stopping, as_table
from helpers.fusion.warning import warning_of
from helpers.inputs import as_masks


def staple(
    masks,
    *,
    prior: float | None = None,
    region="all",
    tol: float = 1e-7,
    max_iterations: int = 1000,
    dtype=np.float32,
    confidence: float = 1.0,
    sensitivity_prior=(1, 1),
    specificity_prior=(1, 1),
) -> Consensus:
    """Consensus of binary masks (R, *space), -1 or `None` where a rater did not look (Warfield et al. 2004).

    `prior` is P(x = 1), held fixed: the mean of the masks in the region unless given, times `confidence`. `region` is
    where the rates are estimated: "all", "disputed" (those who looked do not all say the same) or a bool array.
    Voxels outside it get the posterior under these rates too, but where all agree they keep what the raters say.
    `sensitivity_prior` and `specificity_prior` are (alpha, beta) of a Beta prior, in voxels, or one row per rater.

    `objective` is the log likelihood, plus the log of the Beta priors. Where the rates cannot mean much,
    `raters["warning"]` (R,) says why. A voxel at which nobody looked is nan.
    """
    masks = as_masks(masks, missing=True)
    space, missing = masks.shape[1:], masks.dtype == np.int8
    dtype, tol, max_iterations = as_stopping(dtype, tol, max_iterations)
    as_prior(prior, confidence)  # refuse what is wrong before any work is done
    betas = as_beta(sensitivity_prior, len(masks), "sensitivity_prior")
    betas = betas, as_beta(specificity_prior, len(masks), "specificity_prior")
    region = as_region(region, space)
    stacks, bits = [masks], [2 if missing else 1]
    if not isinstance(region, str):  # one more bit, so that voxels inside and outside are different patterns
        stacks, bits = [masks, region[None].view(np.uint8)], [*bits, 1]
    packed = pack(*stacks, bits=tuple(bits))
    patterns = count(packed)
    said = patterns.values
    if len(stacks) == 2:
        said, region = said[:, :-1], said[:, -1] == 1
    table = staple_table(
        said, patterns.counts, prior=prior, region=region, tol=tol, max_iterations=max_iterations,
        confidence=confidence, sensitivity_prior=betas[0], specificity_prior=betas[1],
    )  # fmt: skip
    return replace(table, probability=look_up(packed, patterns, table.probability, dtype=dtype))


def staple_table(
    said: np.ndarray,
    counts: np.ndarray,
    *,
    prior: float | None = None,
    region="all",
    tol: float = 1e-7,
    max_iterations: int = 1000,
    confidence: float = 1.0,
    sensitivity_prior=(1, 1),
    specificity_prior=(1, 1),
) -> Consensus:
    """`staple` of a table: pattern i, `said[i]` (P, R) in {0, 1} or more for "did not look", occurs `counts[i]` times.

    `probability` is (P,), to be looked up: this is how slabs of a volume, or the cases of a cohort, are fused together.
    """
    said, counts = as_table(said, counts)
    region = as_region(region, counts.shape)
    betas = as_beta(sensitivity_prior, said.shape[1], "sensitivity_prior")
    betas = betas, as_beta(specificity_prior, said.shape[1], "specificity_prior")
    yes, no = (said == 1).astype(float), (said == 0).astype(float)  # D and 1 - D, both 0 where a rater did not look
    looked = yes.sum(axis=1) + no.sum(axis=1)
    mean = np.divide(yes.sum(axis=1), looked, out=np.full(len(looked), np.nan), where=looked > 0)  # mean vote (P,)
    agreed = (mean == 0) | (mean == 1)
    if isinstance(region, str):
        region = ~agreed if region == "disputed" else np.ones(len(said), bool)
    used = region & (looked > 0)
    counts, start = np.where(used, counts, 0), np.where(used, mean, 0)
    g = as_prior(prior, confidence, counts @ start / max(counts.sum(), 1))
    rates = estimate(
        yes, no, counts, start, g,
        sensitivity_prior=betas[0], specificity_prior=betas[1], tol=tol, max_iterations=max_iterations,
    )  # fmt: skip
    w, _ = posterior(yes, no, rates.sensitivity, rates.specificity, g)
    w = np.where(agreed & ~region, mean, np.where(looked > 0, w, np.nan))
    raters = {"sensitivity": rates.sensitivity, "specificity": rates.specificity}
    raters |= warning_of(counts @ yes, counts @ no, bool(used[~agreed].any()), rates, free=True)
    return Consensus(w, raters, rates.objective, rates.iterations, rates.converged, maps={})
