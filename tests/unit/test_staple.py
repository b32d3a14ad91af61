"""STAPLE against loops over voxels, and what must not matter: order, names of labels, layout, parts."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.fusion import count, look_up, pack, staple, staple_table
from helpers.fusion.rates import estimate

MASKS = hnp.array_shapes(min_dims=2, max_dims=4, min_side=2, max_side=5).flatmap(
    lambda shape: hnp.arrays(np.uint8, shape, elements=st.integers(0, 1))
)


def drawn(seed=0, shape=(12, 13, 5), sensitivity=(0.9, 0.8, 0.7, 0.95), specificity=(0.95, 0.9, 0.85, 0.97)):
    """Masks by raters of known rates, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.random(shape) < 0.2
    p, s = (np.reshape(rates, (-1, *(1,) * len(shape))) for rates in (sensitivity, specificity))
    return (rng.random((len(p), *shape)) < np.where(truth, p, 1 - s)).astype(np.uint8), truth


def by_voxel(masks, prior=None, tol=1e-7, beta_p=(1, 1), beta_s=(1, 1)):
    """STAPLE with loops over voxels and raters, -1 for a rater who did not look."""
    columns = masks.reshape(len(masks), -1).T.tolist()
    w = [np.mean([d for d in column if d >= 0]) for column in columns]
    g = np.mean(w) if prior is None else prior
    before, rounds = None, 0
    while True:
        p, s = [], []
        for r in range(len(masks)):
            seen = [(v, column[r]) for v, column in zip(w, columns, strict=True) if column[r] >= 0]
            hit, all_p = sum(v for v, d in seen if d == 1), sum(v for v, _ in seen)
            miss, all_s = sum(1 - v for v, d in seen if d == 0), sum(1 - v for v, _ in seen)
            p.append((hit + beta_p[0] - 1) / (all_p + sum(beta_p) - 2))
            s.append((miss + beta_s[0] - 1) / (all_s + sum(beta_s) - 2))
        for t, column in enumerate(columns):
            a, b = g, 1 - g
            for d, p_r, s_r in zip(column, p, s, strict=True):
                a *= {1: p_r, 0: 1 - p_r, -1: 1}[d]
                b *= {1: 1 - s_r, 0: s_r, -1: 1}[d]
            w[t] = a / (a + b)
        rates, rounds = np.array([p, s]), rounds + 1
        if before is not None and np.abs(rates - before).max() <= tol:
            return np.reshape(w, masks.shape[1:]), rates, rounds - 1
        before = rates


def check(result, expected):
    w, (p, s), iterations = expected
    assert np.allclose(result.probability, w, rtol=0, atol=1e-10)
    assert np.allclose(result.raters["sensitivity"], p, rtol=0, atol=1e-10)
    assert np.allclose(result.raters["specificity"], s, rtol=0, atol=1e-10)
    assert result.iterations == iterations
    assert result.converged


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("prior", [None, 0.05])
def test_against_loops(seed, prior):
    masks, _ = drawn(seed, (6, 7, 5))
    check(staple(masks, prior=prior, dtype=np.float64), by_voxel(masks, prior))


def test_missing_voxels_and_beta_priors_against_loops():
    masks, _ = drawn(1, (6, 7, 5))
    masks = np.where(np.random.default_rng(0).random(masks.shape) < 0.2, -1, masks).astype(np.int8)
    masks[0] = np.maximum(masks[0], 0)
    check(staple(masks, dtype=np.float64), by_voxel(masks))
    result = staple(masks, sensitivity_prior=(8, 2), specificity_prior=(20, 3), dtype=np.float64)
    check(result, by_voxel(masks, beta_p=(8, 2), beta_s=(20, 3)))


@given(MASKS, st.randoms())
def test_order_of_raters(masks, random):
    """A fixed number of rounds: where to stop may hang on rounding."""
    order = random.sample(range(len(masks)), len(masks))
    a, b = (staple(m, tol=0, max_iterations=8, dtype=np.float64) for m in (masks, masks[order]))
    assert np.allclose(a.probability, b.probability, rtol=0, atol=1e-9)
    for name in ("sensitivity", "specificity"):
        assert np.allclose(a.raters[name][order], b.raters[name], rtol=0, atol=1e-9)


@given(MASKS)
def test_swapping_the_labels_swaps_the_rates(masks):
    a, b = (staple(m, tol=0, max_iterations=8, dtype=np.float64) for m in (masks, 1 - masks))
    assert np.allclose(a.raters["sensitivity"], b.raters["specificity"], rtol=0, atol=1e-9)
    assert np.allclose(a.raters["specificity"], b.raters["sensitivity"], rtol=0, atol=1e-9)
    assert np.allclose(a.probability, 1 - b.probability, rtol=0, atol=1e-9)


