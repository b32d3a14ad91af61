"""MR signal of a tissue from its relaxation times, and what a scanner adds: contrast agent, shading, noise.

Times are in ms. M is the proton density; signals are in its units.
"""

from dataclasses import dataclass, replace

import numpy as np

from helpers.data.resampling import smooth_field


@dataclass(frozen=True)
class Tissue:
    t1: float
    t2: float
    t2_star: float
    density: float  # of protons, 1 for water


@dataclass(frozen=True)
class Sequence:
    """Settings of one acquisition. An inversion time makes a spin echo an inversion recovery."""

    kind: str  # "spin echo", "inversion recovery" or "gradient echo"
    tr: float
    te: float
    ti: float = 0.0
    flip: float = 90.0  # degrees, gradient echo only
    snr: float = 30.0  # of white matter
    slice_mm: float = 1.0  # thickness


def spin_echo(tissue: Tissue, tr: float, te: float) -> float:
    """M (1 - e^(-TR/T1)) e^(-TE/T2), for TE much shorter than TR."""
    return tissue.density * (1 - np.exp(-tr / tissue.t1)) * np.exp(-te / tissue.t2)


def inversion_recovery(tissue: Tissue, tr: float, te: float, ti: float) -> float:
    """M |1 - 2 e^(-TI/T1) + e^(-TR/T1)| e^(-TE/T2); FLAIR picks TI so that CSF gives nothing."""
    recovered = 1 - 2 * np.exp(-ti / tissue.t1) + np.exp(-tr / tissue.t1)
    return tissue.density * abs(recovered) * np.exp(-te / tissue.t2)


def gradient_echo(tissue: Tissue, tr: float, te: float, flip: float) -> float:
    """M sin(a) (1 - E) / (1 - E cos(a)) e^(-TE/T2*) with E = e^(-TR/T1): spoiled, steady state."""
    angle, e = np.deg2rad(flip), np.exp(-tr / tissue.t1)
    return tissue.density * np.sin(angle) * (1 - e) / (1 - e * np.cos(angle)) * np.exp(-te / tissue.t2_star)


def signal(tissue: Tissue, sequence: Sequence) -> float:
    if sequence.kind == "spin echo":
        return spin_echo(tissue, sequence.tr, sequence.te)
    if sequence.kind == "inversion recovery":
        return inversion_recovery(tissue, sequence.tr, sequence.te, sequence.ti)
    if sequence.kind == "gradient echo":
        return gradient_echo(tissue, sequence.tr, sequence.te, sequence.flip)
    raise ValueError(
        f"sequence.kind is {sequence.kind!r}, expected 'spin echo', 'inversion recovery' or 'gradient echo'."
    )


def null_time(t1: float, tr: float) -> float:
    """The TI at which a tissue of this T1 gives no signal: T1 ln(2 / (1 + e^(-TR/T1)))."""
    return t1 * np.log(2 / (1 + np.exp(-tr / t1)))


def with_gadolinium(tissue: Tissue, millimolar: float, r1: float = 4.5, r2: float = 5.5) -> Tissue:
    """1/T' = 1/T + r C for T1 and T2: relaxivities per mM and second."""

    def shortened(time: float, relaxivity: float) -> float:
        return 1 / (1 / time + relaxivity * millimolar / 1000)

    return replace(
        tissue,
        t1=shortened(tissue.t1, r1),
        t2=shortened(tissue.t2, r2),
        t2_star=shortened(tissue.t2_star, r2),
    )


def bias_field(
    shape: tuple[int, ...], spacing: float, strength: float, rng: np.random.Generator
) -> np.ndarray:
    """Shading of the receive coils, exp(strength * f): f varies over about 100 mm, mean 0, deviation 1."""
    field = smooth_field(shape, 100 / spacing, rng)
    return np.exp(np.float32(strength) * (field - field.mean()) / field.std())


def rician(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """sqrt((S + n1)^2 + n2^2), n1 and n2 normal of deviation sigma: noise in both channels of a magnitude."""
    real = image + np.float32(sigma) * rng.standard_normal(image.shape, dtype=np.float32)
    imaginary = np.float32(sigma) * rng.standard_normal(image.shape, dtype=np.float32)
    return np.sqrt(real * real + imaginary * imaginary)
