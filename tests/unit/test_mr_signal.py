"""Signal equations against closed forms and limits; noise against its known moments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.data.mr_signal import (
    Sequence,
    Tissue,
    bias_field,
    gradient_echo,
    inversion_recovery,
    null_time,
    rician,
    signal,
    spin_echo,
    with_gadolinium,
)
from helpers.data.ms_sites import MODALITIES, SITES, TISSUES

TISSUE = Tissue(t1=900, t2=80, t2_star=50, density=0.75)
times = st.floats(200, 5000)


def test_spin_echo_approaches_density_at_long_tr_and_short_te():
    assert spin_echo(TISSUE, tr=1e7, te=0) == pytest.approx(0.75, abs=1e-12)
    assert spin_echo(TISSUE, tr=900 * np.log(2), te=80 * np.log(2)) == pytest.approx(0.75 / 4, abs=1e-12)


def test_spin_echo_at_short_tr_is_linear_in_tr():
    assert spin_echo(TISSUE, tr=1e-3, te=0) == pytest.approx(0.75 * 1e-3 / 900, rel=1e-5)


@given(times, times)
def test_inversion_recovery_is_nothing_at_the_null_time(t1, tr):
    tissue = Tissue(t1, 100, 60, 1.0)
    assert inversion_recovery(tissue, tr, 0, null_time(t1, tr)) == pytest.approx(0, abs=1e-12)


def test_null_time_at_long_tr_is_t1_ln_2():
    assert null_time(4300, 1e7) == pytest.approx(4300 * np.log(2), rel=1e-12)


def test_inversion_recovery_without_a_wait_or_with_a_long_one():
    # TI = TR: the pulse inverts nothing that is not recovered again
    tr = 2000.0
    assert inversion_recovery(TISSUE, tr, 0, tr) == pytest.approx(0.75 * (1 - np.exp(-tr / 900)), rel=1e-12)
    # TI = 0: the inverted signal itself, as a magnitude
    assert inversion_recovery(TISSUE, tr, 0, 0) == pytest.approx(0.75 * (1 - np.exp(-tr / 900)), rel=1e-12)


def test_gradient_echo_at_ninety_degrees_is_saturation_recovery():
    assert gradient_echo(TISSUE, tr=500, te=0, flip=90) == pytest.approx(spin_echo(TISSUE, 500, 0), rel=1e-12)


def test_gradient_echo_peaks_at_the_ernst_angle():
    ernst = np.rad2deg(np.arccos(np.exp(-20 / 900)))
    best = gradient_echo(TISSUE, 20, 5, ernst)
    assert all(gradient_echo(TISSUE, 20, 5, ernst + d) < best for d in (-1, 1))


@given(st.floats(0.01, 5))
def test_gadolinium_adds_rates(millimolar):
    changed = with_gadolinium(TISSUE, millimolar, r1=4.5, r2=5.5)
    assert 1000 / changed.t1 - 1000 / TISSUE.t1 == pytest.approx(4.5 * millimolar, rel=1e-6)
    assert 1000 / changed.t2 - 1000 / TISSUE.t2 == pytest.approx(5.5 * millimolar, rel=1e-6)
    assert changed.density == TISSUE.density


def test_unknown_sequence_is_named():
    with pytest.raises(ValueError, match="'echo planar'"):
        signal(TISSUE, Sequence("echo planar", 100, 10))


@pytest.mark.parametrize("site", SITES, ids=lambda s: s.name.split(",")[0])
def test_contrasts_of_the_sites(site):
    tissues = TISSUES[site.field]
    value = {m: {k: signal(t, site.sequences[m]) for k, t in tissues.items()} for m in MODALITIES}
    flair, t1, t2 = (value[m] for m in ("FLAIR", "T1", "T2"))
    assert flair["csf"] < 0.25 * flair["white"]
    assert min(flair["oedema"], flair["hole"]) > 1.3 * flair["white"]
    assert flair["oedema"] > 1.2 * flair["grey"]
    assert t1["white"] > t1["oedema"] > t1["hole"]
    assert t1["white"] > t1["grey"] > t1["csf"]
    assert t2["csf"] > t2["hole"] > t2["oedema"] > t2["grey"] > t2["white"]


def test_rician_noise_has_its_moments():
    # Without signal: Rayleigh, mean s sqrt(pi/2), second moment 2 s^2. With one: second moment S^2 + 2 s^2.
    n, s = 400_000, 0.2
    rng = np.random.default_rng(0)
    empty = rician(np.zeros(n, np.float32), s, rng).astype(float)
    full = rician(np.full(n, 0.5, np.float32), s, rng).astype(float)
    rayleigh_deviation = s * np.sqrt(2 - np.pi / 2)
    assert empty.mean() == pytest.approx(s * np.sqrt(np.pi / 2), abs=5 * rayleigh_deviation / np.sqrt(n))
    # the variance of a squared Rician is 4 s^2 S^2 + 4 s^4
    for values, level in ((empty, 0.0), (full, 0.5)):
        error = 5 * np.sqrt((4 * s**2 * level**2 + 4 * s**4) / n)
        assert np.mean(values**2) == pytest.approx(level**2 + 2 * s**2, abs=error)


def test_bias_field_is_smooth_and_of_the_stated_strength():
    field = bias_field((60, 70, 50), 2.0, 0.08, np.random.default_rng(3))
    log = np.log(field.astype(float))
    assert log.std() == pytest.approx(0.08, rel=1e-3)
    # over 100 mm it changes by a few deviations, so over 2 mm by a few percent of one
    assert max(np.abs(np.diff(log, axis=a)).max() for a in range(3)) < 0.2 * 0.08
