"""One look for every figure: colours that survive colour blindness, a ground that suits light and dark pages."""

import matplotlib
from cycler import cycler

# Okabe and Ito's palette, ordered so that neighbours differ in lightness as well as in hue.
RATERS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
LINES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")   # dark enough on white
AGREED, ONLY_A, ONLY_B = "#F0E442", "#56B4E9", "#D55E00"
INK, GROUND, FAINT = "#1a1a1a", "#fdfdfb", "#d9d9d4"


def style() -> None:
    """Set matplotlib's defaults for the course. The opaque ground makes light and dark pages show the same figure."""
    matplotlib.rcParams.update({
        "figure.facecolor": GROUND, "axes.facecolor": GROUND, "savefig.facecolor": GROUND,
        "figure.dpi": 100, "savefig.dpi": 100, "figure.constrained_layout.use": True, "savefig.bbox": "standard",
        "font.size": 12, "axes.titlesize": 12, "axes.titleweight": "bold", "axes.titlelocation": "left",
        "axes.labelsize": 12, "legend.fontsize": 11, "legend.frameon": False,
        "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False, "grid.color": FAINT,
        "axes.prop_cycle": cycler(color=LINES), "lines.linewidth": 2.0,
        "image.cmap": "gray", "image.interpolation": "nearest", "image.origin": "lower",
    })