@given(MASKS, st.floats(1, 30), st.floats(1, 30), st.booleans())
def test_the_likelihood_never_falls(masks, alpha, beta, disputed):
    region = "disputed" if disputed else "all"
    result = staple(masks, region=region, sensitivity_prior=(alpha, beta), specificity_prior=(beta, alpha))
    steps = np.diff(result.objective)
    assert (steps >= -1e-12 * np.abs(result.objective[1:]) - 1e-12).all()
    assert np.isfinite(result.objective).all()
    assert len(result.objective) == result.iterations + result.converged


@given(MASKS)
def test_always_probabilities(masks):
    for region in ("all", "disputed"):
        result = staple(masks, region=region)
        for values in (result.probability, result.raters["sensitivity"], result.raters["specificity"]):
            assert ((values >= 0) & (values <= 1)).all()


def test_input_is_left_alone_and_layout_does_not_matter():
    masks, _ = drawn()
    expected = staple(masks).probability
    for same in (np.asfortranarray(masks), masks.astype(bool), masks.astype(np.int64), list(masks),
                 np.repeat(masks, 2, axis=3)[..., ::2], masks[:, ::-1].copy()[:, ::-1]):  # fmt: skip
        before = np.array(same)
        assert np.array_equal(staple(same).probability, expected)
        assert np.array_equal(same, before)
    assert np.allclose(staple(masks.transpose(0, 3, 1, 2)).probability.transpose(1, 2, 0), expected)


def test_a_missing_rater_is_a_rater_less():
    masks, _ = drawn()
    a, b = staple(masks[[0, 1, 3]], dtype=np.float64), staple([masks[0], masks[1], None, masks[3]], dtype=np.float64)
    assert np.allclose(a.probability, b.probability, rtol=0, atol=1e-9)
    assert np.allclose(a.raters["sensitivity"], b.raters["sensitivity"][[0, 1, 3]], rtol=0, atol=1e-9)
    assert b.raters["sensitivity"][2] == b.raters["specificity"][2] == 0.5
    assert [bool(sentence) for sentence in b.raters["warning"]] == [False, False, True, False]


def test_nobody_looked_is_nan_and_changes_nothing_else():
    masks, _ = drawn(shape=(200,))
    holes = masks.astype(np.int8)
    holes[:, 50:60] = -1
    a = staple(np.delete(masks, range(50, 60), axis=1), dtype=np.float64)
    b = staple(holes, dtype=np.float64)
    assert np.isnan(b.probability[50:60]).all()
    assert np.allclose(np.delete(b.probability, range(50, 60)), a.probability, rtol=0, atol=1e-12)


