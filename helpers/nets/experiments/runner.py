"""Many trainings, each once: what has been computed is read back, so a killed run continues where it stopped."""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import torch


def run(work: Callable[[dict], dict], jobs: list[dict], *, folder: str | Path, device: str = "cpu",
        workers: int | None = None, progress: bool = False) -> list[dict]:
    """`work(job)` for each of the jobs, in their order. Jobs and results are plain JSON, as the files in `folder` are.

    Jobs run side by side, each on one thread: on the CPU in as many processes as there are cores, on a GPU in one.
    Two jobs that are equal run once. Nothing here notices that `work` itself has changed: then begin in a new folder.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = {name_of(job): job for job in jobs}
    todo = {name: job for name, job in files.items() if not (folder / name).exists()}
    workers = workers or ((os.cpu_count() or 1) if device == "cpu" else 1)
    start, done = time.perf_counter(), 0
    if todo:
        with ProcessPoolExecutor(min(workers, len(todo)), get_context("spawn"), torch.set_num_threads, (1,)) as pool:
            for future in as_completed([pool.submit(_work, work, job, folder / name) for name, job in todo.items()]):
                future.result()
                done += 1
                if progress:
                    spent = time.perf_counter() - start
                    left = spent / done * (len(todo) - done)
                    print(f"\r{done}/{len(todo)} trainings, {spent:.0f} s, {left:.0f} s left ",
                          end="\n" if done == len(todo) else "", file=sys.stderr, flush=True)
    return [json.loads((folder / name_of(job)).read_text())["result"] for job in jobs]


def name_of(job: dict) -> str:
    return hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()[:20] + ".json"


def _work(work: Callable[[dict], dict], job: dict, path: Path) -> None:
    start = time.perf_counter()
    result = work(job)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"job": job, "result": result, "seconds": round(time.perf_counter() - start, 1)}))
    part.replace(path)
