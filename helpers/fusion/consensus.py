"""What every fusion method returns."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Consensus:
    """A fused label, what the method learned about the raters, and how it got there."""

    probability: np.ndarray  # (*space), or (K, *space) for K classes
    raters: dict[str, np.ndarray]  # one row per rater: "sensitivity", "specificity", "confusion", ...
    objective: np.ndarray  # per iteration, monotone where theory says so; empty if nothing is iterated
    iterations: int
    converged: bool
    maps: dict[str, np.ndarray]  # per-voxel by-products: "tau" (R, *space), ...
