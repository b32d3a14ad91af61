"""The paper's rows of chapter 6: tables 2 to 4 and the errors of calibration, mean and spread as printed."""

SIX = ("Conv-STAPLE", "Conv-Average", "Conv-Random", "SoftSeg-STAPLE", "SoftSeg-Average", "SoftSeg-Random")

# Table 2: Brier score x 10^-4, mean absolute error of the entropy x 10^3 (cord) and x 10^4 (MS).
BRIER_GM = ((1.05, 0.04), (1.18, 0.07), (0.98, 0.05), (0.96, 0.06), (1.14, 0.07), (0.90, 0.03))
BRIER_WM = ((3.08, 0.11), (3.02, 0.11), (2.81, 0.16), (2.92, 0.10), (3.00, 0.10), (2.68, 0.03))
MAE_CORD = ((2.30, 0.02), (2.33, 0.01), (2.37, 0.01), (0.98, 0.06), (1.13, 0.09), (1.08, 0.08))
BRIER_MS = ((7.78, 5.84), (7.91, 5.05), (8.21, 3.84), (5.71, 2.74), (5.55, 2.91), (5.01, 2.41))
MAE_MS = ((5.32, 2.86), (5.43, 3.07), (4.86, 2.53), (2.97, 2.59), (5.19, 3.20), (3.40, 3.96))

# Table 3, in percent.
DICE_GM = ((86.6, 2.8), (83.6, 2.1), (84.2, 4.4), (87.1, 3.4), (83.7, 3.6), (84.8, 4.0))
DICE_WM = ((93.1, 2.0), (90.7, 2.6), (90.1, 4.2), (93.3, 2.1), (91.0, 2.5), (90.4, 3.6))
PRECISION_GM = ((89.0, 6.5), (91.6, 6.7), (93.6, 5.4), (88.7, 7.3), (91.1, 7.5), (93.1, 5.6))
PRECISION_WM = ((94.0, 1.0), (94.5, 0.7), (95.5, 0.4), (93.7, 1.0), (95.0, 0.8), (95.5, 0.8))
RECALL_GM = ((85.1, 3.1), (77.9, 5.1), (77.8, 7.4), (86.4, 2.5), (78.8, 6.1), (79.1, 6.3))
RECALL_WM = ((92.5, 3.5), (87.5, 4.8), (86.0, 6.6), (93.2, 3.7), (87.5, 4.4), (86.6, 5.8))
AVD_GM = ((10.1, 3.8), (17.4, 6.9), (18.1, 9.4), (9.9, 4.5), (16.8, 7.5), (16.4, 8.1))
AVD_WM = ((5.2, 1.8), (7.9, 4.6), (10.1, 6.7), (5.2, 2.0), (8.2, 4.5), (9.4, 6.0))
RVD_GM = ((3.6, 9.9), (14.1, 12.1), (16.3, 11.9), (1.6, 10.7), (12.4, 13.6), (14.4, 11.0))
RVD_WM = ((1.5, 3.5), (7.4, 5.1), (10.0, 6.8), (0.5, 3.7), (7.9, 4.6), (9.2, 6.2))
DICE_MS = ((54.9, 12.8), (54.3, 12.8), (50.6, 11.8), (55.0, 11.1), (56.0, 10.7), (53.7, 10.3))
PRECISION_MS = ((56.3, 14.0), (58.0, 14.8), (61.4, 13.4), (60.4, 13.2), (59.8, 13.0), (58.5, 13.1))
RECALL_MS = ((57.0, 12.4), (55.6, 13.0), (52.9, 12.6), (56.6, 11.1), (55.5, 11.5), (52.8, 9.4))
AVD_MS = ((31.8, 18.2), (42.0, 57.1), (54.8, 54.8), (51.2, 56.2), (30.6, 17.7), (39.7, 50.2))
RVD_MS = ((-7.5, 26.0), (-11.8, 65.5), (-9.9, 64.3), (-16.6, 63.2), (-1.7, 26.0), (-8.3, 59.2))


def _scaled(column: tuple, by: float) -> dict[str, dict[str, float]]:
    return {name: {"mean": float(f"{m * by:.6g}"), "sd": float(f"{s * by:.6g}")}
            for name, (m, s) in zip(SIX, column, strict=True)}


def _table(columns: dict[str, tuple[tuple, float]]) -> dict[str, dict]:
    """{candidate: {metric: {"mean", "sd"}}}, every measure in the units of ours: shares, not percent."""
    scaled = {key: _scaled(*column) for key, column in columns.items()}
    return {name: {key: column[name] for key, column in scaled.items()} for name in SIX}


PAPER = {
    "source": "Lemay et al. 2022, tables 2, 3 and 4; errors of calibration from its section 3.3",
    "ms": _table({"brier": (BRIER_MS, 1e-4), "entropy_error": (MAE_MS, 1e4), "dice": (DICE_MS, 1e-2),
                  "precision": (PRECISION_MS, 1e-2), "recall": (RECALL_MS, 1e-2), "avd": (AVD_MS, 1e-2),
                  "rvd": (RVD_MS, 1e-2)}),
    "cord": _table({"brier_gm": (BRIER_GM, 1e-4), "brier_wm": (BRIER_WM, 1e-4), "entropy_error": (MAE_CORD, 1e3),
                    "dice_gm": (DICE_GM, 1e-2), "dice_wm": (DICE_WM, 1e-2), "precision_gm": (PRECISION_GM, 1e-2),
                    "precision_wm": (PRECISION_WM, 1e-2), "recall_gm": (RECALL_GM, 1e-2),
                    "recall_wm": (RECALL_WM, 1e-2), "avd_gm": (AVD_GM, 1e-2), "avd_wm": (AVD_WM, 1e-2),
                    "rvd_gm": (RVD_GM, 1e-2), "rvd_wm": (RVD_WM, 1e-2)}),
    "ece": {"cord": {"Conv": 0.162, "SoftSeg": 0.029}, "ms": {"Conv": 0.204, "SoftSeg": 0.024}},  # means of three
    "ensemble": {"Ensemble": {"brier": {"mean": 5.39e-4, "sd": 1.94e-4}, "entropy_error": {"mean": 10800, "sd": 5900}},
                 "SoftSeg-STAPLE": {"brier": {"mean": 5.28e-4, "sd": 1.83e-4},
                                    "entropy_error": {"mean": 10100, "sd": 5000}}},
}
