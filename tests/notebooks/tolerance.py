"""A pytest plug-in for nbval: numbers may differ within the tolerance that a cell declares; words may not.

    "metadata": {"tags": ["nbval-check-output"], "tolerance": {"rtol": 0.001}}

Without `tolerance` in its metadata a cell is compared exactly, as nbval does.
"""

import math
import re
from collections.abc import Iterable

from nbval.plugin import IPyNbCell

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])")
PICTURES = ("image/png", "image/jpeg")
exactly_equal = IPyNbCell.compare_outputs


def pieces(outputs: Iterable[dict]) -> list[tuple[str, str]]:
    """(kind, text) of everything printed or displayed, pictures left out."""
    found = []
    for output in outputs:
        if "text" in output:
            found.append((output.get("name", "stdout"), output["text"]))
        found += [(kind, str(value)) for kind, value in output.get("data", {}).items() if kind not in PICTURES]
    return found


def close(new: str, old: str, rtol: float = 0.0, atol: float = 0.0) -> bool:
    """The same words in the same order, and each number within tolerance of its counterpart."""
    if NUMBER.sub("#", new).split() != NUMBER.sub("#", old).split():
        return False
    return all(math.isclose(float(a), float(b), rel_tol=rtol, abs_tol=atol)
               for a, b in zip(NUMBER.findall(new), NUMBER.findall(old), strict=True))


def compare_outputs(self, test, ref, skip_compare=None) -> bool:
    """nbval's comparison; where it fails and the cell declares a tolerance, the one above."""
    if exactly_equal(self, test, ref, skip_compare):
        return True
    tolerance = self.cell.metadata.get("tolerance")
    new, old = pieces(test), pieces(ref)
    return (tolerance is not None and [kind for kind, _ in new] == [kind for kind, _ in old]
            and all(close(a, b, **tolerance) for (_, a), (_, b) in zip(new, old, strict=True)))


IPyNbCell.compare_outputs = compare_outputs
