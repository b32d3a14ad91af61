"""Exercise checks: `checks.NAME(answer)` says "Not yet", gives a hint, or says "Yes". It never raises.

One module per chapter; every check is exported here under its own name.
"""

from helpers.show.checks.chapter_01 import hausdorff, offset_from_dice, outlier, small_lesion
from helpers.show.checks.chapter_02 import best_prediction, gamma_effect, nearest_rim, rim_of_what, switch_gamma

__all__ = [
    "best_prediction",
    "gamma_effect",
    "hausdorff",
    "nearest_rim",
    "offset_from_dice",
    "outlier",
    "rim_of_what",
    "small_lesion",
    "switch_gamma",
]
