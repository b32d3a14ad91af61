"""Soft STAPLE: closed forms, the plain sum over 2^R answers, binary input, and which step lowers the loss."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.fusion import opinions as module
from helpers.fusion import soft_posterior, soft_staple, staple

P, S, G = np.array([0.9, 0.8, 0.7]), np.array([0.95, 0.9, 0.85]), 0.1
LEVELS = hnp.array_shapes(min_dims=2, max_dims=4, min_side=2, max_side=5).flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.0, 0.3, 0.8, 1.0]))
)


def drawn(seed=0, raters=4, shape=(20, 21), soft=0.3):
    """Opinions in {0, soft, 1}."""
    rng = np.random.default_rng(seed)
    truth = rng.random(shape) < 0.2
    said = rng.random((raters, *shape)) < np.where(truth, 0.85, 0.08)
    return np.where(said, 1, np.where(rng.random(said.shape) < 0.2, soft, 0))


def answers(q):
    """Every B with its q(B), one voxel or many: (2^R, R), (2^R, *space)."""
    b = np.array(list(itertools.product([0, 1], repeat=len(q))))
    return b, np.array([np.prod([o if yes else 1 - o for o, yes in zip(q, row, strict=True)], axis=0) for row in b])


def bayes(b, p, s, g):
    """p(x = 1 | B) and p(B)."""
    lesion, background = g * np.where(b, p, 1 - p).prod(axis=1), (1 - g) * np.where(b, 1 - s, s).prod(axis=1)
    return lesion / (lesion + background), lesion + background


def plain(soft, p, s, g):
    """Eq. (1) as it stands."""
    b, chances = answers(soft)
    return np.tensordot(bayes(b, p, s, g)[0], chances, 1)


def loss(soft, p, s, g):
    """sum_t KL(q_t || p(y; theta)), as it stands."""
    b, chances = answers(soft)
    likelihood = bayes(b, p, s, g)[1].reshape(-1, *(1,) * (soft.ndim - 1))
    terms = np.zeros_like(chances)
    np.log(chances / likelihood, out=terms, where=chances > 0)
    return (chances * terms).sum()


@pytest.mark.parametrize("q, form, w", [
    ((1, 0.3, 0), "full", 0.349782511),
    ((0.3, 0.3, 0.3), "full", 0.168526684),
    ((1, 1, 1), "full", 0.986784141),  # not 1: no specificity is
    ((0, 0, 0), "full", 0.000916485),
    ((0.3, 0.3, 0.3), "simplified", 0.020559592),
    ((1, 1, 1), "simplified", 0.986784141),
])  # fmt: skip
def test_closed_forms(q, form, w):
    found = soft_posterior(np.reshape(q, (3, 1)).astype(float), P, S, G, form=form, dtype=np.float64)
    assert found[0] == pytest.approx(w, abs=5e-10)


@given(LEVELS, st.integers(0, 99), st.sampled_from("CF"))
def test_against_the_plain_sum(soft, seed, order):
    rng = np.random.default_rng(seed)
    p, s, g = rng.random(len(soft)), rng.random(len(soft)), rng.uniform(0.01, 0.99)
    found = soft_posterior(np.array(soft, order=order), p, s, g, dtype=np.float64)
    assert np.abs(found - plain(soft, p, s, g)).max() <= 1e-12


@pytest.mark.parametrize("raters", [1, 7, 10])
@pytest.mark.parametrize("kind", ["three values", "all different", "float32"])
def test_many_values_and_many_raters(raters, kind):
    """Few values make patterns; many do not, and every voxel is computed: the result is the same."""
    soft = drawn(0, raters) if kind != "all different" else np.random.default_rng(0).random((raters, 20, 21))
    soft = soft.astype(np.float32) if kind == "float32" else soft
    p, s = np.linspace(0.6, 0.9, raters), np.linspace(0.99, 0.8, raters)
    found = soft_posterior(soft, p, s, G, dtype=np.float64)
    assert np.abs(found - plain(soft.astype(float), p, s, G)).max() <= 1e-12


@pytest.mark.parametrize("m_step", ["exact", "paper"])
@pytest.mark.parametrize("form", ["full", "simplified"])
def test_patterns_are_only_a_way_to_compute(m_step, form, monkeypatch):
    soft = drawn()
    by_pattern = soft_staple(soft, m_step=m_step, form=form, dtype=np.float64)
    monkeypatch.setattr(module, "MOST_LEVELS", 1)
    by_voxel = soft_staple(soft, m_step=m_step, form=form, dtype=np.float64)
    assert np.allclose(by_pattern.probability, by_voxel.probability, rtol=0, atol=1e-10)
    assert np.allclose(by_pattern.objective, by_voxel.objective, rtol=1e-10)


@pytest.mark.parametrize("m_step", ["exact", "paper"])
@pytest.mark.parametrize("form", ["full", "simplified"])
@pytest.mark.parametrize("prior", [None, 0.1])
def test_on_decisions_it_is_staple(m_step, form, prior):
    masks = (drawn() == 1).astype(np.uint8)
    a = staple(masks, prior=prior, dtype=np.float64)
    b = soft_staple(masks, m_step=m_step, form=form, prior=prior, dtype=np.float64)
    assert np.allclose(a.probability, b.probability, rtol=0, atol=1e-10)
    assert np.allclose(a.raters["specificity"], b.raters["specificity"], rtol=0, atol=1e-10)
    assert np.allclose(a.objective, -b.objective, rtol=1e-10)
    assert a.iterations == b.iterations


def test_both_steps_against_the_formulas():
    """Two rounds, with sums over all answers of every voxel."""
    soft = drawn(shape=(7, 8))
    b, chances = answers(soft)
    g = soft.mean()
    for m_step in ("exact", "paper"):
        of_answer = b.mean(axis=1)
        for _ in range(2):
            w = np.tensordot(of_answer, chances, 1)
            if m_step == "paper":
                p = [(q * w).sum() / w.sum() for q in soft]
                s = [((1 - q) * (1 - w)).sum() / (1 - w).sum() for q in soft]
            else:
                total = chances.sum(axis=(1, 2))
                p = total * of_answer @ b / w.sum()
                s = total * (1 - of_answer) @ (1 - b) / (1 - w).sum()
            of_answer, _ = bayes(b, np.array(p), np.array(s), g)
        found = soft_staple(soft, m_step=m_step, max_iterations=2, dtype=np.float64)
        assert np.allclose(found.raters["sensitivity"], p, rtol=0, atol=1e-12)
        assert np.allclose(found.raters["specificity"], s, rtol=0, atol=1e-12)
        assert np.allclose(found.probability, np.tensordot(of_answer, chances, 1), rtol=0, atol=1e-12)
        assert found.objective[-1] == pytest.approx(loss(soft, np.array(p), np.array(s), g), rel=1e-10)


@given(LEVELS, st.sampled_from(["full", "simplified"]))
def test_the_exact_step_never_raises_the_loss(soft, form):
    result = soft_staple(soft, form=form, max_iterations=200)
    steps = np.diff(result.objective)
    assert (steps <= 1e-11 * np.abs(result.objective[1:]) + 1e-10).all()
    assert np.isfinite(result.objective).all()
    assert ((result.probability >= 0) & (result.probability <= 1)).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_printed_step_stops_at_a_higher_loss(seed):
    soft = drawn(seed, shape=(40, 40))
    exact, paper = (soft_staple(soft, m_step=m, tol=1e-10, dtype=np.float64) for m in ("exact", "paper"))
    assert exact.converged and paper.converged
    assert paper.objective[-1] > exact.objective[-1] + 1
    assert np.abs(exact.probability - paper.probability).max() > 0.01


def test_no_small_change_of_the_rates_lowers_the_exact_loss():
    soft = drawn(shape=(12, 13))
    result = soft_staple(soft, tol=1e-12)
    p, s = result.raters["sensitivity"], result.raters["specificity"]
    best = loss(soft, p, s, soft.mean())
    assert best == pytest.approx(result.objective[-1], rel=1e-10)
    for rates in (p, s):
        for r in range(len(rates)):
            for change in (-1e-3, 1e-3):
                rates[r] += change
                assert loss(soft, p, s, soft.mean()) > best
                rates[r] -= change


def test_order_of_raters_and_swap_of_labels():
    soft = drawn()
    for m_step, form in itertools.product(("exact", "paper"), ("full", "simplified")):
        a = soft_staple(soft, m_step=m_step, form=form, tol=1e-11, dtype=np.float64)
        b = soft_staple(soft[[2, 0, 3, 1]], m_step=m_step, form=form, tol=1e-11, dtype=np.float64)
        c = soft_staple(1 - soft, m_step=m_step, form=form, tol=1e-11, dtype=np.float64)
        assert np.allclose(a.raters["sensitivity"][[2, 0, 3, 1]], b.raters["sensitivity"], rtol=0, atol=1e-8)
        assert np.allclose(a.raters["sensitivity"], c.raters["specificity"], rtol=0, atol=1e-8)
        assert np.allclose(a.probability, 1 - c.probability, rtol=0, atol=1e-8)


def test_layout_does_not_matter_and_input_is_left_alone():
    soft = drawn(shape=(6, 7, 8))
    expected = soft_staple(soft).probability
    for same in (np.asfortranarray(soft), list(soft), soft[:, ::-1].copy()[:, ::-1]):
        before = np.array(same)
        assert np.array_equal(soft_staple(same).probability, expected)
        assert np.array_equal(same, before)


@pytest.mark.parametrize("form", ["full", "simplified"])
@pytest.mark.parametrize("value", [0, 0.3, 1])
@pytest.mark.parametrize("raters", [1, 3])
def test_one_value_everywhere_is_finite(form, value, raters):
    result = soft_staple(np.full((raters, 4, 5), float(value)), form=form)
    for values in (result.probability, result.objective, result.raters["sensitivity"], result.raters["specificity"]):
        assert np.isfinite(values).all()
    assert all(result.raters["warning"])
    if value in (0, 1):
        assert np.allclose(result.probability, value)


GOOD = np.full((3, 4, 5), 0.3)


@pytest.mark.parametrize("soft, options, says", [
    (GOOD + 1, {}, r"soft holds values from 1.3 to 1.3, expected numbers in \[0, 1\]"),
    (GOOD * np.nan, {}, "soft holds NaN"),
    (GOOD[0, 0], {}, r"soft has shape \(5,\), expected \(R, \*space\)"),
    ([GOOD[0], GOOD[0, :2]], {}, "soft holds arrays of unequal shape"),
    (GOOD, {"m_step": "best"}, "m_step is 'best', expected 'exact' or 'paper'"),
    (GOOD, {"form": "short"}, "form is 'short', expected 'full' or 'simplified'"),
    (GOOD, {"prior": 2}, "prior is 2, expected"),
    (np.full((21, 4), 0.3), {}, "soft has 21 raters along its first axis, expected .* at most 20 of them for"),
])  # fmt: skip
def test_bad_input_is_one_sentence(soft, options, says):
    with pytest.raises(ValueError, match="^" + says):
        soft_staple(soft, **options)


def test_bad_rates_are_one_sentence():
    with pytest.raises(ValueError, match=r"^sensitivity is 0.9, expected 3 numbers in \[0, 1\], one per rater\.$"):
        soft_posterior(GOOD, 0.9, S, G)
    assert soft_posterior(np.full((21, 4), 0.3), [0.9] * 21, [0.9] * 21, G, form="simplified").shape == (4,)
