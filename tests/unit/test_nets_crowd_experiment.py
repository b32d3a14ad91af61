"""The consensus of imagined raters, by hand; chapter 5's experiment on a few digits: its rows, one row again."""

import json

import numpy as np
import pytest
import torch

from helpers.fusion import staple
from helpers.nets import CrowdNet, late_consensus
from helpers.nets.crowd_consensus import VOTE, consensus, heard, imagined, posterior
from helpers.nets.experiments import crowd, crowd_arms, crowd_data, crowd_ms, crowd_scores, crowd_tables
from helpers.nets.experiments.crowd_paper import PAPER

EVEN = torch.tensor([0.5, 0.5])


def test_what_is_imagined_is_a_times_p():
    net = CrowdNet(1, 3, 2, "pixel", width=4, depth=0)
    torch.nn.init.normal_(net.weight)
    log_p, log_a = net(torch.rand(2, 1, 5, 4))
    expected = torch.einsum("brijhw,bjhw->brihw", log_a.exp(), log_p.exp())
    assert torch.allclose(imagined(log_p, log_a), expected, atol=1e-6)
    assert torch.allclose(imagined(log_p, log_a).sum(dim=2), torch.ones(2, 2, 5, 4), atol=1e-5)


def test_one_label_of_each_image_is_heard():
    q = torch.rand(40, 3, 2, 2, 2)
    labels = torch.randint(2, (40, 3, 2, 2), dtype=torch.int8)
    labels[:20, 1:] = -1                                                    # only rater 0 labelled these
    said = heard(q, labels, torch.Generator().manual_seed(0))
    changed = (said != q).flatten(2).any(dim=2)                             # (B, R)
    assert (changed.sum(dim=1) == 1).all()
    assert changed[:20, 0].all()
    assert len(changed[20:].nonzero()[:, 1].unique()) == 3
    for image, rater in changed.nonzero().tolist():
        assert torch.equal(said[image, rater, 1], (labels[image, rater] == 1).float())
        assert torch.equal(said[image, rater].sum(dim=0), torch.ones(2, 2))


def test_bayes_rule_by_hand():
    """Two sure raters: t_1 : t_0 = 0.2 x 0.9 x 0.4 : 0.8 x 0.3 x 0.1."""
    a = torch.tensor([[[0.7, 0.1], [0.3, 0.9]], [[0.9, 0.6], [0.1, 0.4]]])
    q = torch.tensor([[0.0, 1.0], [0.0, 1.0]]).view(1, 2, 2, 1, 1)
    t = posterior(q, a, torch.tensor([0.8, 0.2])).exp().flatten()
    assert t[1] / t[0] == pytest.approx(0.2 * 0.9 * 0.4 / (0.8 * 0.3 * 0.1), rel=1e-5)


def test_equal_raters_vote():
    q = torch.rand(3, 5, 2, 4, 4)
    q = q / q.sum(dim=2, keepdim=True)
    even = torch.tensor([[VOTE, 1 - VOTE], [1 - VOTE, VOTE]]).expand(5, 2, 2)
    assert torch.equal(posterior(q, even, EVEN).argmax(dim=1), (q[:, :, 1].mean(dim=1) > 0.5).long())


def test_one_step_overrules_the_vote_where_the_reliable_raters_say_so():
    """Five of nine agree with each other nearly always; four say 1 everywhere. The vote of a pixel that only one of
    the five and the four call 1 is 1; one step of EM knows how little the four mean."""
    said = torch.zeros(1, 9, 1, 100)
    said[:, :5, :, :20] = 1
    said[:, 5:] = 1
    said[:, 4, :, 99] = 1
    q = torch.stack([1 - said, said], dim=2)
    even = torch.tensor([[VOTE, 1 - VOTE], [1 - VOTE, VOTE]]).expand(9, 2, 2)
    truth, sums = consensus(q)
    assert posterior(q, even, EVEN).argmax(dim=1)[0, 0, 99] == 1
    assert truth[0, 1, 0].tolist() == [1.0] * 20 + [0.0] * 80
    assert torch.allclose(sums.sum(), torch.tensor(900.0))                  # a label per rater and pixel
    assert torch.allclose(consensus(q, sums)[1], 1.98 * sums)


