"""The runner and the experiments: what is computed once stays computed; rows hold what the tables are made of."""

import itertools
import json
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from helpers.data import Case
from helpers.nets.experiments import bench, runner, soft_dilation, soft_staple

RATERS = tuple(f"{site}{k}" for site, k in (("A", 1), ("A", 2), ("A", 3), ("B", 1), ("B", 2), ("C", 1), ("C", 2)))


def square(job):
    """A job that notes that it ran, and fails where a file says so; another process can import it."""
    with open(os.path.join(job["folder"], "ran.txt"), "a") as log:
        log.write(f"{job['x']}\n")
    if os.path.exists(os.path.join(job["folder"], f"fail{job['x']}")):
        raise RuntimeError(f"job {job['x']} was killed")
    return {"squared": job["x"] ** 2, "process": os.getpid()}


@pytest.fixture
def in_threads(monkeypatch):
    """One thread in place of processes: the same calls, without starting torch again and again."""
    monkeypatch.setattr(runner, "ProcessPoolExecutor", lambda workers, *_: ThreadPoolExecutor(1))


def ran(folder):
    return [int(line) for line in (folder / "ran.txt").read_text().split()]


def jobs(folder, *numbers):
    return [{"x": x, "folder": str(folder)} for x in numbers]


def test_results_come_in_the_order_of_the_jobs_and_equal_jobs_run_once(in_threads, tmp_path):
    found = runner.run(square, jobs(tmp_path, 3, 1, 3, 2, 1), folder=tmp_path / "new" / "runs")
    assert [result["squared"] for result in found] == [9, 1, 9, 4, 1]
    assert sorted(ran(tmp_path)) == [1, 2, 3]
    mirrored = [dict(reversed(job.items())) for job in jobs(tmp_path, 2)]       # the order of its keys is no matter
    assert runner.run(square, mirrored, folder=tmp_path / "new" / "runs")[0]["squared"] == 4
    assert len(ran(tmp_path)) == 3


def test_a_killed_run_continues_where_it_stopped(in_threads, tmp_path):
    (tmp_path / "fail3").touch()
    runs = tmp_path / "runs"
    with pytest.raises(RuntimeError, match="job 3 was killed"):
        runner.run(square, jobs(tmp_path, 1, 2, 3, 4), folder=runs)
    done = len(list(runs.glob("*.json")))
    assert done == 3
    (runs / runner.name_of(jobs(tmp_path, 3)[0])).with_suffix(".part").write_text('{"result": {"squa')
    (tmp_path / "fail3").unlink()
    found = runner.run(square, jobs(tmp_path, 1, 2, 3, 4, 5), folder=runs)
    assert [result["squared"] for result in found] == [1, 4, 9, 16, 25]
    assert ran(tmp_path) == [1, 2, 3, 4, 3, 5]
    assert not list(runs.glob("*.part"))
    assert runner.run(square, jobs(tmp_path, 5, 1), folder=runs)[0]["squared"] == 25     # nothing left: no pool
    assert len(ran(tmp_path)) == 6


def test_jobs_run_in_other_processes_and_are_noted_whole(tmp_path):
    found = runner.run(square, jobs(tmp_path, 1, 2), folder=tmp_path / "runs", workers=1)
    assert os.getpid() not in {result["process"] for result in found}
    for job, result in zip(jobs(tmp_path, 1, 2), found, strict=True):
        note = json.loads((tmp_path / "runs" / runner.name_of(job)).read_text())
        assert note["job"] == job and note["result"] == result and note["seconds"] >= 0


def test_progress_goes_to_stderr_and_only_when_asked(in_threads, tmp_path, capfd):
    runner.run(square, jobs(tmp_path, 1, 2), folder=tmp_path / "a")
    assert capfd.readouterr() == ("", "")
    runner.run(square, jobs(tmp_path, 1, 2), folder=tmp_path / "b", progress=True)
    out, err = capfd.readouterr()
    assert out == "" and "2/2 trainings" in err