def test_memory_is_that_of_the_result():
    masks = np.zeros((7, 128, 128, 64), np.uint8)
    masks[:, 40:60, 40:60, 20:30] = np.random.default_rng(0).random((7, 20, 20, 10)) < 0.5
    tracemalloc.start()
    staple(masks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4.5 * masks[0].size


# ---- region ----

def test_disputed_is_the_array_of_disputed_voxels():
    masks, _ = drawn()
    disputed = masks.any(axis=0) & ~masks.all(axis=0)
    a, b = staple(masks, region="disputed", dtype=np.float64), staple(masks, region=disputed, dtype=np.float64)
    assert np.allclose(a.probability, b.probability, rtol=0, atol=1e-12)  # sums in another order
    assert np.allclose(a.objective, b.objective, rtol=1e-12)
    assert (a.probability[masks.all(axis=0)] == 1).all()
    assert (a.probability[~masks.any(axis=0)] == 0).all()
    expected = staple(masks[:, disputed], dtype=np.float64)
    assert np.allclose(a.probability[disputed], expected.probability, rtol=0, atol=1e-12)


def test_a_region_is_estimated_as_if_it_were_all():
    masks, _ = drawn()
    box = np.zeros(masks.shape[1:], bool, order="F")
    box[2:9, 3:, 1:4] = True
    inner = staple(masks[:, 2:9, 3:, 1:4], dtype=np.float64)
    result = staple(masks, region=box, dtype=np.float64)
    assert np.allclose(result.probability[2:9, 3:, 1:4], inner.probability, rtol=0, atol=1e-12)
    assert np.allclose(result.raters["sensitivity"], inner.raters["sensitivity"], rtol=0, atol=1e-12)
    everything = staple(masks, region=np.ones_like(box), dtype=np.float64)
    assert np.allclose(everything.probability, staple(masks, dtype=np.float64).probability, rtol=0, atol=1e-12)


def test_adding_background_does_not_touch_the_disputed_voxels():
    masks, _ = drawn()
    more = np.pad(masks, ((0, 0), (20, 20), (20, 20), (20, 20)))
    a, b = staple(masks, region="disputed"), staple(more, region="disputed")
    assert np.array_equal(a.probability, b.probability[20:-20, 20:-20, 20:-20])
    assert np.array_equal(a.raters["sensitivity"], b.raters["sensitivity"])


# ---- parts, cohorts ----

def test_slabs_fused_through_their_counts():
    masks, _ = drawn()
    slabs = [masks[:, :5], masks[:, 5:6], masks[:, 6:]]
    patterns = sum((count(pack(slab)) for slab in slabs[1:]), count(pack(slabs[0])))
    table = staple_table(patterns.values, patterns.counts)
    fused = [look_up(pack(slab), patterns, table.probability) for slab in slabs]
    whole = staple(masks)
    assert np.array_equal(np.concatenate(fused), whole.probability)
    assert np.array_equal(table.objective, whole.objective)


def test_known_raters_are_found():
    masks, truth = drawn(0, (60, 60, 20))
    result = staple(masks)
    n = truth.sum()
    assert np.allclose(result.raters["sensitivity"], (0.9, 0.8, 0.7, 0.95), atol=5 * np.sqrt(0.25 / n))
    assert np.allclose(result.raters["specificity"], (0.95, 0.9, 0.85, 0.97), atol=5 * np.sqrt(0.25 / n))


def test_a_strong_prior_holds_the_rates():
    masks, _ = drawn()
    result = staple(masks, sensitivity_prior=(8e9, 2e9), specificity_prior=[(9e9, 1e9)] * 4)
    assert np.allclose(result.raters["sensitivity"], 0.8, atol=1e-6)
    assert np.allclose(result.raters["specificity"], 0.9, atol=1e-6)


# ---- degenerate input ----

def says(result) -> set[str]:
    for values in (result.probability, result.objective, result.raters["sensitivity"], result.raters["specificity"]):
        assert np.isfinite(values).all()
    assert result.converged
    return set(result.raters.get("warning", []))


@pytest.mark.parametrize("region", ["all", "disputed"])
@pytest.mark.parametrize("raters", [1, 3])
@pytest.mark.parametrize("value", [0, 1])
def test_one_value_everywhere(region, raters, value, capfd):
    result = staple(np.full((raters, 4, 5), value, np.uint8), region=region)
    assert np.allclose(result.probability, value, atol=1e-12)
    (sentence,) = says(result)
    assert sentence.endswith(".")
    assert capfd.readouterr() == ("", "")


def test_unanimous_raters_and_one_rater():
    mask = drawn()[0][0]
    for masks, what in (([mask] * 3, "never disagree"), ([mask], "One rater")):
        result = staple(masks)
        assert np.allclose(result.probability, mask, atol=1e-12)
        (sentence,) = says(result)
        assert what in sentence


@pytest.mark.parametrize("value, word", [(1, "everything"), (0, "nothing")])
def test_a_rater_who_marks_everything_or_nothing(value, word):
    masks, _ = drawn()
    masks[2] = value
    result = staple(masks, dtype=np.float64)
    assert says(result) == {"", f"This rater marked {word}: " + result.raters["warning"][2].split(": ")[1]}
    assert [bool(s) for s in result.raters["warning"]] == [False, False, True, False]
    assert result.raters["sensitivity"][2] == pytest.approx(value)
    assert result.raters["specificity"][2] == pytest.approx(1 - value)


def test_nothing_to_say_is_no_warning():
    assert "warning" not in staple(drawn()[0]).raters


def test_two_raters_leave_the_rates_to_the_start():
    """Two ends of EM under one prior: the same likelihood, other rates. Two raters are told so, three are not."""
    said, counts, flat = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]), np.array([9000, 400, 300, 300]), np.ones((2, 2))
    g = counts @ said.mean(axis=1) / counts.sum()
    options = {"sensitivity_prior": flat, "specificity_prior": flat, "tol": 1e-10, "max_iterations": 1000}
    a, b = (estimate(said, 1 - said, counts, said @ weights, g, **options) for weights in ((0.5, 0.5), (0.7, 0.3)))
    assert a.converged and b.converged
    assert a.objective[-1] == pytest.approx(b.objective[-1], rel=1e-12)
    assert np.abs(a.sensitivity - b.sensitivity).min() > 0.1
    masks, _ = drawn()
    for two in (masks[:2], [masks[0], None, masks[1]]):
        sentences = staple(two).raters["warning"]
        assert ["start" in s for s in sentences] == [two[r] is not None for r in range(len(two))]
    assert "warning" not in staple(masks[:3]).raters


def test_a_rater_who_is_worse_than_chance():
    masks, _ = drawn()
    masks[1] = 1 - masks[1]
    assert [("worse than chance" in s) for s in staple(masks).raters["warning"]] == [False, True, False, False]


