"""How fast STAPLE is beside SimpleITK's filters, and soft STAPLE beside the plain sum over 2^R answers.

    python scripts/bench_staple.py [X Y Z]

One process, one thread each, the same masks: 40 simulated lesions drawn by seven raters. Both sides start from the
numpy array and end with one; the images that SimpleITK needs are made outside the clock. Prints seconds and their
ratio, the peak of memory over what is there before, and how much of the machine's copy bandwidth is reached, and
checks that both sides found the same. Without a size: 512 x 512 x 144 and 256 x 256 x 128.
"""

import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"

import numpy as np  # noqa: E402
import SimpleITK as sitk  # noqa: E402
from bench_measure import RATERS, best, drawn_lesions  # noqa: E402

from helpers.fusion import multilabel_staple, soft_posterior, soft_staple, staple  # noqa: E402
from helpers.fusion.answers import mean_over_answers  # noqa: E402
from helpers.fusion.opinions import opinions  # noqa: E402

SIZES = [(512, 512, 144), (256, 256, 128)]
OURS, THEIRS = 7, 2  # runs, the fastest of which counts


def peak(call: Callable) -> float:
    """Most MiB of memory that `call` holds over what is there before; 0 where the system does not say."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not reset.exists():
        return 0.0
    reset.write_text("5")  # the peak starts again from now
    before = _kilobytes(status, "VmRSS")
    result = call()
    most = _kilobytes(status, "VmHWM")
    del result
    return (most - before) / 1024


def _kilobytes(status: Path, field: str) -> int:
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(field))


def row(what: str, ours: float, theirs: float, target: float) -> None:
    print(f"{what:34}{ours:10.4f}s{theirs:10.3f}s{theirs / ours:8.0f}x   (target {target:.0f}x)", flush=True)


def binary(masks: np.ndarray, images: list[sitk.Image]) -> None:
    """Time, agreement, memory and bandwidth of `staple`."""
    oracle = sitk.STAPLEImageFilter()
    oracle.SetForegroundValue(1)
    theirs, image = best(lambda: oracle.Execute(images), THEIRS)
    ours, _ = best(lambda: staple(masks), OURS)
    row("STAPLE", ours, theirs, 150)
    exact = staple(masks, dtype=np.float64)
    apart = np.abs(exact.probability - sitk.GetArrayViewFromImage(image)).max()
    print(f"    largest difference {apart:.1e}; iterations {exact.iterations} and {oracle.GetElapsedIterations()}")
    assert apart <= 1e-9 and exact.iterations == oracle.GetElapsedIterations()
    del exact, image

    mine, filter_alone = peak(lambda: staple(masks)), peak(lambda: oracle.Execute(images))
    if filter_alone:
        half = peak(lambda: staple(masks, dtype=np.float16))
        whole = peak(lambda: sitk.GetArrayFromImage(oracle.Execute([sitk.GetImageFromArray(m) for m in masks])))
        result = masks[0].size * 4 / 2**20
        print(f"    memory over the input: {mine:.0f} MiB, of which {result:.0f} are the result in float32;"
              f" SimpleITK {whole:.0f} MiB from array to array ({mine / whole:.2f} of it, target 0.33),"
              f" {filter_alone:.0f} MiB in the filter alone ({mine / filter_alone:.2f} of it, and {half:.0f} MiB or"
              f" {half / filter_alone:.2f} of it with dtype=float16)")  # fmt: skip
    copy, _ = best(lambda: masks.copy(), 5)
    there = np.empty_like(masks)
    into, _ = best(lambda: np.copyto(there, masks), 5)
    moved = masks.nbytes + 4 * masks[0].size  # masks read once, result written once
    bandwidth, reached = 2 * masks.nbytes / into, moved / ours
    print(f"    {reached / 1e9:.1f} GB/s moved of {bandwidth / 1e9:.1f} GB/s that copying reaches: "
          f"{reached / bandwidth:.0%}; copying the masks takes {into:.4f} s, into new memory {copy:.4f} s")  # fmt: skip


def several_labels(masks: np.ndarray) -> None:
    """`multilabel_staple` with four labels: the masks, cut by a plane, and a part of the background."""
    labels = masks + masks * (np.arange(masks.shape[1]) % 16 < 8).reshape(-1, 1, 1).astype(np.uint8)
    labels[:, :, :, : masks.shape[3] // 8] += 3 * (labels[:, :, :, : masks.shape[3] // 8] == 0).astype(np.uint8)
    images = [sitk.GetImageFromArray(x) for x in labels]
    oracle = sitk.MultiLabelSTAPLEImageFilter()
    theirs, image = best(lambda: oracle.Execute(images), THEIRS)
    tol = oracle.GetTerminationUpdateThreshold()
    ours, found = best(lambda: multilabel_staple(labels, tol=tol), 3)
    row("multi-label STAPLE, 4 labels", ours, theirs, 50)
    winner = sitk.GetArrayViewFromImage(image)
    differ = np.count_nonzero(found.probability.argmax(axis=0) != winner)
    print(f"    {differ} voxels of {winner.size} get another label (the filter starts from rows, not columns)")


def soft(masks: np.ndarray) -> None:
    """The E-step of soft STAPLE against the plain sum, timed on one slab and scaled to the volume."""
    rims = ~masks.astype(bool) & (np.roll(masks, 1, axis=1) | np.roll(masks, -1, axis=1)).astype(bool)
    said = masks + np.float32(0.3) * rims
    p, s, g = np.linspace(0.7, 0.9, RATERS), np.linspace(0.99, 0.95, RATERS), 0.02
    ours, w = best(lambda: soft_posterior(said, p, s, g, dtype=np.float64), 3)
    middle = len(w) // 2
    slab = said[:, middle : middle + 2].astype(np.float64)  # two planes
    in_passes, expected = best(lambda: by_answer(slab, p, s, g), 1)
    some = slab[:, 0].reshape(RATERS, -1)[:, ::16]
    one_by_one, of_some = best(lambda: by_voxel(some, p, s, g), 1)
    row("soft STAPLE, E-step", ours, one_by_one * w.size / some[0].size, 500)
    apart = max(np.abs(w[middle : middle + 2] - expected).max(), np.abs(w[middle].ravel()[::16] - of_some).max())
    print(f"    the plain sum, voxel by voxel, was timed on {some[0].size} voxels and scaled to {w.size}; written as "
          f"2^R passes over the\n    image, timed on 2 of {len(w)} planes, it takes {in_passes * len(w) / 2:.2f} s "
          f"({in_passes * len(w) / 2 / ours:.0f}x); largest difference {apart:.1e}")  # fmt: skip
    assert apart <= 1e-12
    table = opinions(said)
    of_answer = np.random.default_rng(0).random(1 << RATERS)
    seconds, _ = best(lambda: mean_over_answers(of_answer, table.q), 5)
    print(f"    once the {len(table.q)} patterns are counted, as in every iteration of EM: {seconds:.4f} s "
          f"({in_passes * len(w) / 2 / seconds:.0f}x the passes)")  # fmt: skip
    seconds, result = best(lambda: soft_staple(said), 2)
    print(f"    the whole of soft STAPLE, {result.iterations} iterations: {seconds:.4f} s")


def by_voxel(q: np.ndarray, p: np.ndarray, s: np.ndarray, g: float) -> np.ndarray:
    """Eq. (1) as it stands, voxel by voxel: a sum over the 2^R answers, which numpy adds up."""
    b = np.array(list(itertools.product([0, 1], repeat=len(q))))
    lesion = g * np.where(b, p, 1 - p).prod(axis=1)
    background = (1 - g) * np.where(b, 1 - s, s).prod(axis=1)
    of_answer = lesion / (lesion + background)
    return np.array([np.where(b, opinion, 1 - opinion).prod(axis=1) @ of_answer for opinion in q.T])


def by_answer(q: np.ndarray, p: np.ndarray, s: np.ndarray, g: float) -> np.ndarray:
    """The same with the loops exchanged: 2^R passes over the image."""
    w = np.zeros(q.shape[1:])
    for b in itertools.product([0, 1], repeat=len(q)):
        lesion = g * np.prod(np.where(b, p, 1 - p))
        background = (1 - g) * np.prod(np.where(b, 1 - s, s))
        chance = np.ones_like(w)
        for opinion, yes in zip(q, b, strict=True):
            chance *= opinion if yes else 1 - opinion
        w += chance * lesion / (lesion + background)
    return w


def main(shapes: list[tuple[int, ...]]) -> None:
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    for shape in shapes:
        masks = drawn_lesions(shape, np.random.default_rng(0))
        size = " x ".join(map(str, shape))
        print(f"{RATERS} raters, {size} voxels, {masks[0].mean():.2%} of them lesion; SimpleITK {sitk.__version__}")
        print(f"{'':34}{'helpers':>11}{'other':>11}{'ratio':>9}")
        binary(masks, [sitk.GetImageFromArray(mask) for mask in masks])
        if shape == shapes[-1]:
            several_labels(masks)
            soft(masks)


if __name__ == "__main__":
    main([tuple(int(n) for n in sys.argv[1:])] if sys.argv[1:] else SIZES)
