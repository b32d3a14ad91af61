"""When sensitivities and specificities say less than they seem to: one sentence per rater."""

import numpy as np

from helpers.fusion.rates import Rates

TWO = "Two raters cannot fix four rates: where EM starts, or a Beta prior, decides which ones come out."


def warning_of(
    said_yes: np.ndarray, said_no: np.ndarray, disputed: bool, rates: Rates, *, free: bool = False
) -> dict[str, np.ndarray]:
    """{"warning": (R,) str}, empty where a rater's rates can be trusted; {} if all can.

    `said_yes` and `said_no` (R,) are how often each rater says what, `disputed` is whether any two ever differ.
    `free` says that EM climbs a likelihood of patterns: with two raters three free numbers stand against four rates.
    """
    if not (said_yes + said_no).any():
        everybody = "There is no voxel to learn from: both rates are unknown and stand at 0.5."
    elif len(said_yes) == 1:
        everybody = "One rater has nobody to be compared with: the rates only repeat what the rater says."
    elif not said_yes.any():
        everybody = "Nobody marked anything: sensitivity is unknown and stands at 0.5."
    elif not said_no.any():
        everybody = "Everybody marked everything: specificity is unknown and stands at 0.5."
    elif not disputed:
        everybody = "The raters never disagree: rates of 1 say no more than that."
    else:
        everybody = ""
    two = TWO if free and np.count_nonzero(said_yes + said_no) == 2 else ""
    sentences = [everybody or _own(*rater) or two for rater in
                 zip(said_yes, said_no, rates.sensitivity, rates.specificity, strict=True)]  # fmt: skip
    return {"warning": np.array(sentences)} if any(sentences) else {}


def _own(said_yes: float, said_no: float, sensitivity: float, specificity: float) -> str:
    """The sentence of one rater; empty if there is nothing to say."""
    if not said_yes + said_no:
        return "This rater did not look at a single voxel: both rates are unknown and stand at 0.5."
    if not said_no:
        return "This rater marked everything: a specificity of 0 and a sensitivity of 1 carry no information."
    if not said_yes:
        return "This rater marked nothing: a sensitivity of 0 and a specificity of 1 carry no information."
    if sensitivity + specificity < 1:
        return "This rater is worse than chance by these rates: his masks, or the consensus, may be swapped."
    return ""
