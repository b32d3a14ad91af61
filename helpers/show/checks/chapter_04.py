"""Checks of chapter 4: soft opinions and what becomes of them."""

import itertools

import numpy as np

from helpers.show.checks.verdict import call, check

P, S, G = np.array([0.9, 0.8, 0.7]), np.array([0.95, 0.9, 0.85]), 0.1  # the three raters of section 4.2


def _verdict(b, p, s, g) -> float:
    """Chance of lesion once answers b are in, chapter 4 eq. (4.3)."""
    b = np.asarray(b)
    lesion, background = g * np.prod(p**b * (1 - p) ** (1 - b)), (1 - g) * np.prod((1 - s) ** b * s ** (1 - b))
    return lesion / (lesion + background)


def _mixed(q, p, s, g, *, share=True) -> np.ndarray:
    """The simplified form, chapter 4 eq. (4.5); without `share` the lesion term alone."""
    p, s = p[:, None], s[:, None]
    a, b = g * (q * p + (1 - q) * (1 - p)).prod(0), (1 - g) * (q * (1 - s) + (1 - q) * s).prod(0)
    return a / (a + b) if share else a


def _full(q, p, s, g) -> np.ndarray:
    """The sum over all answers, chapter 4 eq. (4.4)."""
    every = itertools.product((0, 1), repeat=len(p))
    return sum(np.prod([o if yes else 1 - o for o, yes in zip(q, b, strict=True)], axis=0) * _verdict(b, p, s, g)
               for b in every)


def _voxels():
    """(q, p, s, g): three raters and five voxels, two raters and one, four and three."""
    yield np.array([[1, 0.3, 0.1, 0.3, 0.5], [0.3, 0.3, 0.2, 1, 0.5], [0.1, 0.3, 1, 1, 0.9]]), P, S, G
    yield np.array([[0.3], [0.8]]), P[:2], S[1:], 0.4
    rng = np.random.default_rng(4)
    yield rng.random((4, 3)), rng.uniform(0.5, 0.9, 4), rng.uniform(0.7, 0.99, 4), 0.02


@check
def half_opinion(answer):
    """Exercise 4.1: W of q = (1, 0.5, 0), the mean of two verdicts."""
    got = float(answer)
    low, high = _verdict((1, 0, 0), P, S, G), _verdict((1, 1, 0), P, S, G)
    if abs(got - (low + high) / 2) <= 0.006:
        return None
    if not 0 <= got <= 1:
        return f"W is a chance, between 0 and 1, and you gave {got:g}"
    for wrong, hint in (
        (low, "that is the verdict if the second rater says no; here the rater may also say yes"),
        (high, "that is the verdict if the second rater says yes; here the rater may also say no"),
        (0.7 * low + 0.3 * high, "that is W for an opinion of 0.3; now both bars are equally wide"),
        (float(_mixed(np.array([[1], [0.3], [0]]), P, S, G)[0]),
         "that mixes the answers of the second rater before Bayes' rule, with 0.3; average two verdicts instead"),
        (float(_mixed(np.array([[1], [0.5], [0]]), P, S, G)[0]),
         "that is what you get when the second rater is left out; here the answer is yes or no, half and half"),
    ):
        if abs(got - wrong) <= 0.006:
            return hint
    if low < got < high:
        return f"{got:g} lies between the two verdicts, but not in the middle: both bars have a width of one half"
    return f"W is a mean of the verdicts {low:.2f} and {high:.2f}, so it lies between them, and you gave {got:g}"


