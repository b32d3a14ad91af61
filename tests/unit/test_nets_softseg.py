"""The recipes and the temperature of chapter 6, its experiment on tiny patients, and its tables."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, softmax

from helpers.data import Case
from helpers.nets import (
    at_temperature,
    fit_temperature,
    normalised_relu,
    predict,
    recipes,
    soft_dice_loss,
    train_conventional,
    train_softseg,
)
from helpers.nets.experiments import (
    bench,
    runner,
    softseg,
    softseg_paper,
    softseg_scores,
    softseg_subjects,
    softseg_tables,
)

MODALITIES = ("FLAIR", "T1", "T1GD", "T2", "PD")


def slices(count=6, classes=2, raters=None, seed=0):
    """Noise with a brighter square whose edge is soft; labels (S, K, 16, 16), or (S, R, K, 16, 16)."""
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(count, 1, 16, 16)).astype(np.float32)
    soft = np.zeros((count, 16, 16), np.float32)
    soft[:, 4:12, 5:11] = 0.4
    soft[:, 5:11, 6:10] = 1
    images[:, 0] += 4 * soft
    parts = [1 - soft, *[soft / (classes - 1)] * (classes - 1)]
    labels = np.stack(parts, 1)
    return images, labels if raters is None else np.stack([labels] * raters, 1)


def seen_by(monkeypatch, recipe, labels, **options):
    """What the loss of a recipe is handed, as (function, probability, target)."""
    calls = []
    for name in ("soft_dice_loss", "adaptive_wing"):
        real = getattr(recipes, name)
        monkeypatch.setattr(recipes, name, lambda p, q, n=name, f=real: calls.append((n, p.detach(), q)) or f(p, q))
    recipe(slices()[0][: len(labels)], labels, epochs=1, held_out=0.3, **options)
    return calls


def test_binarised_after_augmentation_or_not_at_all(monkeypatch):
    """A rotation softens even a binary mask: the conventional loss sees 0 and 1 again, SoftSeg's the soft values."""
    labels = (slices()[1] > 0.5).astype(np.float32)
    hard = seen_by(monkeypatch, train_conventional, labels, degrees=20.0)
    assert {name for name, *_ in hard} == {"soft_dice_loss"}
    assert all(set(q.unique().tolist()) <= {0.0, 1.0} for *_, q in hard)
    soft = seen_by(monkeypatch, train_softseg, labels, degrees=20.0)
    assert {name for name, *_ in soft} == {"adaptive_wing"}
    assert any(((q > 0.05) & (q < 0.95)).any() for *_, q in soft)
    still = seen_by(monkeypatch, train_softseg, slices()[1], degrees=0.0)
    assert {round(v, 3) for *_, q in still for v in q.unique().tolist()} == {0.0, 0.4, 1.0}


def test_one_of_the_raters_is_drawn_for_each_slice_and_all_of_them_watch(monkeypatch):
    labels = np.zeros((6, 3, 2, 16, 16), np.float32)
    for r, share in enumerate((0.0, 0.5, 1.0)):
        labels[:, r, 1], labels[:, r, 0] = share, 1 - share
    calls = seen_by(monkeypatch, train_softseg, labels, degrees=0.0, batch=2, seed=3)
    trained, watched = calls[:-3], calls[-3:]
    drawn = [float(q[i].mean()) for *_, q in trained for i in range(len(q))]
    assert all(q[i].unique().numel() == 1 for *_, q in trained for i in range(len(q)))
    assert len(drawn) == 4 and set(drawn) <= {0.0, 0.5, 1.0} and len(set(drawn)) > 1
    assert [float(q.mean()) for *_, q in watched] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("recipe, activation", [(train_conventional, recipes.saturating),
                                                (train_softseg, recipes.linear)])
def test_a_recipe_finds_a_bright_square(recipe, activation, classes):
    images, labels = slices(12, classes)
    found = recipe(images, labels, epochs=10, rate=1e-2, seed=1)
    assert found.history[-1, 0] < found.history[0, 0]
    p = predict(found.model, images, activation=activation)
    assert p.shape == ((12, 16, 16) if classes == 2 else (12, 2, 16, 16))
    p = p if classes == 2 else p.sum(1)
    assert p.min() >= 0 and p.max() <= 1 + 1e-6
    inside = labels[:, 1:].sum(1) == 1
    assert p[inside].mean() > p[labels[:, 0] == 1].mean() + 0.3


def test_one_seed_draws_the_same_raters():
    images, labels = slices(raters=3)
    labels[:, 1] = labels[:, 1, ::-1]
    a, b, c = (train_softseg(images, labels, epochs=2, seed=seed).history for seed in (1, 1, 2))
    assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_slices_without_a_lesion_are_trained_on():
    images, labels = slices()
    labels[::2, 1], labels[::2, 0] = 0, 1
    found = train_conventional(images, labels, epochs=1)
    assert len(found.training) + len(found.validation) == 6


