"""Each update of the Student-t model against the lower bound, written out again: none can be bettered."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import digamma, gammaln

from helpers.fusion import bases as of_bases
from helpers.fusion.bases import gaussian_bases
from helpers.fusion.smooth_prior import Smooth, bound_of_smooth, learned, solved
from helpers.fusion.student_fit import fit
from helpers.fusion.student_global import bound_of_data, bound_of_raters, joint_tails, tails, update_raters
from helpers.fusion.student_local import Prior, Raters, local_step
from helpers.fusion.symmetric import inverse, packed, unpacked

WEIGHT, DEVIATION = 9.0, 0.3
SIZES = pytest.mark.parametrize("count, c", [(3, 2), (4, 1), (3, 3)])


def spd(rng, *shape):
    a = rng.normal(size=(*shape, shape[-1]))
    return a @ np.swapaxes(a, -1, -2) + 0.3 * np.eye(shape[-1])


def problem(count, c, n=11, seed=0, gaussian=False):
    rng = np.random.default_rng(seed)
    dof = np.full(count, np.inf) if gaussian else rng.uniform(2, 9, count)
    spread = 0.01 * spd(rng, count, c)
    raters = Raters(rng.normal(size=(count, c)) / 5, spread, 0.2 * spd(rng, count, c), dof, bias_precision=3.0)
    x = rng.normal(size=(1, c, n)) + rng.normal(size=(count, c, 1)) + 0.3 * rng.standard_t(3, size=(count, c, n))
    return x, rng.gamma(2, 0.5, (count, n)) if not gaussian else np.ones((count, n)), raters


def bound(x, mean, s, a, b, raters, prior=None):
    """E log p - E log q, term by term: q(T) = N(mean (C, n), s (n, C, C)), q(tau) = Ga(a (R,), b (R, n))."""
    count, c, n = x.shape
    total = 0.0
    for r in range(count):
        inv = np.linalg.inv(raters.covariance[r])
        half, nu = raters.dof[r] / 2, raters.dof[r]
        for t in range(n):
            off = x[r, :, t] - mean[:, t] - raters.bias[r]
            m = off @ inv @ off + np.trace(inv @ (s[t] + raters.bias_spread[r]))
            tau, log_tau = (1.0, 0.0) if np.isinf(nu) else (a[r] / b[r, t], digamma(a[r]) - np.log(b[r, t]))
            total += (c * log_tau - c * np.log(2 * np.pi) - np.linalg.slogdet(raters.covariance[r])[1] - tau * m) / 2
            if np.isfinite(nu):
                total += half * np.log(half) - gammaln(half) + (half - 1) * log_tau - half * tau
                total += a[r] - np.log(b[r, t]) + gammaln(a[r]) + (1 - a[r]) * digamma(a[r])
        beta, s_b = raters.bias_precision, raters.bias_spread[r]
        total += (c * np.log(beta) - beta * (raters.bias[r] @ raters.bias[r] + np.trace(s_b)) + c) / 2
        total += np.linalg.slogdet(s_b)[1] / 2
        log_prior = np.linalg.slogdet(raters.covariance[r])[1] + DEVIATION**2 * np.trace(inv)
        total -= WEIGHT / 2 * log_prior
    total += sum(c * (1 + np.log(2 * np.pi)) + np.linalg.slogdet(one)[1] for one in s) / 2
    if prior is not None:
        phi, w, s_w, alpha, variance = prior  # (n, L), (C, L), (L, L)
        spread = np.einsum("tl,lm,tm->t", phi, s_w, phi)
        for t in range(n):
            square = np.square(mean[:, t] - w @ phi[t]).sum() + np.trace(s[t]) + c * spread[t]
            total -= (c * np.log(2 * np.pi * variance) + square / variance) / 2
        total += (c * phi.shape[1] * (1 + np.log(alpha)) - alpha * (np.square(w).sum() + c * np.trace(s_w))) / 2
        total += c * np.linalg.slogdet(s_w)[1] / 2
    return total


def precisions(x, mean, s, raters):
    """a and b of the optimal q(tau)."""
    inv = np.linalg.inv(raters.covariance)
    off = x - mean - raters.bias[:, :, None]
    m = np.einsum("rct,rcd,rdt->rt", off, inv, off) + np.einsum("rij,tji->rt", inv, s)
    m += np.einsum("rij,rji->r", inv, raters.bias_spread)[:, None]
    return (raters.dof + x.shape[1]) / 2, (raters.dof[:, None] + m) / 2


def at_the_top(bound, h=0.01):
    """A parabola through bound(-h), bound(0) and bound(h) opens downward and peaks at 0, to what h^2 leaves."""
    low, here, high = bound(-h), bound(0.0), bound(h)
    bend = low - 2 * here + high
    assert bend < -1e-12 * abs(here)
    assert abs(h * (low - high) / (2 * bend)) < 2e-3


@SIZES
def test_small_matrices_against_numpy(count, c):
    a = spd(np.random.default_rng(0), 7, c)
    assert np.array_equal(unpacked(packed(a)), a)
    found, log_det = inverse(packed(a))
    assert np.allclose(unpacked(found), np.linalg.inv(a), rtol=1e-10)
    assert np.allclose(log_det, np.linalg.slogdet(a)[1], rtol=0, atol=1e-12)


@SIZES
@pytest.mark.parametrize("gaussian", [False, True])
def test_local_step_maximises_and_knows_the_bound(count, c, gaussian):
    x, tau, raters = problem(count, c, gaussian=gaussian)
    old = tau.copy()
    mean, spread, sums = local_step(x, tau, raters, Prior(), rounds=1)
    s = unpacked(spread)
    a, b = precisions(x, mean, s, raters)
    if not gaussian:
        assert np.allclose(tau, a[:, None] / b, rtol=1e-10)
    best = bound(x, mean, s, a, b, raters)
    found = bound_of_data(sums, raters) + bound_of_raters(raters, WEIGHT, DEVIATION, True)
    assert found == pytest.approx(best, rel=1e-11)
    rng = np.random.default_rng(1)
    if not gaussian:
        up, side = rng.normal(size=b.shape), rng.normal(size=count)
        at_the_top(lambda h: bound(x, mean, s, a, b * np.exp(h * up), raters))
        at_the_top(lambda h: bound(x, mean, s, a * np.exp(h * side), b, raters))
    a = np.full(count, 2.0) if gaussian else a  # q(T) is best for the tau it was given
    for t in range(3):
        way = rng.normal(size=mean.shape) * (np.arange(mean.shape[1]) == t)
        stretch = np.where(np.arange(len(s)) == t, 1.0, 0.0)[:, None, None]
        at_the_top(lambda h: bound(x, mean + h * way, s, a, a[:, None] / old, raters))  # noqa: B023
        at_the_top(lambda h: bound(x, mean, s * np.exp(h * stretch), a, a[:, None] / old, raters))  # noqa: B023


@SIZES
@pytest.mark.parametrize("gaussian", [False, True])
def test_updates_of_the_raters_maximise(count, c, gaussian):
    x, tau, raters = problem(count, c, gaussian=gaussian)
    mean, spread, sums = local_step(x, tau, raters, Prior())
    s = unpacked(spread)
    a, b = precisions(x, mean, s, raters)
    found = update_raters(sums, raters, WEIGHT, DEVIATION, True)
    best = bound(x, mean, s, a, b, found)
    assert best > bound(x, mean, s, a, b, replace(raters, bias=raters.bias - raters.bias.mean(axis=0)))
    assert np.abs(found.bias.sum(axis=0)).max() < 1e-12
    rng = np.random.default_rng(1)

    def at(**changed):
        return bound(x, mean, s, a, b, replace(found, **changed))

    at_the_top(lambda h: at(bias_precision=found.bias_precision * np.exp(h)))
    for r in range(count):
        one = np.where(np.arange(count) == r, 1.0, 0.0)[:, None]
        way = (one - 1 / count) * rng.normal(size=c)  # the biases sum to 0
        half = np.linalg.cholesky(found.covariance) @ np.linalg.qr(rng.normal(size=(c, c)))[0][0]  # in units of Sigma
        square = one[:, :, None] * half[:, :, None] * half[:, None]
        at_the_top(lambda h: at(bias=found.bias + h * way))  # noqa: B023
        at_the_top(lambda h: at(bias_spread=found.bias_spread * np.exp(h * one[:, :, None])))  # noqa: B023
        at_the_top(lambda h: at(covariance=found.covariance * np.exp(h * one[:, :, None])))  # noqa: B023
        at_the_top(lambda h: at(covariance=found.covariance + h * square))  # noqa: B023


@SIZES
def test_degrees_of_freedom_maximise(count, c):
    """The printed step for q(tau) as it is; the joint one for q(tau) as it becomes."""
    x, tau, raters = problem(count, c, n=150)
    x += 0.3 * np.random.default_rng(5).standard_t(1.6, size=x.shape)  # tails heavy enough for a root
    for _ in range(3):  # until distances are of the size that the model expects
        mean, spread, sums = local_step(x, tau, raters, Prior())
        raters = update_raters(sums, raters, WEIGHT, DEVIATION, True)
    mean, spread, sums = local_step(x, tau, raters, Prior())
    s = unpacked(spread)
    a, b = precisions(x, mean, s, raters)

    def at(dof, joint, covariance=raters.covariance):
        changed = replace(raters, dof=dof, covariance=covariance)
        return bound(x, mean, s, *(precisions(x, mean, s, changed) if joint else (a, b)), changed)

    for joint in (False, True):
        dof, covariance = tails(sums, raters), raters.covariance
        if joint:
            before = at(dof, True)
            dof, covariance = joint_tails(sums, raters, raters, WEIGHT, DEVIATION, free=True)
            assert at(dof, True, covariance) > before
        assert ((dof > 1.001) & (dof < 900)).all()  # none stands at an end
        assert at(dof, joint, covariance) > at(raters.dof, joint)
        for r in range(count):
            one = np.where(np.arange(count) == r, 1.0, 0.0)
            at_the_top(lambda h: at(dof * np.exp(h * one), joint, covariance))  # noqa: B023
            if joint:
                scale = one[:, None, None]
                at_the_top(lambda h: at(dof, True, covariance * np.exp(h * scale)))  # noqa: B023
    held, covariance = joint_tails(sums, raters, raters, WEIGHT, DEVIATION, free=False)
    assert (held == raters.dof).all()
    at_the_top(lambda h: at(held, True, covariance * np.exp(h)))


def test_no_root_means_an_end():
    x, tau, raters = problem(3, 2, n=4000)
    rng = np.random.default_rng(0)
    x[:] = rng.normal(size=(1, 2, 4000)) + rng.choice([-1.0, 1.0], size=x.shape)  # tails lighter than a Gaussian's
    for _ in range(10):
        _, _, sums = local_step(x, tau, raters, Prior())
        raters = update_raters(sums, raters, WEIGHT, DEVIATION, True)
        raters = replace(raters, dof=joint_tails(sums, raters, raters, WEIGHT, DEVIATION, free=True)[0])
    assert (raters.dof == 1000).all()
    assert (tails(sums, raters) == 1000).all()


def dense(bases):
    """Phi (n, L), column by column."""
    length = len(bases.energies())
    return bases.evaluate(np.eye(length)).T


@pytest.fixture(params=[True, False], ids=["turned", "as they are"])
def turned(request, monkeypatch):
    """Bases that are orthogonal over the region, and those of regions so large that this would take too long."""
    if not request.param:
        monkeypatch.setattr(of_bases, "MOST", 0)
    return request.param


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("grid", ["regular", "staggered"])
def test_updates_of_the_spatial_prior_maximise(whole, grid, turned):
    rng = np.random.default_rng(0)
    inside = np.ones((5, 4), bool) if whole else rng.random((5, 4)) < 0.7
    bases = gaussian_bases(inside, (1, 1.3), 2.5, 1.5, grid)
    n, c, length = inside.sum(), 2, len(bases.energies())
    x, tau, raters = problem(3, c, n=n)
    weights = 0.1 * rng.normal(size=(c, length))
    smooth = Smooth(bases, bases.energies(), weights, bases.evaluate(weights), alpha=2.0, variance=0.4)
    phi = dense(bases)
    assert np.allclose(phi.T @ phi * (1 - np.eye(length)), 0, atol=1e-12) == (turned or whole and grid == "regular")

    mean, spread, _ = local_step(x, tau.copy(), raters, smooth.prior, rounds=1)
    s = unpacked(spread)
    a = np.full(3, 2.0)
    b = a[:, None] / tau  # E[T] and S_T are those that belong to it

    def at(smooth, mean=mean, s_w=None):
        s_w = np.diag(smooth.spread if s_w is None else s_w)
        return bound(x, mean, s, a, b, raters, (phi, smooth.weights, s_w, smooth.alpha, smooth.variance))

    alone = solved(smooth, mean, np.zeros_like(spread))  # q(W) for q(T) as it is
    for _ in range(10):  # conjugate gradients may stop early
        alone = solved(alone, mean, np.zeros_like(spread))
    for _ in range(4):
        way, stretch = rng.normal(size=weights.shape), rng.normal(size=length)
        at_the_top(lambda h: at(replace(alone, weights=alone.weights + h * way)))  # noqa: B023
        at_the_top(lambda h: at(alone, s_w=alone.spread * np.exp(h * stretch)))  # noqa: B023

    def follows(new):  # E[T] is drawn along
        return mean + np.einsum("tij,jt->it", s, (new.mean - smooth.mean)) / smooth.variance

    together = solved(smooth, mean, spread)
    for _ in range(10):
        together = solved(together, follows(together), spread)
    best = at(together, follows(together))
    assert best >= at(alone, follows(alone)) - 1e-9 * abs(best)

    def moved(by):
        new = replace(together, weights=together.weights + by, mean=bases.evaluate(together.weights + by))
        return at(new, follows(new))

    for _ in range(4):
        way = rng.normal(size=weights.shape)
        at_the_top(lambda h: moved(h * way))  # noqa: B023

    mean, spread, sums = local_step(x, tau, raters, alone.prior)
    s = unpacked(spread)
    a, b = precisions(x, mean, s, raters)
    found = bound_of_data(sums, raters) + bound_of_raters(raters, WEIGHT, DEVIATION, True)
    assert found + bound_of_smooth(alone, sums) == pytest.approx(at(alone, mean), rel=1e-11)
    new = learned(alone, sums, joint=False)
    best = at(new, mean)
    assert best > at(alone, mean)
    at_the_top(lambda h: at(replace(new, alpha=new.alpha * np.exp(h)), mean, new.spread))
    at_the_top(lambda h: at(replace(new, variance=new.variance * np.exp(h)), mean, new.spread))


@pytest.mark.parametrize("shape, spacing, apart, grid", [
    ((8, 8, 8), (1, 1, 1), 2.0, "regular"),
    ((8, 8, 8), (1, 2, 0.7), 3.0, "staggered"),
    ((9, 5), (1, 1), 4.0, "staggered"),
])  # fmt: skip
def test_separable_bases_equal_dense_ones(shape, spacing, apart, grid, turned):
    """Against bumps written out in space: the same functions are spanned, and their weights have the same prior."""
    rng = np.random.default_rng(0)
    x = np.stack(np.meshgrid(*((np.arange(n) - (n - 1) / 2) * h for n, h in zip(shape, spacing, strict=True)),
                             indexing="ij"), axis=-1).reshape(-1, len(shape))  # fmt: skip
    bumps = []
    for shift in (0, 0.5) if grid == "staggered" else (0,):
        reach = [np.floor(abs(x[:, k]).max() / apart) + 1 for k in range(len(shape))]
        ends = [np.arange(-r + shift, r - shift + 0.1) * apart for r in reach]
        centres = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, len(shape))
        bumps.append(np.exp(-np.square(x[:, None] - centres).sum(axis=2) / (2 * 1.8**2)))
    bumps = np.concatenate(bumps, axis=1)  # (n, L)
    for inside in (np.ones(shape, bool), rng.random(shape) < 0.5):
        bases = gaussian_bases(inside, spacing, apart, 1.8, grid)
        plain, phi = bumps[inside.ravel()], dense(bases)
        scale = np.abs(plain @ plain.T).max()
        assert np.abs(phi @ phi.T - plain @ plain.T).max() <= 1e-10 * scale
        assert np.abs(bases.energies() - np.square(phi).sum(axis=0)).max() <= 1e-10 * scale
        weights, values = rng.normal(size=(2, phi.shape[1])), rng.normal(size=(2, len(phi)))
        assert np.abs(bases.evaluate(weights) - weights @ phi.T).max() <= 1e-10 * np.abs(weights @ phi.T).max()
        assert np.abs(bases.project(values) - values @ phi).max() <= 1e-10 * np.abs(values @ phi).max()


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("prior", [False, True])
@pytest.mark.parametrize("c", [1, 2, 3])
def test_the_bound_never_falls(gaussian, bias, prior, c):
    for seed in range(1 if prior else 3):
        x, _, _ = problem(4, c, n=48, seed=seed)
        bases = gaussian_bases(np.ones((8, 6), bool), (1, 1), 2.0, 1.2) if prior else None
        dof = np.full(4, np.inf) if gaussian else None
        found = fit(x, dof=dof, bias=bias, bases=bases, weight=12, deviation=0.1, tol=1e-9, max_iterations=40)
        assert np.isfinite(found.objective).all()
        assert (np.diff(found.objective) >= -1e-9 * np.abs(found.objective[1:])).all()
