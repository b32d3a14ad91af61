"""Checks of chapter 3: STAPLE."""

import itertools

import numpy as np

from helpers.show.checks.verdict import call, check

CAREFUL, EAGER = (0.6, 0.99), (0.9, 0.9)                # sensitivity and specificity in exercise 3.1
FITTING = (0.00073, 0.0094)                             # shares of background in exercise 3.3, seed 0


def _posterior(answers: tuple[int, ...], p: np.ndarray, s: np.ndarray, g: float) -> float:
    """Chapter 3 eq. (3.2) for one voxel; an answer of -1 is no answer."""
    lesion, background = g, 1 - g
    for answer, p_r, s_r in zip(answers, p, s, strict=True):
        if answer >= 0:
            lesion *= p_r if answer else 1 - p_r
            background *= 1 - s_r if answer else s_r
    return lesion / (lesion + background)


@check
def weight_of_yes(answer):
    """Exercise 3.1: by what a yes multiplies the odds, (careful rater, eager rater)."""
    if not isinstance(answer, tuple | list | np.ndarray) or len(answer) != 2:
        return f"answer with two numbers, as in (10, 20); you gave {answer!r}"
    for name, got, (p, s) in zip(("careful", "eager"), map(float, answer), (CAREFUL, EAGER), strict=True):
        if abs(got / (p / (1 - s)) - 1) <= 0.1:
            continue
        hints = (
            (np.log(p / (1 - s)), "that is what a yes adds to the log odds; the odds themselves are multiplied"),
            (p / s, "the specificity is how often the rater says no; a wrong yes has probability 1 - s"),
            ((1 - p) / s, "that is what a no does to the odds"),
            ((1 - s) / p, "turn it round: a yes of a good rater raises the odds"),
            (p, "that is the chance of a yes in a lesion; compare it with the chance of a yes outside"),
        )
        wrong, hint = min(hints, key=lambda each: abs(got - each[0]))
        if abs(got - wrong) <= 0.02 * abs(wrong):
            return f"the {name} rater: {hint}"
        return (f"the {name} rater: how often do they say yes inside a lesion, how often outside? The factor is the "
                "ratio of the two")
    return None


@check
def missing_answers(posterior):
    """Exercise 3.2: a function (masks, p, s, g) -> W for masks that hold -1 where a rater did not look."""
    p, s, g = np.array([0.9, 0.8, 0.7]), np.array([0.95, 0.9, 0.85]), 0.1
    every = list(itertools.product((0, 1, -1), repeat=3))
    got = np.asarray(call(posterior, np.array(every, np.int8).T.copy(), p, s, g), float)
    if got.size == len(every):  # (1, 27) says the same
        got = got.ravel()
    if got.shape != (len(every),):
        return f"for masks of shape (3, {len(every)}) you return the shape {got.shape}, expected ({len(every)},)"
    if np.isnan(got).any():
        return "some values are nan; where nobody looked W is the prior g"
    wanted = np.array([_posterior(answers, p, s, g) for answers in every])
    if np.allclose(got, wanted, rtol=0, atol=1e-9):
        return None
    complete = np.array(every).min(axis=1) >= 0
    if not np.allclose(got[complete], wanted[complete], rtol=0, atol=1e-9):
        return "it is wrong even where all raters looked; begin with the posterior of section 3.2"
    for value, word in ((0, "no"), (1, "yes")):
        wrong = [_posterior(tuple(value if a < 0 else a for a in answers), p, s, g) for answers in every]
        if np.allclose(got, wrong, rtol=0, atol=1e-9):
            return f"you take -1 for a {word}; its factor is 1 in both products"
    half = [_posterior(tuple(a for a in answers if a >= 0), p[[a >= 0 for a in answers]], s[[a >= 0 for a in answers]],
                       0.5) for answers in every]
    if np.allclose(got[~complete], np.array(half)[~complete], rtol=0, atol=1e-9):
        return "where a rater is missing the prior g still counts"
    k = int(np.argmax(np.abs(got - wanted)))
    return f"for the answers {every[k]} you give {got[k]:.4f}, not {wanted[k]:.4f}"


@check
def background_share(answer):
    """Exercise 3.3: a share of the background at which STAPLE's volume is within 10 % of the true one."""
    share = float(answer)
    low, high = FITTING
    if not share > 0:
        return f"the share is a number above 0, and you gave {share:g}"
    if share > high:
        return "the mask is still too large there: take more background away"
    if share < low:
        return "the mask is too small there: with so little background three votes are not enough; give some back"
    return None


@check
def lone_vote(posterior):
    """Exercise 3.4: a function (p, F, V) -> W (R,) of a voxel that one rater alone marked."""
    for p, false, lesion in ((np.array([0.9, 0.8, 0.7]), np.array([10.0, 40.0, 5.0]), 100.0),
                             (np.array([0.5, 0.6, 0.2, 0.4]), np.array([3.0, 1.0, 8.0, 2.0]), 20.0)):
        got = np.asarray(call(posterior, p.copy(), false.copy(), lesion), float)
        silent = np.array([np.prod(np.delete(1 - p, r)) for r in range(len(p))])
        odds = lesion * p * silent / false
        if got.shape != odds.shape:
            return f"for {len(p)} raters you return the shape {got.shape}, expected ({len(p)},)"
        if np.allclose(got, odds / (1 + odds)):
            continue
        for wrong, hint in (
            (odds, "these are the odds; W is odds / (1 + odds)"),
            (lesion * p / false, "the others said no: each brings a factor 1 - p, and W is odds / (1 + odds)"),
            (lesion * p * np.array([np.prod(np.delete(p, r)) for r in range(len(p))]) / false,
             "the others said no, and a no in a lesion has probability 1 - p, not p"),
            (lesion * (1 - p) * silent / false, "rater r said yes, and a yes in a lesion has probability p, not 1 - p"),
            (lesion * p * np.prod(1 - p) / false, "the product runs over the other raters only"),
            (p * silent / false, "the prior brings a factor V"),
        ):
            if np.allclose(got, wrong) or np.allclose(got, wrong / (1 + wrong)):
                return hint
        return f"for p = {p.tolist()}, F = {false.tolist()}, V = {lesion:g} the first is {got[0]:.4f}, not " \
               f"{(odds / (1 + odds))[0]:.4f}"
    return None
