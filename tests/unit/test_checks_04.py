"""What the checks of chapter 4 take for right is what `helpers` computes."""

import itertools

import numpy as np

from helpers.fusion import learned_soft_staple, soft_posterior
from helpers.show.checks import chapter_04
from tests.unit.answers_04 import G, P, S


def test_the_number_of_exercise_4_3():
    """One inside of seven with p = 0.8, s = 0.98, g = 0.05: two ends with four or more on the rim, and not before."""
    for n in range(1, 7):
        inside, rim = np.arange(7)[:, None] < 1, (np.arange(7)[:, None] >= 1) & (np.arange(7)[:, None] <= n)
        low, high = (learned_soft_staple(inside, rim, start=start, sensitivity=[0.8] * 7, specificity=[0.98] * 7,
                                         prior=0.05, dtype=np.float64).probability[0] for start in (0.01, 0.99))
        assert (high - low > 0.5) == (n >= 4)


def test_the_sums_of_the_checks_are_those_of_helpers():
    q = np.array(list(itertools.product((0, 0.3, 1), repeat=3))).T
    for name, mine in (("full", chapter_04._full), ("simplified", chapter_04._mixed)):
        assert np.abs(mine(q, P, S, G) - soft_posterior(q, P, S, G, form=name, dtype=np.float64)).max() < 1e-12
