"""Figures, frame sliders and exercise checks: the only floor that imports matplotlib."""

from helpers.show import checks
from helpers.show.frames import frames
from helpers.show.outlines import box, grey, outline, tint, zoom
from helpers.show.style import AGREED, ONLY_A, ONLY_B, RATERS, style
from helpers.show.versions import versions

__all__ = ["AGREED", "ONLY_A", "ONLY_B", "RATERS", "box", "checks", "frames", "grey", "outline", "style", "tint",
           "versions", "zoom"]
