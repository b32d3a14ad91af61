"""Nine simulated networks and generated crowds: what was asked for is in the maps. The experiments made of them."""

import json

import numpy as np
import pytest

from helpers.data import NETWORKS, crowd, network_maps, padded
from helpers.data.crowds import KINDS
from helpers.measure import dice
from helpers.nets.experiments import mixtures, student_t, student_t_methods, student_t_unets

SPACING = (0.8, 0.8, 2.0)


def ball(radius=8.0, shape=(50, 48, 20)):
    grid = np.indices(shape, sparse=True)
    return sum(((g - n / 2) * s) ** 2 for g, n, s in zip(grid, shape, SPACING, strict=True)) < radius**2


def test_networks_are_as_their_characters_say():
    mask = ball()
    volumes, scores, sure = [], [], []
    for seed in range(12):
        made = network_maps(mask, SPACING, seed=seed)
        assert made.maps.shape == made.wrong.shape == (9, *mask.shape) and made.maps.dtype == np.float32
        assert made.maps.min() >= 0 and made.maps.max() <= 1
        volumes.append(made.maps[:, mask | ~made.wrong.any(axis=0)].sum(axis=1) / mask.sum())
        scores.append([dice(one > 0.5, mask) for one in made.maps])
        sure.append([np.mean((one > 0.05) & (one < 0.95)) for one in made.maps])
    volumes, scores, sure = (np.mean(values, axis=0) for values in (volumes, scores, sure))
    assert volumes[1] < volumes[0] < volumes[2]  # biases of -0.5, 0 and 0.5 mm
    assert sure[3] < sure[0] < sure[4]  # scales of 0.5, 1 and 2 mm
    assert scores.argmin() == 5 == np.argmax([network.misled for network in NETWORKS])


def test_a_place_that_misled_a_network_is_wrong_there():
    mask, inside, outside = ball(), [], []
    for seed in range(12):
        made = network_maps(mask, SPACING, seed=seed)
        error = np.abs(made.maps - mask)
        for one, wrong in zip(error, made.wrong, strict=True):
            if wrong.any():
                inside.append(one[wrong].mean())
                outside.append(one[~wrong].mean())
    assert len(inside) > 20 and np.mean(inside) > 0.5 and np.mean(outside) < 0.1
    again = network_maps(mask, SPACING, seed=11)
    assert np.array_equal(again.maps, made.maps)


def test_padding_and_bad_masks():
    masks = np.ones((4, 5, 6, 3), np.uint8)
    wide = padded(masks, SPACING, 4.0)
    assert wide.shape == (4, 15, 16, 7) and wide.sum() == masks.sum() and wide[:, 5:10, 5:11, 2:5].all()
    for mask in (masks[0], 0 * masks[0]):
        with pytest.raises(ValueError, match="^mask is the same everywhere, expected an object and some background.$"):
            network_maps(mask, SPACING, seed=0)


@pytest.mark.parametrize("kind", KINDS)
def test_raters_of_a_guideline_are_nearer_to_each_other(kind):
    for seed in range(3):
        made = crowd((3, 2, 2), kind=kind, seed=seed)
        assert made.maps.shape == (7, 24, 24, 24) and sorted(made.group) == [0, 0, 0, 1, 1, 2, 2]
        far = np.square(made.maps[:, None] - made.maps).mean(axis=(2, 3, 4))
        same = made.group[:, None] == made.group
        assert far[same & ~np.eye(7, dtype=bool)].mean() < far[~same].mean()
    assert not np.array_equal(crowd((4, 3), kind=kind, seed=0).maps, crowd((4, 3), kind=kind, seed=1).maps)


@pytest.mark.parametrize("sizes, kind, says", [
    ((4, 3), "hats", "kind is 'hats', expected 'lobes', 'rims', 'lesions'"),
    ((1, 1, 1, 1), "rims", r"sizes is \(1, 1, 1, 1\), expected one to 3 numbers of raters"),
    ((4, 0), "rims", r"sizes is \(4, 0\), expected one to 3 numbers of raters"),
])  # fmt: skip
def test_bad_crowds_are_one_sentence(sizes, kind, says):
    with pytest.raises(ValueError, match=f"^{says}.$"):
        crowd(sizes, kind=kind, seed=0)


