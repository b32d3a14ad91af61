"""Agreement of R raters: a published table, closed forms, chance, and what must not matter."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.measure import dice, fleiss_kappa, generalised_dice, intersections, pairwise, precision

STACKS = hnp.array_shapes(min_dims=2, max_dims=4, min_side=2, max_side=5).flatmap(lambda shape: hnp.arrays(bool, shape))

# Ten subjects put into five categories by fourteen raters: the worked example that goes with Fleiss' kappa.
TABLE = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def test_the_worked_example_of_fleiss():
    labels = np.array([np.repeat(np.arange(5), row) for row in TABLE]).T  # (14 raters, 10 subjects)
    assert labels.shape == (14, 10)
    assert round(fleiss_kappa(labels, n_classes=5), 3) == 0.210


def test_kappa_by_hand():
    """Two raters, four voxels, one disagreement: P = 3/4, p = 3/8, P_e = 34/64, kappa = 14/30."""
    assert fleiss_kappa(np.array([[1, 1, 0, 0], [1, 0, 0, 0]])) == pytest.approx(14 / 30, rel=1e-14)
    assert fleiss_kappa(np.array([[1, 0], [0, 1]])) == -1.0  # never agree


def test_kappa_of_one_category_is_one():
    for value in (0, 1):
        assert fleiss_kappa(np.full((3, 4, 4), value)) == 1.0
    assert fleiss_kappa(np.full((3, 4, 4), 2), n_classes=4) == 1.0


def test_kappa_of_independent_raters_is_near_zero():
    """Standard error of kappa under chance is sqrt(2 / (N R (R - 1))): 2.9e-3 here; 5 of them allowed."""
    masks = np.random.default_rng(0).random((4, 20_000)) < 0.2
    assert abs(fleiss_kappa(masks)) < 5 * np.sqrt(2 / (20_000 * 4 * 3))


@given(STACKS)
def test_two_classes_by_either_road(masks):
    both_roads = fleiss_kappa(masks), fleiss_kappa(masks.astype(int), n_classes=3)
    assert both_roads[0] == pytest.approx(both_roads[1], abs=1e-12)
    assert fleiss_kappa(~masks) == pytest.approx(both_roads[0], abs=1e-12)  # exchanging the labels
    assert -1 / (len(masks) - 1) - 1e-12 <= both_roads[0] <= 1


@given(hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=5).flatmap(
    lambda shape: hnp.arrays(np.int8, shape, elements=st.integers(0, 3))), st.permutations(range(4)))  # fmt: skip
def test_names_of_the_classes_do_not_matter(labels, names):
    kappa = fleiss_kappa(labels, n_classes=4)
    assert fleiss_kappa(np.array(names)[labels], n_classes=4) == pytest.approx(kappa, abs=1e-12)
    assert fleiss_kappa(labels, n_classes=6) == pytest.approx(kappa, abs=1e-12)


@given(STACKS, st.randoms())
def test_the_order_of_the_raters_does_not_matter(masks, random):
    order = random.sample(range(len(masks)), len(masks))
    assert fleiss_kappa(masks[order]) == fleiss_kappa(masks)
    assert generalised_dice(masks[order]) == generalised_dice(masks)
    assert np.array_equal(pairwise(masks[order]), pairwise(masks)[np.ix_(order, order)])


@given(STACKS)
def test_pairwise_is_dice_of_every_pair(masks):
    table = pairwise(masks)
    assert np.array_equal(table, [[dice(a, b) for b in masks] for a in masks])
    assert np.array_equal(table, table.T)
    assert (np.diag(table) == 1).all()
    assert np.array_equal(pairwise(masks, lambda a, b: dice(a, b)), table)


def test_pairwise_of_a_measure_that_is_not_symmetric():
    a, b = np.array([1, 1, 1, 0]), np.array([1, 0, 0, 0])
    assert np.array_equal(pairwise([a, b], precision), [[1, 1 / 3], [1, 1]])


@given(STACKS)
def test_intersections_by_counting(masks):
    assert np.array_equal(intersections(masks), [[(a & b).sum() for b in masks] for a in masks])
    assert np.array_equal(intersections(np.asfortranarray(masks)), intersections(masks))


@pytest.mark.parametrize("n", [1, 7, 63, 65, (1 << 17) - 3, 1 << 17, (1 << 17) + 9])
@pytest.mark.parametrize("raters", [2, 9, 17])
def test_intersections_at_the_borders_of_words_and_chunks(n, raters):
    masks = np.random.default_rng(n).random((raters, n)) < 0.4
    expected = masks.astype(np.int64) @ masks.T.astype(np.int64)
    assert np.array_equal(intersections(masks), expected)
    assert np.array_equal(intersections(np.asfortranarray(masks)), expected)


@given(STACKS)
def test_generalised_dice_is_the_ratio_of_sums(masks):
    pairs = list(itertools.combinations(masks, 2))
    above, below = (
        sum(int(f(a, b)) for a, b in pairs) for f in (lambda a, b: 2 * (a & b).sum(), lambda a, b: a.sum() + b.sum())
    )
    expected = above / below if below else 1.0
    assert generalised_dice(masks) == pytest.approx(expected, rel=1e-14)
    assert generalised_dice(masks[:2]) == pytest.approx(dice(*masks[:2]), rel=1e-14)
    table = pairwise(masks)[np.triu_indices(len(masks), 1)]
    assert 0 <= generalised_dice(masks) <= 1
    if all(mask.any() for mask in masks):  # a weighted mean of the pairs
        assert table.min() - 1e-12 <= generalised_dice(masks) <= table.max() + 1e-12


def test_generalised_dice_of_nothing():
    assert generalised_dice(np.zeros((3, 4), bool)) == 1.0