def test_the_late_consensus_begins_at_three_eighths():
    assert [late_consensus(done) for done in (0, 0.374, 0.375, 1)] == [0, 0, 1, 1]


@pytest.fixture
def few_digits(monkeypatch):
    def digits(split):
        rng = np.random.default_rng(len(split))
        truth = np.zeros((40, 12, 12), np.uint8)
        for digit in truth:
            x, y = rng.integers(2, 6, 2)
            digit[x:x + 5, y:y + 4] = 1
        images = (truth + 0.2 * rng.standard_normal(truth.shape)).astype(np.float32)[:, None]
        wide = np.maximum(truth, np.roll(truth, 1, axis=1))
        return images, np.stack([truth, wide, truth, wide, 0 * truth], axis=1).astype(np.int8), truth
    monkeypatch.setattr(crowd_data, "digits", digits)
    monkeypatch.setattr(crowd_data, "shown", lambda: np.array([0, 1]))
    monkeypatch.setitem(crowd_arms.NETWORK, "mnist", {"width": 2, "depth": 1})


def job(arm, labels="dense", seed=0):
    return {"arm": arm, "labels": labels, "seed": seed, "epochs": 1, "device": "cpu"}


@pytest.mark.parametrize("labels", crowd.LABELS)
@pytest.mark.parametrize("arm", ["ours", "oracle", "lambda_0.9", "ours_low_rank", "mean", "mode", "staple", "separate"])
def test_a_row_of_every_kind(few_digits, arm, labels):
    result = crowd_arms.one_arm(job(arm, labels))
    row = json.loads(json.dumps(result))["row"]
    assert [row[key] for key in ("arm", "labels", "seed")] == [arm, labels, 0]
    assert 0 <= row["dice"] <= 1 and 0 <= row["agreement"] <= 1 and len(row["dice_raters"]) == 5
    assert ("cm_rmse" in row) == (arm not in ("mean", "mode", "separate"))
    if arm in crowd_arms.MATRICES:
        assert np.allclose(np.sum(row["matrices"], axis=1), 1, atol=2e-4)
        assert len(result["epochs"]["dice"]) == 1 and result["epochs"]["dice"][0] == row["dice"]


def test_a_row_comes_out_the_same_again(few_digits):
    assert crowd_arms.one_arm(job("ours", "single", 3)) == crowd_arms.one_arm(job("ours", "single", 3))
    assert crowd_arms.one_arm(job("ours", "single", 3))["row"] != crowd_arms.one_arm(job("ours", "single", 4))["row"]


def test_every_arm_has_its_place():
    arms = crowd.MAIN + crowd.REST
    assert len(set(arms)) == len(arms)
    for labels in crowd.LABELS:
        assert set(PAPER["mnist"][labels]) <= set(arms)
        assert set(PAPER["mnist"][labels]) >= {f"lambda_{weight:g}" for weight in crowd_arms.LAMBDAS if weight != 0.05}


def test_matrices_and_agreement_by_hand():
    masks = np.array([[[[1, 1, 0, 0]], [[0, 1, 1, 0]]]])                   # (1, 2, 1, 4)
    truth = np.array([[[1, 1, 0, 0]]])
    assert np.allclose(crowd_scores.confusion(masks, truth), [np.eye(2), np.full((2, 2), 0.5)])
    assert np.allclose(crowd_scores.confusion(masks, 0 * truth)[:, :, 1], 0.5)     # a truth that never occurs
    assert crowd_scores.agreement(truth, masks) == pytest.approx((1 + 1 + 0.5 + 0.5) / 4)
    assert crowd_scores.plain_agreement(truth, masks) == pytest.approx((4 / 4 + 2 / 4) / 2)
    assert crowd_scores.plain_agreement(truth, np.where(np.arange(2)[:, None, None] == 0, masks, -1)) == 1
    masks[0, 1, 0, 2:] = -1
    assert crowd_scores.plain_agreement(truth, masks) == pytest.approx((4 / 4 + 1 / 2) / 2)