def test_distance_of_groups_in_their_own_deviations():
    """Two groups on a line: means d apart, and within them a spread that is known."""
    roots = np.array([0.3, 0.4, 0.6, 0.7])[:, None] * np.ones((4, 50))
    group = np.array([0, 0, 1, 1])
    root_of_rest = np.sqrt(1 - roots**2)
    x = np.concatenate([root_of_rest, roots], axis=1)  # under the square root, both classes
    means = [x[:2].mean(axis=0), x[2:].mean(axis=0)]
    within = sum(np.square(x[2 * g : 2 * g + 2] - mean).sum() for g, mean in enumerate(means)) / (2 * 3)
    expected = np.sqrt(np.square(means[0] - means[1]).sum() / within)
    assert mixtures.apart(roots**2, group) == pytest.approx(expected, abs=6e-4)
    assert mixtures.apart(roots**2, np.zeros(4, int)) is None


def test_a_nodule_and_its_table():
    rows = [student_t.nodule({"nodule": k, "methods": ["vote", "mean", "Student"]}) for k in (0, 1, 2)]
    assert json.loads(json.dumps(rows)) == rows
    assert all(len(row["networks"]) == 9 for row in rows)
    fact = student_t.trusted({"trusted": 0})
    assert json.loads(json.dumps(fact)) == fact
    assert len(fact["tau"]) == len(fact["dof"]) == len(fact["bias"]) == 9 and abs(sum(fact["bias"])) < 1e-3
    assert fact["converged"] and fact["iterations"] <= 100
    table = student_t_methods.table(rows)
    assert table["dice"]["vote"] == [row["methods"]["vote"]["dice"] for row in rows]
    assert table["networks"]["hausdorff"][4] == [row["networks"][4]["hausdorff"] for row in rows]
    test = table["tests"]["dice"]["mean"]
    wins = np.subtract(table["dice"]["Student"], table["dice"]["mean"])
    assert test["difference"] == pytest.approx(wins.mean(), rel=1e-3) and test["n"] == 3
    row = student_t_methods.summary(table)["mean"]
    assert row["p_dice"] == test["p"] and student_t_methods.summary(table)["Student"]["p_dice"] is None
    assert row["hausdorff"]["mean"] == pytest.approx(np.mean(table["hausdorff"]["mean"]), abs=1e-4)
    assert table["tests_mean"]["dice"]["Student"]["difference"] == -test["difference"]


def test_a_network_is_kept_from_its_fold():
    jobs = [student_t_unets.unet_job(k, 1, "folder", "cpu") for k in range(student_t_unets.FOLDS)]
    for k, job in enumerate(jobs):
        allowed = {*student_t_unets.TRAIN} - {f"ms/{k}/0", f"ms/{k + 9}/0"}
        assert len({*job["train"]}) == 6 and {*job["train"]} <= allowed
    assert len({tuple(job["train"]) for job in jobs}) == len({job["file"] for job in jobs}) == 9
    assert not {*student_t_unets.TRAIN} & {*student_t_unets.TEST}


def test_one_crowd_as_a_row():
    row = mixtures.generated({"kind": "lobes", "sizes": [4, 3], "seed": 0})
    assert json.loads(json.dumps(row)) == row
    assert row["found"] == 2 == len(row["responsibility"][0]) and row["right"] and row["shuffled"]
    assert row["published"] == 1 and row["apart"] > 4
    assert mixtures.same_groups(np.array([0, 0, 1]), np.array([2, 2, 0]))
    assert not mixtures.same_groups(np.array([0, 0, 1]), np.array([0, 1, 1]))
    assert not mixtures.same_groups(np.array([0, 0, 0]), np.array([0, 1, 1]))
