"""Exercise checks: `checks.NAME(answer)` says "Not yet", gives a hint, or says "Yes". It never raises.

One module per chapter; every check is exported here under its own name.
"""

from helpers.show.checks.chapter_01 import hausdorff, offset_from_dice, outlier, small_lesion

__all__ = ["hausdorff", "offset_from_dice", "outlier", "small_lesion"]
