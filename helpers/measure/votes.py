"""How many raters voted for lesion at each voxel."""

import numpy as np

from helpers.inputs import NOT_LOOKED, as_masks


def count_votes(masks) -> tuple[np.ndarray, np.ndarray]:
    """Votes for lesion (*space), and how many raters looked: (*space), or one number if all of them did.

    -1 where a rater did not look, or `None` for a rater who is missing altogether.
    """
    masks = as_masks(masks, at_least=2, missing=True)  # (R, *space)
    small = np.min_scalar_type(len(masks))
    votes = np.zeros_like(masks[0], dtype=small)
    if masks.dtype == np.uint8:
        for mask in masks:
            votes += mask
        return votes, np.asarray(len(masks), small)
    looked = np.zeros_like(votes)
    for mask in masks:  # rater by rater: no second copy of the stack
        votes += mask == 1
        looked += mask != NOT_LOOKED
    return votes, looked