def tiny(name):
    """A patient of six small slices: one lesion, seven raters who cut it at different levels, noisy images."""
    seed = sum(map(ord, name))
    rng = np.random.default_rng(seed)
    x, y, z = np.ogrid[:24, :20, :6]
    depth = 5 + seed % 3 - np.sqrt((x - 12) ** 2 + (y - 9) ** 2 + 4 * (z - 2.5) ** 2)
    images = {m: (100 + 40 * (depth > 0) + 5 * rng.normal(size=depth.shape)).astype(np.float32)
              for m in ("FLAIR", "T1", "T1GD", "T2", "PD")}
    raters = np.stack([(depth + 0.5 * rng.normal(size=depth.shape) > cut) for cut in np.linspace(-1, 1.5, len(RATERS))])
    return Case(name, images, raters.astype(np.uint8), RATERS, (2.0,) * 3, np.diag([2.0, 2, 2, 1]), "made up",
                truth=np.clip(depth + 0.5, 0, 1).astype(np.float32))


@pytest.fixture
def tiny_patients(monkeypatch):
    caches = (bench.pictures, soft_dilation.target, soft_staple.staple_mask, soft_staple.fused)
    monkeypatch.setattr(bench, "patient", tiny)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


SCORES = {"dice", "precision", "recall", "dice_half", "precision_half", "recall_half"}


def check_scores(rows):
    for row in rows:
        assert all(row[key] is None or 0 <= row[key] <= 1 for key in SCORES)
        assert row["dice"] is not None


@pytest.mark.parametrize("ratio, gamma", [soft_dilation.BINARY, soft_dilation.PAPER])
def test_a_training_of_chapter_2(tiny_patients, ratio, gamma):
    job = {"train": ("ms/900/0", "ms/901/0"), "test": ("ms/902/0", "ms/903/0"), "ratio": ratio, "gamma": gamma,
           "seed": 1, "epochs": 3, "device": "cpu"}
    found = soft_dilation.one_training(job)
    assert json.loads(json.dumps(found, allow_nan=False)) == found             # what the runner stores is what it is
    setting = {"ratio": ratio, "gamma": gamma, "seed": 1}
    rows, curves, (facts,) = found["rows"], found["curves"], found["networks"]
    assert [(row["patient"], row["scored"]) for row in rows] == list(
        itertools.product(job["test"], ("A1", "A2", "truth")))
    assert all(row.keys() == {*setting, "patient", "scored", "threshold"} | SCORES for row in rows)
    assert [curve["patient"] for curve in curves] == list(job["test"])
    for curve in curves:
        assert curve.keys() == {*setting, "patient", "dice", "precision", "recall", "inside", "on_rim",
                                "rim_above_half"}
        assert [len(curve[key]) for key in ("dice", "precision", "recall")] == [len(soft_dilation.CURVE)] * 3
        assert 0 <= curve["on_rim"] < curve["inside"] <= 1
    assert facts.keys() == {*setting, "left_out", "threshold", "epochs", "best_epoch", "loss", "loss_validation",
                            "soft_dice_training", "soft_dice_validation", "dice_training_volumes"}
    assert facts["left_out"] == "none" and facts["epochs"] == 3
    assert all(part.items() >= setting.items() for part in (*rows, *curves, facts))
    check_scores(rows)
    assert soft_dilation.one_training(job) == found


def test_targets_of_chapter_2(tiny_patients):
    drawn = np.moveaxis(tiny("ms/900/0").raters[0], -1, 0)
    assert np.array_equal(soft_dilation.target("ms/900/0", 1.0, 0.0), drawn)
    soft = soft_dilation.target("ms/900/0", 1.2, 0.3)
    assert np.array_equal(soft == 1, drawn == 1)
    rim = soft[drawn == 0]
    assert set(np.unique(rim).tolist()) == {0.0, float(np.float32(0.3))}
    assert (rim > 0).sum() == round(0.2 * drawn.sum())


@pytest.mark.parametrize("target", ["staple", "learned_soft_staple"])
def test_a_training_of_chapter_4(tiny_patients, target):
    job = {"target": target, "test": ("ms/900/0",), "train": ["ms/901/0", "ms/902/0"], "fold": 0, "seed": 2,
           "epochs": 3, "device": "cpu"}
    found = soft_staple.one_training(job)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    setting = {"target": target, "fold": 0, "seed": 2}
    assert [row["scored"] for row in found["rows"]] == ["STAPLE", *RATERS, "truth"]
    assert all(row.keys() == {*setting, "patient", "scored", "threshold"} | SCORES for row in found["rows"])
    (quality,), (facts,) = found["quality"], found["networks"]
    assert quality.keys() == {*setting, "patient", "brier", "ece", "brier_soft_truth"}
    assert facts.keys() == {*setting, "threshold", "epochs", "best_epoch", "loss_validation"}
    check_scores(found["rows"])


