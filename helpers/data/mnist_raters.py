"""Five raters of handwritten digits: good, over, under, wrong (over, and broken) and blank.

In kind like Morpho-MNIST (Castro et al., JMLR 2019): a digit is enlarged, its strokes are thickened, thinned
or broken in proportion to their own width, and it is shrunk again. The amounts were set once on the embedded
training digits.
"""

from dataclasses import replace

import numpy as np
from scipy.ndimage import distance_transform_edt, maximum_filter

from helpers.data.case import Case

NAMES = ("good", "over", "under", "wrong", "blank")
THRESHOLD = 0.5  # the truth is: grey value >= THRESHOLD
THICKEN = 0.95  # of the half width of the stroke, added on either side
THIN = 0.75  # of the half width of the stroke, taken away on either side
FRACTURES = 3
GAP = 1.3  # pixels along the stroke, half the length of a fracture
CHUNK = 250  # digits at a time


def mnist_raters(case: Case, *, seed: int = 0, upsampling: int = 4) -> Case:
    """`case` with the masks (5, n, 28, 28) of five raters and the binarised digits as truth.

    "good" is the digit enlarged `upsampling` times and shrunk again, so nearly the truth. "over" thickens,
    "under" thins, "wrong" breaks what "over" drew at three places of the stroke, "blank" sees nothing.
    """
    digits = _check(case, seed, upsampling)
    raters = np.zeros((len(NAMES), *digits.shape), np.uint8)
    for start in range(0, len(digits), CHUNK):
        part = slice(start, start + CHUNK)
        distance, half_width = _stroke_distance(digits[part], upsampling)
        over = distance > -THICKEN * half_width
        wrong = over.copy()
        for k, fine in enumerate(wrong):
            rng = np.random.default_rng([seed, start + k, 2019])
            _break(fine, distance[k], half_width[k, 0, 0], GAP * upsampling, rng)
        for r, fine in enumerate((distance > 0, over, distance > THIN * half_width, wrong)):
            raters[r, part] = _shrink(fine, upsampling)
    truth = (digits >= THRESHOLD).astype(np.float32)
    return replace(case, raters=raters, names=NAMES, truth=truth, notes={**case.notes, "seed": seed})


def _stroke_distance(digits: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Signed distance to the outline (n, H, W), positive inside, and half stroke width (n, 1, 1)."""
    rows, columns = (_enlarger(size, factor) for size in digits.shape[1:])  # (H, h), (W, w)
    inside = rows @ digits @ columns.T >= THRESHOLD  # (n, H, W)
    n, height, width = inside.shape
    margin = 4 * factor
    # Laid out in one column, well apart, all digits share two distance transforms.
    column = np.pad(inside, ((0, 0), (margin, margin), (margin, margin))).reshape(-1, width + 2 * margin)
    signed = np.where(column, distance_transform_edt(column) - 0.5, 0.5 - distance_transform_edt(~column))
    signed = signed.reshape(n, height + 2 * margin, -1)[:, margin:-margin, margin:-margin].astype(np.float32)
    # Across a stroke the distance rises evenly to the half width: its mean inside is half of that.
    mean = np.sum(signed * inside, (1, 2)) / np.maximum(inside.sum((1, 2)), 1)
    return signed, 2 * mean[:, None, None]


def _enlarger(size: int, factor: int) -> np.ndarray:
    """(size * factor, size): linear interpolation between the centres of pixels."""
    at = np.clip((np.arange(size * factor) + 0.5) / factor - 0.5, 0, size - 1)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(size))).astype(np.float32)


def _shrink(fine: np.ndarray, factor: int) -> np.ndarray:
    """(n, H, W) -> (n, h, w): a pixel is set where at least half of its fine pixels are."""
    n, height, width = fine.shape
    return fine.reshape(n, height // factor, factor, width // factor, factor).mean((2, 4)) >= 0.5


def _break(fine: np.ndarray, distance: np.ndarray, half_width: float, gap: float, rng) -> None:
    """Cut one digit (H, W) across its stroke at FRACTURES places, in place."""
    ridge = np.argwhere((distance > 0.5) & (distance >= maximum_filter(distance, 5) - 0.25))  # (m, 2)
    if not len(ridge):
        return
    y, x = np.ogrid[: fine.shape[0], : fine.shape[1]]
    for row, column in rng.choice(ridge, FRACTURES):
        offset = ridge - (row, column)
        close = offset[np.sum(offset**2, 1) <= (2 * half_width + 4) ** 2]
        along = np.linalg.eigh(close.T @ close)[1][:, -1]  # the direction of the stroke here
        u = (y - row) * along[0] + (x - column) * along[1]
        v = (x - column) * along[0] - (y - row) * along[1]
        fine &= (np.abs(u) > gap) | (np.abs(v) > 2.5 * half_width + 4)


def _check(case: Case, seed: int, upsampling: int) -> np.ndarray:
    if "digit" not in case.images:
        raise ValueError(f"case has images {tuple(case.images)}, expected 'digit' among them.")
    digits = case.images["digit"]
    if digits.ndim != 3:
        raise ValueError(f"case has digits of shape {digits.shape}, expected (n, 28, 28).")
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed is {seed!r}, expected an integer of at least 0.")
    if not isinstance(upsampling, (int, np.integer)) or not 1 <= upsampling <= 16:
        raise ValueError(f"upsampling is {upsampling!r}, expected an integer from 1 to 16.")
    return digits
