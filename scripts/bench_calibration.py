"""How fast the calibration error is beside torchmetrics, and how much memory each needs.

    python scripts/bench_calibration.py [MILLION_VOXELS]

One process, one thread, the same voxels: a map in single precision, nine tenths of it near 0, and a truth in bytes
drawn from it. Both sides get arrays that they need not convert. torchmetrics' binary metric takes p for the confidence
and the label for "right"; the last row hands it our confidences and right decisions, made outside the clock, so that it
computes the number that ours does. Where torchmetrics cannot be imported, its documented algorithm stands in for it:
bucketize, then three times scatter_add. Prints seconds of the processor, which other programs on the machine do not
lengthen, ratios, and the peak of memory over what is there before.
"""

import os
import sys
import time
import tracemalloc
from collections.abc import Callable

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from bench_staple import peak  # noqa: E402

from helpers.measure import brier, ece  # noqa: E402

SHOWN = 1_000_000  # voxels on which the numbers are compared in double precision


def bucketize_and_scatter(confidence: torch.Tensor, right: torch.Tensor, n_bins: int, validate_args: bool = False):
    """torchmetrics' documented algorithm, in the precision of `confidence`; `validate_args` changes nothing."""
    bin_of = torch.bucketize(confidence, torch.linspace(0, 1, n_bins + 1, dtype=confidence.dtype), right=True) - 1
    voxels, confident, correct = (
        torch.zeros(n_bins + 1, dtype=confidence.dtype).scatter_add_(0, bin_of, x)
        for x in (torch.ones_like(confidence), confidence, right.to(confidence.dtype))
    )
    return ((correct - confident).abs() / voxels.clamp(min=1) * (voxels / voxels.sum())).sum()


def other() -> tuple[str, Callable]:
    try:
        import torchmetrics
        from torchmetrics.functional.classification import binary_calibration_error
    except ImportError:
        return "torchmetrics' documented algorithm", bucketize_and_scatter
    return f"torchmetrics {torchmetrics.__version__}", binary_calibration_error


def traced(call: Callable) -> float:
    """Most MiB that numpy holds at once, also of memory that was there before, which `peak` leaves out."""
    tracemalloc.start()
    call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 2**20


def simulated(n: int) -> tuple[np.ndarray, np.ndarray]:
    """A calibrated map (n,) float32 and its truth (n,) uint8: nine voxels in ten lie below 0.001."""
    rng = np.random.default_rng(0)
    p = rng.random(n, dtype=np.float32)
    p[: n * 9 // 10] *= 1e-3
    return p, (rng.random(n, dtype=np.float32) < p).view(np.uint8)


def main(n: int) -> None:
    torch.set_num_threads(1)
    name, theirs = other()
    p, y = simulated(n)
    confidence, right = np.maximum(p, 1 - p), ((p > 0.5) == y).view(np.uint8)
    t_p, t_y, t_confidence, t_right = map(torch.from_numpy, (p, y, confidence, right))

    part = slice(0, n, max(n // SHOWN, 1))
    expected = theirs(t_confidence[part].double(), t_right[part], n_bins=10).item()
    assert abs(ece(p[part], y[part]) - expected) < 1e-6, (ece(p[part], y[part]), expected)

    def row(what: str, call: Callable, runs: int) -> tuple[float, float]:
        memory, seconds = max(peak(call), traced(call)), []
        for _ in range(runs):
            start = time.process_time()
            result = call()
            seconds.append(time.process_time() - start)
        seconds = min(seconds)
        print(f"{what:44}{seconds:8.3f}s{memory:9.1f} MiB   {float(result):.7f}", flush=True)
        return seconds, memory

    print(f"{n / 1e6:g} million voxels, one thread; the other is {name}, torch {torch.__version__}")
    ours = row("helpers, 10 bins", lambda: ece(p, y), 3)
    row("helpers, 10 bins, exact ones dropped", lambda: ece(p, y, ones="dropped"), 1)
    row("helpers, 1000 bins", lambda: ece(p, y, bins=1000), 1)
    row("helpers, Brier", lambda: brier(p, y), 1)
    rows = [
        ("other, as called by default", lambda: theirs(t_p, t_y, n_bins=10)),
        ("other, arguments not validated", lambda: theirs(t_p, t_y, n_bins=10, validate_args=False)),
        ("other, handed confidences, not validated",
         lambda: theirs(t_confidence, t_right, n_bins=10, validate_args=False)),
    ]  # fmt: skip
    for what, call in rows:
        seconds, memory = row(what, call, 1)
        print(f"    {seconds / ours[0]:.1f} times our seconds (target 5); we need {ours[1] / memory:.4f} of its memory"
              " (target 0.1)")  # fmt: skip
    expected = exact(confidence, right)
    print(f"double sums between the edges give {expected:.7f}; in single precision a count stops growing at {2**24}")
    assert abs(ece(p, y) - expected) < 1e-7


def exact(confidence: np.ndarray, right: np.ndarray) -> float:
    """The same ECE by cutting at the edges one after the other, without the code that is timed."""
    total = 0.0
    for low in np.arange(0.5, 1, 0.1):
        inside = (confidence >= np.float32(low)) & ((confidence < np.float32(low + 0.1)) | (low > 0.85))
        total += abs(right[inside].sum(dtype=float) - confidence[inside].sum(dtype=float))
    return total / len(right)


if __name__ == "__main__":
    main(int(float(sys.argv[1] if sys.argv[1:] else 100) * 1e6))