def test_dice_is_a_mean_over_cases_not_over_images():
    masks = np.zeros((3, 1, 4), int)
    masks[0, 0, :2] = masks[1, 0, :2] = 1
    truth = np.zeros((3, 1, 4), int)
    truth[0, 0, :2] = truth[1, 0, 2:] = 1
    assert crowd_scores.mean_dice(masks, truth, np.array([0, 0, 1])) == pytest.approx((0.5 + 1) / 2)
    assert crowd_scores.mean_dice(masks, truth, np.array([0, 1, 2])) == pytest.approx(2 / 3)


def test_staple_takes_the_images_of_a_case_together_and_the_vote_does_not():
    masks = np.random.default_rng(0).integers(0, 2, (6, 5, 4, 4)).astype(np.uint8)
    cases = np.array([0, 1, 0, 1, 1, 0])
    fused = crowd_arms.fuse("staple", masks, cases)
    for case in (0, 1):
        alone = staple(np.concatenate(list(masks[cases == case]), axis=1)).probability >= 0.5   # (R, 12, 4)
        assert np.array_equal(np.concatenate(fused[cases == case]), alone)
    assert np.array_equal(crowd_arms.fuse("mode", masks, cases), masks.sum(axis=1) >= 3)


def test_tiles_lie_about_marks_and_keep_what_belongs_together():
    rng = np.random.default_rng(1)
    truth = np.zeros((3, 76, 94), np.uint8)
    for number, (x, y) in enumerate([(0, 0), (75, 93), (40, 50)]):
        truth[number, x, y] = 1
    images = np.stack([truth + 2.0, rng.random(truth.shape)], axis=1)
    found = crowd_ms.tiles(images, np.stack([truth, truth], axis=1), truth, np.array([7, 8, 9]))
    assert [len(part) for part in found] == [12] * 4 and found[3].tolist() == [7] * 4 + [8] * 4 + [9] * 4
    assert np.array_equal(found[0][:, 0], found[2] + 2.0) and np.array_equal(found[1][:, 1], found[2])
    assert found[2].shape == (12, 32, 32) and found[2].any(axis=(1, 2)).reshape(3, 4)[:, :2].all()


def test_summary_has_a_number_per_seed_and_the_papers_beside():
    rows = [{"arm": "lambda_0.1", "labels": "dense", "seed": seed, "dice": 0.5 + seed, "agreement": 0.1, "cm_rmse": 0.2}
            for seed in (1, 0)] + [{"arm": "ours", "labels": "single", "seed": 0, "dice": 0.9, "agreement": 0.1}]
    found = crowd_tables.summary(rows, "mnist")
    assert found["dense"]["lambda_0.1"] == {"dice": [0.5, 1.5], "cm_rmse": [0.2, 0.2], "agreement": [0.1, 0.1],
                                            "paper_dice": 82.92, "paper_cm_rmse": 0.0893}
    assert found["single"]["ours"] == {"dice": [0.9], "agreement": [0.1]}

    cells = crowd_tables.book(found)
    assert cells["dense"]["lambda_0.1"]["dice"] == {"mean": 1.0, "sd": 0.7071}
    assert cells["single"]["ours"] == {"dice": 0.9, "cm_rmse": None, "paper_dice": None, "paper_cm_rmse": None}


def test_morphological_raters():
    class Patient:
        truth = np.zeros((20, 20, 6))
    Patient.truth[5:12, 5:12, 2:4] = 1
    good, over, under, wrong, blank = crowd_ms.morphology(Patient, 0).astype(bool)
    assert np.array_equal(good, Patient.truth == 1)
    assert (over & good == good).all() and over.sum() == 2 * (49 + 28) and under.sum() == 2 * 25
    assert not over[:, :, [1, 4]].any()                                     # within the slice only
    assert (wrong <= over).all() and not blank.any()
