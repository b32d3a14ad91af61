"""The three sites of the simulated cohort: tissues at their field strength, sequences, gadolinium.

Relaxation times are round numbers from the usual ranges for 1.5 T and 3 T. A lesion is a mixture of two
tissues: "oedema", bright on FLAIR and hardly dark on T1, and "hole", destroyed tissue that is dark on T1.
"""

from dataclasses import dataclass

from helpers.data.mr_signal import Sequence, Tissue, null_time

MODALITIES = ("FLAIR", "T1", "T1GD", "T2", "PD")

TISSUES = {  # field strength in T -> tissue; T1, T2, T2* in ms, proton density
    3.0: {
        "white": Tissue(800, 76, 50, 0.70),
        "grey": Tissue(1250, 85, 58, 0.82),
        "csf": Tissue(4300, 1900, 1000, 1.00),
        "vessel": Tissue(1650, 60, 40, 0.85),
        "oedema": Tissue(1180, 121, 88, 0.80),
        "hole": Tissue(1800, 220, 145, 0.88),
    },
    1.5: {
        "white": Tissue(620, 80, 62, 0.70),
        "grey": Tissue(980, 88, 72, 0.82),
        "csf": Tissue(4300, 2000, 1200, 1.00),
        "vessel": Tissue(1400, 80, 60, 0.85),
        "oedema": Tissue(930, 128, 100, 0.80),
        "hole": Tissue(1500, 220, 160, 0.88),
    },
}
GADOLINIUM = {"vessel": 0.6, "enhancing": 0.45, "grey": 0.02}  # mM; an enhancing lesion is oedema with some


@dataclass(frozen=True)
class Site:
    name: str
    field: float  # T
    sequences: dict[str, Sequence]  # modality ->
    bias: float  # strength of the shading


def _flair(field: float, tr: float, te: float, miss: float, **rest: float) -> Sequence:
    """`miss`: by what part the inversion time falls short of the null of CSF, which real scanners never hit."""
    ti = (1 - miss) * null_time(TISSUES[field]["csf"].t1, tr)
    return Sequence("inversion recovery", tr, te, ti, **rest)


SITES = (
    Site(
        "Site A, 3 T, volume FLAIR",
        3.0,
        {
            "FLAIR": _flair(3.0, 6000, 130, 0.03, snr=24, slice_mm=1),
            "T1": Sequence("gradient echo", 12, 4, flip=30, snr=38, slice_mm=1),
            "T1GD": Sequence("gradient echo", 12, 4, flip=30, snr=38, slice_mm=1),
            "T2": Sequence("spin echo", 4500, 90, snr=26, slice_mm=3),
            "PD": Sequence("spin echo", 3000, 15, snr=34, slice_mm=3),
        },
        bias=0.08,
    ),
    Site(
        "Site B, 1.5 T, slices of 3 mm",
        1.5,
        {
            "FLAIR": _flair(1.5, 9000, 110, 0.015, snr=18, slice_mm=3),
            "T1": Sequence("spin echo", 450, 12, snr=24, slice_mm=3),
            "T1GD": Sequence("spin echo", 450, 12, snr=24, slice_mm=3),
            "T2": Sequence("spin echo", 4000, 100, snr=20, slice_mm=3),
            "PD": Sequence("spin echo", 2600, 20, snr=24, slice_mm=3),
        },
        bias=0.06,
    ),
    Site(
        "Site C, 3 T, slices of 4 mm",
        3.0,
        {
            "FLAIR": _flair(3.0, 8000, 125, 0.02, snr=28, slice_mm=4),
            "T1": Sequence("gradient echo", 9, 3, flip=28, snr=30, slice_mm=1),
            "T1GD": Sequence("gradient echo", 9, 3, flip=28, snr=30, slice_mm=1),
            "T2": Sequence("spin echo", 5000, 95, snr=30, slice_mm=4),
            "PD": Sequence("spin echo", 3200, 12, snr=36, slice_mm=4),
        },
        bias=0.09,
    ),
)