def test_activations_by_hand():
    z = torch.tensor([1.0, 2.0, 1.0]).view(1, 3, 1, 1)
    assert recipes.linear(z).flatten().tolist() == [0.5, 0.25]
    assert recipes.saturating(z).flatten().tolist() == pytest.approx(softmax([1, 2, 1])[1:], abs=1e-6)
    one = torch.tensor([[-1.0, 2.0, 4.0], [1.0, 0.5, 0.0]]).view(2, 1, 1, 3)
    assert recipes.linear(one).flatten().tolist() == [0, 0.5, 1, 1, 0.5, 0]
    assert torch.equal(recipes.linear(one, "batch"), normalised_relu(one, "batch"))
    assert recipes.saturating(torch.zeros(1, 1, 1, 1)).item() == 0.5


def test_binarised_and_dice_by_hand():
    labels = torch.tensor([[0.6, 0.5, 0.2, 0.1], [0.4, 0.5, 0.5, 0.3], [0, 0, 0.3, 0.6]]).view(1, 3, 1, 4)
    assert recipes.binarised(labels).argmax(1).flatten().tolist() == [0, 1, 1, 2]
    assert (recipes.binarised(labels).sum(1) == 1).all()
    p, q = torch.rand(2, 2, 2, 3, 3)
    by_class = [soft_dice_loss(p[:, k], q[:, k]) for k in range(2)]
    assert recipes.dice_of_classes(p, q).item() == pytest.approx(sum(map(float, by_class)) / 2, abs=1e-6)