@check
def simplified(function):
    """Exercise 4.2: a function (q, p, s, g) -> W, chapter 4 eq. (4.5)."""
    for q, p, s, g in _voxels():
        got = np.asarray(call(function, q.copy(), p.copy(), s.copy(), g), dtype=float)
        want = _mixed(q, p, s, g)
        if got.shape != want.shape:
            return f"for q of shape {q.shape} you return the shape {got.shape}, not {want.shape}: one W per voxel"
        if np.allclose(got, want, rtol=0, atol=1e-9):
            continue
        flat = q.shape[1]
        lesion = (q * p[:, None]).prod(0)
        for wrong, hint in (
            (_full(q, p, s, g), "that is the full form (4.4); here each rater is mixed before you multiply"),
            (_mixed(q, p, s, g, share=False), "that is g a alone; divide it by g a + (1 - g) b"),
            (_mixed(q, p, s, 0.5), "the prior is missing: g goes with a, and 1 - g with b"),
            (_mixed(q, p, s, 1 - g), "the prior is on the wrong side: g goes with a, and 1 - g with b"),
            (_mixed(q, p, 1 - s, g), "s and 1 - s are exchanged: a wrong yes has the chance 1 - s"),
            (_mixed((q > 0.5) * 1.0, p, s, g), "you round the opinions; use them as they are"),
            (g * lesion / (g * lesion + (1 - g) * (q * (1 - s[:, None])).prod(0)),
             "a rater may also say no: add the second term of each factor"),
        ):
            if np.shape(wrong) == (flat,) and np.allclose(got, wrong, rtol=0, atol=1e-9):
                return hint
        k = int(np.argmax(np.abs(got - want)))
        return f"for q = {np.round(q[:, k], 2).tolist()} you give {got[k]:.4f}, not {want[k]:.4f}"
    return None


@check
def from_how_many(answer):
    """Exercise 4.3: with one rater of seven inside, the smallest number on the rim that gives two ends."""
    got = int(answer)
    if got != float(answer) or not 1 <= got <= 6:
        return f"there are seven raters and one is inside: answer with a whole number from 1 to 6, not {answer!r}"
    if got == 4:
        return None
    if got > 4:
        return f"with {got} on the rim the starts do end apart, but a smaller number is enough"
    if got == 1:
        return "with one rater on the rim a round is a straight line, which meets the diagonal once"
    return f"with {got} on the rim both starts still end at the same place; set N_RIM to {got} and run the cell"


@check
def end_and_slope(function):
    """Exercise 4.4: a function (inside, rim, p, s, g) -> (end, slope) for one rater on the rim."""
    rng = np.random.default_rng(5)
    drawn = rng.uniform(0.6, 0.95, 5), rng.uniform(0.8, 0.99, 5), 0.07
    for inside, rim, rates in (((1, 0, 0), (0, 1, 0), (P, S, G)), ((1, 1, 0), (0, 0, 1), (P, S, G)),
                               ((0, 1, 0, 1, 1), (1, 0, 0, 0, 0), drawn)):
        inside, rim = np.array(inside), np.array(rim) == 1
        p, s, g = rates
        found = call(function, inside.copy(), rim.copy(), p.copy(), s.copy(), g)
        if not isinstance(found, tuple | list) or len(found) != 2:
            return f"return two numbers, the end and the slope; you returned {found!r}"
        end, slope = (float(np.squeeze(v)) for v in found)
        yes, no = (_verdict(np.where(rim, b, inside), p, s, g) for b in (1, 0))
        want = _verdict(inside[~rim], p[~rim], s[~rim], g)
        each = p[rim][0] + s[rim][0] - 1
        for wrong, hint in (
            (no, "the end you give takes the rater on the rim for a no; leave that rater out"),
            (yes, "the end you give takes the rater on the rim for a yes; leave that rater out"),
            (0.7 * no + 0.3 * yes, "that is W for an opinion of 0.3, before the first round; look for W at the end"),
        ):
            if abs(end - wrong) <= 1e-6:
                return hint
        if abs(end - want) > 1e-6:
            where = f"inside {inside.tolist()} and rim {rim.astype(int).tolist()}"
            return f"for {where} the end is {want:.4f}, and you give {end:.4f}"
        for wrong, hint in (
            (yes - no, "the slope misses how fast the opinion moves with W: see (4.10)"),
            (each, "the slope misses how fast W moves with the opinion: the difference of two verdicts"),
            (p[rim][0] * (yes - no), "(4.10) has W in both terms: its slope is p + s - 1"),
            (-each * (yes - no), "the sign is wrong: more lesion makes a yes more likely, and a yes more lesion"),
        ):
            if abs(slope - wrong) <= 1e-6:
                return hint
        if abs(slope - each * (yes - no)) > 1e-6:
            return f"the end is right; the slope is {each * (yes - no):.4f} and you give {slope:.4f}"
    return None