@pytest.mark.parametrize("target", [*soft_staple.PAPER, *soft_staple.OTHERS])
def test_targets_of_chapter_4(tiny_patients, target):
    fused = soft_staple.fused("ms/900/0", target)
    case = tiny("ms/900/0")
    assert fused.shape == case.shape and fused.dtype == np.float32
    assert fused.min() >= 0 and fused.max() <= 1
    if target in ("staple", "vote"):
        assert set(np.unique(fused).tolist()) == {0, 1}
    inside, outside = case.raters.all(axis=0), ~case.raters.any(axis=0)
    assert fused[inside].min() > 0.5
    assert np.median(fused[outside]) < 0.1


def jobs_of(monkeypatch, module, call):
    """The jobs that an experiment hands to the runner, none of them run."""
    handed = []
    monkeypatch.setattr(module, "run", lambda work, jobs, **options: handed.extend(jobs) or [])
    call()
    return handed


def test_no_patient_is_in_training_and_test(monkeypatch):
    tables = (soft_dilation.mask_sizes, soft_dilation.soft_labels, soft_dilation.test_patients,
              soft_dilation.gamma_sweep, soft_dilation.real_patients)
    of_2 = [job for table in tables for job in jobs_of(monkeypatch, soft_dilation, lambda t=table: t([0, 1]))]
    of_4 = jobs_of(monkeypatch, soft_staple, lambda: soft_staple.trained_on(soft_staple.PAPER, [0], profile="quick"))
    for job in of_2 + of_4:
        assert not {tuple(name.split("/")) for name in job["train"]} & {tuple(name.split("/")) for name in job["test"]}
        assert len(set(job["train"])) == len(job["train"])
        assert json.loads(json.dumps(job)).keys() == job.keys()
    assert len(of_2) == 2 * (25 + 20 + 2 + 55 + 6)
    assert len({runner.name_of(job) for job in of_2}) == 2 * (5 * len({*soft_dilation.SIZES, *soft_dilation.LABELS,
                                                                       *soft_dilation.SWEEP}) + 2 + 6)
    assert len(of_4) == 15
    for job in of_4:                                                            # three scanners of five patients
        assert sorted(int(name.split("/")[1]) // 5 for name in job["test"]) == [0, 1, 2]
        assert len(job["train"]) == 12
    assert sorted(name for job in of_4[::3] for name in job["test"]) == sorted(f"ms/{k}/0" for k in range(15))


@pytest.mark.parametrize("probability, expected", [(0.49, False), (0.5, True)])
def test_at_the_threshold_is_inside_and_specks_are_measured_in_mm3(probability, expected):
    p = np.zeros((8, 8, 8))
    p[:3, 0, 0] = probability                                       # 3 voxels of 8 mm^3 are more than 18 mm^3
    p[5:7, 5, 5] = 1                                                # 2 are not
    mask = bench.decided(p, 0.5, (2.0, 2.0, 2.0))
    assert mask[:3, 0, 0].all() == expected
    assert mask.sum() == 3 * expected
    speck = np.zeros((5, 5, 5))
    speck[:2, :3, :3] = 1                                           # 18 voxels of 1 mm^3
    assert not bench.decided(speck, 0.5, (1.0, 1.0, 1.0)).any()
    speck[2, 0, 0] = 1
    assert bench.decided(speck, 0.5, (1.0, 1.0, 1.0)).sum() == 19


def test_scores_that_do_not_exist_are_none():
    empty, one = np.zeros((3, 3), bool), np.eye(3, dtype=bool)
    assert bench.scores(empty, one, "_half") == {"dice_half": 0.0, "precision_half": None, "recall_half": 0.0}
    assert bench.scores(one, empty) == {"dice": 0.0, "precision": 0.0, "recall": None}
