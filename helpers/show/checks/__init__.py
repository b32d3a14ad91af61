"""Exercise checks: `checks.NAME(answer)` says "Not yet", gives a hint, or says "Yes". It never raises.

One module per chapter; every check is exported here under its own name.
"""

from helpers.show.checks.chapter_01 import hausdorff, offset_from_dice, outlier, small_lesion
from helpers.show.checks.chapter_02 import best_prediction, gamma_effect, nearest_rim, rim_of_what, switch_gamma
from helpers.show.checks.chapter_03 import background_share, lone_vote, missing_answers, weight_of_yes
from helpers.show.checks.chapter_04 import end_and_slope, from_how_many, half_opinion, simplified
from helpers.show.checks.chapter_05 import best_entry, cost_of_a_pixel, how_many_good, other_explanation
from helpers.show.checks.chapter_06 import class_shares, exact_ones, jump, temperature
from helpers.show.checks.chapter_07 import consensus_by_hand, log_student, shared_blunder, trust
from helpers.show.checks.chapter_08 import halfway, map_distances, own_consensus, together

__all__ = [
    "background_share",
    "best_entry",
    "best_prediction",
    "class_shares",
    "consensus_by_hand",
    "cost_of_a_pixel",
    "end_and_slope",
    "exact_ones",
    "from_how_many",
    "gamma_effect",
    "half_opinion",
    "halfway",
    "hausdorff",
    "how_many_good",
    "jump",
    "log_student",
    "lone_vote",
    "map_distances",
    "missing_answers",
    "nearest_rim",
    "offset_from_dice",
    "other_explanation",
    "outlier",
    "own_consensus",
    "rim_of_what",
    "shared_blunder",
    "simplified",
    "small_lesion",
    "switch_gamma",
    "temperature",
    "together",
    "trust",
    "weight_of_yes",
]
