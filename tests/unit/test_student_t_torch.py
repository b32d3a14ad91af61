"""Student-t fusion on torch against numpy: one pass, and the whole of it."""

import numpy as np
import pytest
import torch

from helpers.fusion import student_t
from helpers.fusion.student_local import Prior, Raters, local_step
from helpers.nets import local_step_on, student_local


def spd(rng, *shape):
    a = rng.normal(size=(*shape, shape[-1]))
    return a @ np.swapaxes(a, -1, -2) + 0.3 * np.eye(shape[-1])


def close(a, b):
    return np.abs(np.asarray(a) - np.asarray(b)).max(initial=0) <= 1e-9 * max(np.abs(b).max(initial=0), 1e-9)


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("prior", [False, True])
@pytest.mark.parametrize("c", [1, 2, 3])
def test_one_pass(c, prior, gaussian, monkeypatch):
    monkeypatch.setattr(student_local, "CHUNK", 1000)
    rng = np.random.default_rng(0)
    count, n = 4, 2500
    dof = np.full(count, np.inf) if gaussian else rng.uniform(2, 9, count)
    raters = Raters(rng.normal(size=(count, c)) / 5, 0.01 * spd(rng, count, c), 0.2 * spd(rng, count, c), dof, 3.0)
    x = rng.normal(size=(count, c, n))
    before = Prior(rng.normal(size=(c, n)), 0.3) if prior else Prior()
    taus = [rng.gamma(2, 0.5, (count, n)) if not gaussian else np.ones((count, n))]
    taus.append(taus[0].copy())
    (t, s, sums), (u, v, others) = (
        step(x, tau, raters, before) for step, tau in zip((local_step_on("cpu"), local_step), taus, strict=True)
    )
    assert close(t, u) and close(s, v) and close(*taus)
    for name, value in vars(sums).items():
        if name in ("counts", "masses"):  # at the edge of a bin the last digit of m decides
            assert np.abs(value - getattr(others, name)).sum() <= 1e-3 * np.abs(getattr(others, name)).sum()
        else:
            assert close(value, getattr(others, name)), name


@pytest.mark.parametrize("options", [{}, {"noise": "gaussian"}, {"link": "logit"}, {"basis_spacing": 4.0}])
@pytest.mark.parametrize("device", ["cpu"] + ["cuda"] * torch.cuda.is_available())
def test_the_whole(options, device):
    rng = np.random.default_rng(1)
    depth = 4 - np.sqrt(sum((g - 6) ** 2 for g in np.indices((12, 12, 12))))
    maps = 1 / (1 + np.exp(-depth - rng.normal(0, 1, (5, 1, 1, 1)) - rng.normal(0, 0.7, (5, 12, 12, 12))))
    options = {**options, "tol": 1e-9, "dtype": np.float64}
    a, b = student_t(maps, **options), student_t(maps, local_step=local_step_on(device), **options)
    assert a.iterations == b.iterations
    assert np.abs(a.probability - b.probability).max() < 1e-9
    assert close(b.objective, a.objective) and close(b.raters["covariance"], a.raters["covariance"])