@pytest.mark.parametrize("labels, sentence", [
    (np.zeros((2, 4, 4)), r"labels has shape \(2, 4, 4\), expected \(S, K, H, W\) or \(S, R, K, H, W\), K at "),
    (np.ones((2, 1, 4, 4)), r"labels has shape \(2, 1, 1, 4, 4\), expected"),
    (np.ones((2, 2, 4, 4)), r"labels sum to 2 to 2 over the 2 classes of a pixel, expected 1\."),
    (np.full((2, 2, 4, 4), np.nan), r"labels sum to nan"),
    (np.zeros((0, 2, 4, 4)), r"labels has shape \(0, 1, 2, 4, 4\), expected at least one pixel\."),
])
@pytest.mark.parametrize("recipe", [train_conventional, train_softseg])
def test_labels_that_are_refused(recipe, labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        recipe(np.zeros((2, 1, 4, 4), np.float32), labels)


@settings(max_examples=25)
@given(seed=st.integers(0, 999), true=st.floats(0.3, 5), classes=st.sampled_from([1, 2, 3]))
def test_the_temperature_of_labels_made_at_one_temperature(seed, true, classes):
    z = np.random.default_rng(seed).normal(size=(classes, 60)) * 3
    z = z[0] if classes == 1 else z
    assert fit_temperature(z, at_temperature(z, true)) == pytest.approx(true, rel=1e-6)


@pytest.mark.parametrize("classes", [1, 3])
def test_the_temperature_has_the_smallest_cross_entropy(classes):
    rng = np.random.default_rng(classes)
    z = rng.normal(size=(classes, 400)) * 4
    if classes == 1:
        z = z[0]
        y = (rng.random(400) < expit(z / 2.5)).astype(float)

        def loss(t):
            return float(np.logaddexp(0, -z / t) @ y + np.logaddexp(0, z / t) @ (1 - y))
    else:
        label = [rng.choice(3, p=p) for p in softmax(z / 2.5, axis=0).T]
        y = np.eye(3)[label].T

        def loss(t):
            return float(-(log_softmax(z / t, axis=0) * y).sum())
    best = minimize_scalar(loss, bounds=(0.1, 20), method="bounded", options={"xatol": 1e-8}).x
    assert fit_temperature(z, y) == pytest.approx(best, rel=1e-4)
    assert 1.5 < best < 4


def test_at_temperature_by_hand():
    assert at_temperature(np.log([3.0, 1.0]), 1).tolist() == pytest.approx([0.75, 0.5])
    assert at_temperature(np.log([[9.0], [1.0]]), 2).ravel().tolist() == pytest.approx([0.75, 0.25])
    assert at_temperature(np.array([-3.0, 0, 8]), 1e3) == pytest.approx(0.5, abs=0.003)


ONE = np.array([2.0, -1.0, 0.5])


@pytest.mark.parametrize("z, y, sentence", [
    (ONE, ONE[:2], r"soft has shape \(2,\) and logits \(3,\), expected both \(N,\) or both \(K, N\)\."),
    (ONE, np.array([2, 0, 0]), r"soft holds values from 0 to 2, expected numbers in \[0, 1\]\."),
    (ONE, np.array([np.nan, 0, 0]), "soft holds values from nan"),
    (np.array([np.inf, 0, 1]), ONE * 0, "logits holds values that are not finite"),
    (np.ones((2, 3)), np.ones((2, 3)), "soft does not sum to 1 over the classes"),
    (ONE, np.array([1.0, 0, 1]), "logits is right in every pixel, expected some errors"),
    (ONE, np.array([0.0, 1, 0]), "logits says no more about soft than a constant does"),
])
def test_temperatures_that_do_not_exist(z, y, sentence):
    with pytest.raises(ValueError, match=sentence):
        fit_temperature(z, y)


@pytest.mark.parametrize("t", [0, -1, np.nan, np.inf])
def test_temperatures_that_are_refused(t):
    with pytest.raises(ValueError, match="expected a finite number above 0"):
        at_temperature(ONE, t)


def tiny(name):
    """A patient of eight small slices, two of them without a mark: one lesion, seven raters, noisy images."""
    number = int(name.split("/")[1])
    rng = np.random.default_rng(number)
    x, y, z = np.ogrid[:24, :20, :8]
    depth = 5 + number % 3 - np.sqrt((x - 12) ** 2 + (y - 9) ** 2 + 4 * (z - 2.5) ** 2)
    images = {m: (100 + 40 * (depth > 0) + 5 * rng.normal(size=depth.shape)).astype(np.float32) for m in MODALITIES}
    raters = np.stack([depth + 0.5 * rng.normal(size=depth.shape) > cut for cut in np.linspace(-1, 1.5, 7)])
    return Case(name, images, raters.astype(np.uint8), tuple("ABCDEFG"), (2.0,) * 3, np.diag([2.0, 2, 2, 1]), "made up",
                truth=np.clip(depth + 0.5, 0, 1).astype(np.float32))


@pytest.fixture
def tiny_patients(monkeypatch):
    caches = (bench.pictures, softseg_subjects.subject, softseg_subjects.expected_vote)
    monkeypatch.setattr(bench, "patient", tiny)
    monkeypatch.setattr(softseg_subjects, "CROP", {2: np.s_[...], 3: np.s_[...]})
    monkeypatch.setattr(softseg_subjects, "CROWDS", 1)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def job(source, seed=0):
    split = {"train": ["ms/1/0", "ms/2/0"], "validation": ["ms/4/0"], "test": [f"ms/{5 + seed}/0", f"ms/{7 + seed}/0"]}
    return {"data": "ms", "source": source, "split": split, "seed": seed, "epochs": [6, 2], "real": []}


def test_from_jobs_to_tables(tiny_patients, tmp_path):
    sources = [*softseg.SOURCES, "soft dilation"]
    jobs = [job(source, seed) for seed in (0, 2) for source in sources]
    for one in jobs:
        runner._work(softseg.one_job, one, tmp_path / runner.name_of(one))
    found, seconds = softseg_tables.done(jobs + [job("Ensemble")], tmp_path)
    assert seconds > 0 and found.keys() == {("ms", 0), ("ms", 2)}
    tables = softseg_tables.tables_of("ms", found)
    assert json.loads(json.dumps(tables, allow_nan=False)) == tables
    assert softseg_tables.tables_of("cord", found) is None and tables["ensemble"] is None
    assert tables["patients"] == ["ms/5/0", "ms/7/0", "ms/7/0", "ms/9/0"]
    assert {*softseg_paper.SIX, "SoftSeg-soft dilation"} <= tables["per_patient"].keys()
    for name, columns in tables["per_patient"].items():
        assert all(len(values) == 4 for values in columns.values())
        pooled = tables["reliability"][name]
        assert sum(pooled["all"]["voxels"]) == sum(pooled["foreground raters"]["voxels"]) == 4 * 24 * 20 * 8
        assert sum(pooled["around"]["voxels"]) < sum(pooled["all"]["voxels"])
        dropped = np.subtract(pooled["all"]["voxels"], pooled["all dropped"]["voxels"])
        assert not dropped[:-1].any() and dropped[-1] >= 0
        share = dropped[-1] / sum(pooled["all"]["voxels"])
        assert np.mean(tables["per_split"][name]["dropped"]) == pytest.approx(share, abs=1e-5)
    gain = np.subtract(tables["per_patient"]["SoftSeg-Random"]["brier"], tables["per_patient"]["Conv-Random"]["brier"])
    assert tables["tests"]["Random"]["brier"]["difference"] == pytest.approx(gain.mean(), rel=1e-3)
    assert np.mean(list(tables["composite"].values())) == pytest.approx(0, abs=1e-3)      # z-scores
    first = [loss[0] for loss in tables["loss"]["Conv-STAPLE"]]
    assert [len(curve) for curve in first] == [8, 8]
    del found["ms", 0]["Random"]
    assert len(softseg_tables.tables_of("ms", found)["patients"]) == 2


def test_a_picture_of_the_most_disputed_slice(tiny_patients, monkeypatch):
    flat = np.ones((60, 70, 3), np.float32)
    big = Case("big", dict.fromkeys(MODALITIES, flat), np.zeros((7, *flat.shape), np.uint8), tuple("ABCDEFG"),
               (2.0,) * 3, np.diag([2.0, 2, 2, 1]), "made up", truth=flat * 0)
    big.raters[:3, 50:55, 30:40, 1] = 1
    big.raters[:, 20:50, 30:60, 2] = 1                              # more, but undisputed
    monkeypatch.setattr(bench, "patient", lambda name: big)
    crop = softseg_scores.crop_of("ms/1/0", softseg_subjects.subject("ms/1/0").votes[1])
    assert crop.shape == (48, 48)
    assert crop.max() == np.float32(3 / 7)
    assert (crop > 0).sum() == 50
    assert np.argwhere(crop).min(0).tolist() == [50 - 12, 30 - 10]  # at the border of the image, and in the middle
    rows = softseg_scores.as_hex(crop * 100)
    assert [list(bytes.fromhex(row)) for row in rows] == np.round(crop * 100).tolist()


def test_an_ensemble_is_the_mean_of_its_networks(tiny_patients, monkeypatch):
    made = []
    real = softseg.trained
    monkeypatch.setattr(softseg, "trained", lambda job, source, only: made.append(real(job, source, only)) or made[-1])
    asked = {}
    monkeypatch.setattr(softseg, "evaluated", lambda job, speak: asked.setdefault("p", speak("ms/5/0")))
    softseg.one_job(job("Ensemble") | {"epochs": [1, 1]})
    assert len(made) == 7
    alone = [softseg.said(networks["Conv"], "ms/5/0") for networks, _ in made]
    assert np.allclose(asked["p"], np.mean(alone, axis=0))


@pytest.mark.parametrize("source", softseg.BEYOND)
def test_soft_masks_as_labels(tiny_patients, source):
    given = softseg_subjects.labels("ms/1/0", source)
    assert given.shape == (8, 1, 2, 24, 20) and given.dtype == np.float32
    assert np.allclose(given.sum(2), 1, atol=1e-6)
    assert ((given > 0) & (given < 1)).any()


def test_splits_hold_patients_apart():
    for data, number in (("ms", 5), ("cord", 4)):
        splits = softseg.splits(data, number)
        for split in splits:
            parts = [set(split[part]) for part in ("train", "validation", "test")]
            assert sum(map(len, parts)) == len(set.union(*parts)) == {"ms": 15, "cord": 20}[data]
        tested = [name for split in splits for name in split["test"]]
        assert len(tested) == len(set(tested)) == {"ms": 15, "cord": 20}[data]
    for k, split in enumerate(softseg.splits("cord", 4)):
        assert {int(name.split("/")[1]) // 5 for name in split["test"]} == {k}
        assert {int(name.split("/")[1]) // 5 for name in split["train"] + split["validation"]} == {0, 1, 2, 3} - {k}


@pytest.mark.parametrize("n, step", [(128, 0.3), (55, 0.7), (77, 0.5)])
def test_a_grid_there_and_back(n, step):
    """Linear in between: a ramp about the middle stays that ramp; constants stay constants."""
    there, back = softseg_subjects.linear(n, step, 64, 0.5), softseg_subjects.linear(64, 0.5, n, step)
    assert np.allclose(there.sum(1), 1) and np.allclose(back.sum(1), 1, atol=1e-6)
    ramp = (np.arange(n) - (n - 1) / 2) * step
    inside = np.abs(ramp) < 15
    assert np.allclose((back @ (there @ ramp))[inside], ramp[inside], atol=1e-4)


def test_the_papers_rows():
    assert softseg_paper.PAPER["ms"]["SoftSeg-Random"]["brier"] == {"mean": 5.01e-4, "sd": 2.41e-4}
    assert softseg_paper.PAPER["cord"]["Conv-Average"]["rvd_gm"] == {"mean": 0.141, "sd": 0.121}
    assert softseg_paper.PAPER["cord"].keys() == softseg_paper.PAPER["ms"].keys() == {
        f"{framework}-{source}" for framework in ("Conv", "SoftSeg") for source in softseg.SOURCES}
