"""Soft STAPLE: raters give the chance of lesion, not a decision.

The full form sums over the 2^R decisions the raters might have had in mind; the simplified one mixes the two answers
of each rater by himself. Both run on the table of different voxels.
"""

import numpy as np

from helpers.fusion.answers import MOST_RATERS, every_answer, expected_counts, mean_over_answers
from helpers.fusion.consensus import Consensus
from helpers.fusion.opinions import as_soft, opinions
from helpers.fusion.rates import TINY, estimate, iterate, posterior
from helpers.fusion.settings import as_choice, as_prior, as_rates, as_stopping
from helpers.fusion.soft_steps import mixed, printed_step, simplified_step
from helpers.fusion.warning import warning_of

FORMS, M_STEPS = ("full", "simplified"), ("exact", "paper")


def soft_posterior(soft, sensitivity, specificity, prior: float, *, form: str = "full", dtype=np.float32) -> np.ndarray:
    """The consensus (*space) of soft opinions (R, *space) for known rates: eq. (1), w = sum_B q(B) p(x = 1 | B).

    `form="simplified"` is Bayes' rule on each rater's mixture q p + (1-q)(1-p) instead.
    """
    soft, g, dtype = as_soft(soft), as_prior(prior), as_stopping(dtype)[0]
    p, s = as_rates(sensitivity, specificity, len(soft))
    _check_form(form, len(soft))
    table = opinions(soft)
    if form == "full":
        b = every_answer(len(soft))
        w = mean_over_answers(posterior(b, 1 - b, p, s, g)[0], table.q)
    else:
        w, _ = mixed(table.q, p, s, g)
    return table.image(w, dtype)


def soft_staple(
    soft,
    *,
    m_step: str = "exact",
    form: str = "full",
    prior: float | None = None,
    tol: float = 1e-7,
    max_iterations: int = 1000,
    dtype=np.float32,
) -> Consensus:
    """Consensus of soft opinions (R, *space) in [0, 1]; on decisions, 0 and 1, it is `staple`.

    `m_step="exact"` is the EM step of the stated loss, sum_t KL(q_t || p(y; theta)): p_r = sum_t E[b_r x] / sum_t w_t.
    "paper" is the step as printed, sum q w / sum w: it multiplies means where the mean of the product is due.
    `form="simplified"` replaces the sum over 2^R answers by a mixture per rater, and the loss by minus the log
    likelihood of the mixtures. `prior` is P(x = 1), held fixed: the mean of all opinions unless given.

    `objective` is the loss after each iteration, and never rises with the exact step.
    """
    soft = as_soft(soft)
    as_choice(m_step, M_STEPS, "m_step")
    _check_form(form, len(soft))
    dtype, tol, max_iterations = as_stopping(dtype, tol, max_iterations)
    as_prior(prior)
    table = opinions(soft)
    q, counts = table.q, table.counts
    mean = q.mean(axis=1)
    g = as_prior(prior, mean=counts @ mean / counts.sum())
    flat = np.ones((len(soft), 2))
    if form == "simplified":
        rates = iterate(simplified_step(q, counts, g, m_step == "exact"), mean, tol, max_iterations)
        certain = 0.0
        w, _ = mixed(q, rates.sensitivity, rates.specificity, g)
    else:
        b = every_answer(len(soft))
        expected = expected_counts(q, counts)  # the loss depends on the opinions through these 2^R numbers only
        certain = counts @ (q * np.log(np.maximum(q, TINY)) + (1 - q) * np.log(np.maximum(1 - q, TINY))).sum(axis=1)
        if m_step == "exact":  # so this is STAPLE on decisions that occur a fraction of a time
            rates = estimate(
                b, 1 - b, expected, b.mean(axis=1), g,
                sensitivity_prior=flat, specificity_prior=flat, tol=tol, max_iterations=max_iterations,
            )  # fmt: skip
        else:
            rates = iterate(printed_step(q, counts, expected, g), mean, tol, max_iterations)
        w = mean_over_answers(posterior(b, 1 - b, rates.sensitivity, rates.specificity, g)[0], q)
    raters = {"sensitivity": rates.sensitivity, "specificity": rates.specificity}
    disputed = bool(counts @ (q.max(axis=1) > q.min(axis=1)))
    raters |= warning_of(counts @ q, counts @ (1 - q), disputed, rates, free=m_step == "exact")
    loss = certain - rates.objective
    return Consensus(table.image(w, dtype), raters, loss, rates.iterations, rates.converged, maps={})


def _check_form(form: str, raters: int) -> None:
    as_choice(form, FORMS, "form")
    if form == "full" and raters > MOST_RATERS:
        raise ValueError(
            f"soft has {raters} raters along its first axis, expected (R, *space) with at most {MOST_RATERS} of them "
            f'for the sum over 2^R answers of form="full".'
        )