def test_64_raters_do_not_underflow():
    masks, truth = drawn(0, (20, 20), (0.9,) * 64, (0.95,) * 64)
    result = staple(masks)
    assert np.array_equal(result.probability > 0.5, truth)
    assert np.isfinite(result.objective).all()


def test_every_pattern_of_four_raters():
    """All 2^4 patterns, as often as the model says: the rates are a fixed point."""
    p, s, g = np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.95, 0.9, 0.85, 0.8]), 0.3
    said = np.array(list(itertools.product([0, 1], repeat=4)))
    lesion, background = np.where(said, p, 1 - p).prod(axis=1), np.where(said, 1 - s, s).prod(axis=1)
    table = staple_table(said, 1e6 * (g * lesion + (1 - g) * background), prior=g, tol=1e-13, max_iterations=10**5)
    assert np.allclose(table.raters["sensitivity"], p, rtol=0, atol=1e-9)
    assert np.allclose(table.raters["specificity"], s, rtol=0, atol=1e-9)


# ---- bad input ----

GOOD = np.zeros((3, 4, 5), np.uint8)


@pytest.mark.parametrize("masks, options, says", [
    ([GOOD[0], GOOD[0, :3]], {}, r"masks holds shapes \(4, 5\) and \(3, 5\), expected one"),
    (GOOD + 2, {}, "masks holds values from 2 to 2, expected only 0 and 1, or -1"),
    (GOOD.astype(float), {}, "masks holds float64, expected bool or integers"),
    (np.full((2, 4), np.nan), {}, "masks holds float64 with NaN among them"),
    (GOOD[:0], {}, "masks has shape"),
    (GOOD, {"region": "some"}, "region is 'some', expected"),
    (GOOD, {"region": np.ones((4, 4), bool)}, r"region is an array of bool of shape \(4, 4\), expected"),
    (GOOD, {"region": np.ones((4, 5))}, "region is an array of float64"),
    (GOOD, {"region": np.zeros((4, 5), bool)}, "region holds no voxel"),
    (GOOD, {"prior": 0}, "prior is 0, expected a number above 0 and below 1"),
    (GOOD, {"prior": float("nan")}, "prior is nan, expected"),
    (GOOD, {"prior": GOOD[0]}, "prior is array"),
    (GOOD, {"confidence": 0}, "confidence is 0, expected"),
    (GOOD, {"prior": 0.5, "confidence": 3}, "confidence is 3, which makes the prior 1.5"),
    (GOOD, {"sensitivity_prior": (0.5, 1)}, r"sensitivity_prior is \(0.5, 1\), expected numbers from 1"),
    (GOOD, {"specificity_prior": (1, 2, 3)}, r"specificity_prior is \(1, 2, 3\), expected \(alpha, beta\), or 3 rows"),
    (GOOD, {"tol": -1}, "tol is -1, expected"),
    (GOOD, {"max_iterations": 0}, "max_iterations is 0, expected"),
    (np.zeros((76, 4, 5, 7), np.uint8), {}, r"masks has shape \(76, 4, 5, 7\): 76 raters, .* raters first"),
    (GOOD, {"dtype": int}, "dtype is int64, expected a type of float"),
    (np.zeros((65, 4), np.uint8), {}, r"masks has shape \(65, 4\): 65 raters, expected .* at most 64 of them"),
])  # fmt: skip
def test_bad_input_is_one_sentence(masks, options, says):
    with pytest.raises(ValueError, match="^" + says) as refused:
        staple(masks, **options)
    message = str(refused.value)
    assert message.endswith(".")
    assert "\n" not in message.removesuffix(".") or "array" in message


@pytest.mark.parametrize("said, counts, options, says", [
    (np.eye(4, 3, dtype=int), np.ones(3), {}, r"counts has shape \(3,\), expected \(4,\): one number per row of said"),
    (np.eye(4, 3, dtype=int), [1, 2, -1, 4], {}, "counts holds something else, expected finite numbers from 0"),
    (np.ones(4), np.ones(4), {}, r"said has shape \(4,\), expected \(P, R\)"),
    (np.eye(4, 3, dtype=int), np.ones(4), {"region": np.ones(3, bool)}, "region is an array of bool"),
])  # fmt: skip
def test_a_bad_table_is_one_sentence(said, counts, options, says):
    with pytest.raises(ValueError, match="^" + says) as refused:
        staple_table(said, counts, **options)
    assert "\n" not in str(refused.value)


def test_a_limit_of_iterations_is_said():
    result = staple(drawn()[0], max_iterations=2)
    assert (result.iterations, result.converged, len(result.objective)) == (2, False, 2)
