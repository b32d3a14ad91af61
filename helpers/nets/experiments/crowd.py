"""Chapter 5: crowd confusion networks on digits and on MS lesions. Tables 1 and 2 of the paper in kind.

    python -m helpers.nets.experiments.crowd --ms-seeds 5 --real-seeds 3     # results/05_crowd_confusion.json

Without the real patients leave out `--real-seeds`.

All 4,000 embedded training digits, five simulated raters, scored on the 1,000 test digits; as in the paper a fifth of
the training digits is held out. "dense": all five labelled every digit. "single": one of them, by lot, labelled it.
Unlike in the paper the network is a small U-Net, and each method gets the same one, trained equally long. The MS
patients are simulated: five to train on, five others for the test; see `crowd_ms`.
"""

import argparse
import json
import time
from pathlib import Path

from helpers.nets.experiments.crowd_arms import one_arm
from helpers.nets.experiments.crowd_paper import PAPER
from helpers.nets.experiments.crowd_tables import EPOCHS, LABELS, mnist_tables, ms_tables
from helpers.nets.experiments.runner import name_of, run
from helpers.results import save_results

MAIN = ("ours", "mean", "mode", "staple", "oracle", "lambda_0.1", "lambda_0", "spatial_staple", "separate", "global")
REST = (*(f"lambda_{weight:g}" for weight in (0.9, 0.01, 0.7, 0.05, 0.001)), "ours_global", "ours_low_rank",
        "ours_no_trace", "ours_at_once")
MS = ("ours", "mean", "mode", "staple", "oracle", "lambda_0", "lambda_0.1", "ours_at_once", "separate",
      "spatial_staple", "global", "ours_global", "ours_no_trace")


def trainings(seeds, arms=(MAIN, REST), *, profile: str = "full", device: str = "cpu", **options) -> list[dict]:
    """A result per arm, seed and kind of labels; see `one_arm`. `options` are those of `run`.

    One group of arms after the other, so that a run cut short has all seeds of the main ones.
    """
    jobs = [{"arm": arm, "labels": labels, "seed": seed, "epochs": EPOCHS["mnist"][profile], "device": device}
            for group in arms for seed in seeds for arm in group for labels in LABELS]
    return done(jobs, device, **options)


def ms_trainings(data: str, seeds, arms=MS, *, profile: str = "full", device: str = "cpu", **options) -> list[dict]:
    """The same on MS patients; `data` is "cohort", "morphology" or "real"."""
    jobs = [{"arm": arm, "data": data, "labels": labels, "seed": seed, "epochs": EPOCHS["ms"][profile],
             "device": device} for seed in seeds for arm in arms for labels in LABELS]
    return done(jobs, device, **options)


def done(jobs: list[dict], device: str, finished: bool = False, **options) -> list[dict]:
    """`run`, or with `finished` only what an earlier run has computed."""
    if finished:
        jobs = [job for job in jobs if (Path(options["folder"]) / name_of(job)).exists()]
    return run(one_arm, jobs, device=device, **options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ms-seeds", type=int, default=1, help="seeds of the MS patients; 0 leaves them out")
    parser.add_argument("--real-seeds", type=int, default=0, help="seeds of the real patients, who must be there")
    parser.add_argument("--profile", choices=EPOCHS, default="full")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--finished", action="store_true", help="train nothing: write what has been computed")
    parser.add_argument("--folder", default="_build/runs/05_crowd_confusion")
    asked = parser.parse_args()
    options = {"profile": asked.profile, "device": asked.device, "folder": asked.folder, "progress": True,
               "workers": asked.workers, "finished": asked.finished}
    start, seeds = time.perf_counter(), range(asked.seeds)
    everything = {"mnist": mnist_tables(trainings(seeds, **options)), "paper": PAPER}
    for data, count in (("cohort", asked.ms_seeds), ("morphology", asked.ms_seeds), ("real", asked.real_seeds)):
        if count and (found := ms_trainings(data, range(count), **options)):
            everything.setdefault("ms", {})[data] = ms_tables(data, found)
    seconds = time.perf_counter() - start
    if asked.finished:
        seconds = sum(json.loads(path.read_text())["seconds"] for path in Path(asked.folder).glob("*.json"))
    path = save_results("05_crowd_confusion", everything, seeds=list(seeds), seconds=seconds, device=asked.device,
                        packages=("numpy", "scipy", "torch"))
    print(f"{path.name} is written")


if __name__ == "__main__":
    main()
