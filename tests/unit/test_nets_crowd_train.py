"""Training with a crowd: a toy whose matrices are known, who is trained on what, the same numbers again."""

import numpy as np
import pytest
import torch

from helpers.measure import confusion_rmse
from helpers.nets import CrowdNet, one_label_per_image, rater_matrices, train_crowd, truth_probability

CLASSES = 3
TRUE = np.array([[[0.9, 0.1, 0.0], [0.1, 0.9, 0.1], [0.0, 0.0, 0.9]],      # nearly right
                 [[0.6, 0.3, 0.3], [0.3, 0.6, 0.1], [0.1, 0.1, 0.6]],      # careless
                 [[1.0, 0.0, 0.0], [0.0, 0.2, 0.0], [0.0, 0.8, 1.0]]])     # sees class 2 for class 1
IMAGES, SIZE = 120, 8


def toy(seed=0):
    """Images whose grey value gives the class away, and what three raters with the matrices TRUE say of them."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(CLASSES, size=(IMAGES, SIZE, SIZE))
    images = (truth - 1 + 0.1 * rng.standard_normal(truth.shape))[:, None].astype(np.float32)
    above = TRUE.cumsum(axis=1)[:, :, truth].transpose(2, 0, 1, 3, 4)       # (S, R, observed, H, W)
    return images, (rng.random((IMAGES, 3, 1, SIZE, SIZE)) > above).sum(axis=2), truth


def small(confusion="global", seed=0):
    torch.manual_seed(seed)
    return CrowdNet(1, CLASSES, 3, confusion, width=4, depth=0)


@pytest.fixture(scope="module")
def trained():
    images, labels, truth = toy()
    return images, truth, train_crowd(images, labels, classes=CLASSES, model=small(), epochs=36, batch=16, rate=0.05,
                                      matrix_rate=0.1, trace_weight=lambda done: 0.1 * (1 - done), device="cpu")


def test_global_matrices_are_recovered(trained):
    """Each entry is a share of 2,048 labels on average: its standard error is at most 0.5 / sqrt(2048) = 0.011."""
    images, truth, result = trained
    found = rater_matrices(result.model, images)
    assert confusion_rmse(result.matrices[0], TRUE) > 0.2
    assert confusion_rmse(found, TRUE) < 0.02
    assert (truth_probability(result.model, images).argmax(axis=1) == truth).mean() > 0.99


def test_the_matrices_of_a_global_network_are_its_own(trained):
    images, _, result = trained
    log_a = result.model(torch.from_numpy(images[:1]))[1]
    assert np.allclose(rater_matrices(result.model, images), log_a.exp()[0, ..., 0, 0].detach(), atol=1e-6)
    assert np.allclose(result.matrices[-1], rater_matrices(result.model, images), atol=1e-6)


def test_what_is_reported(trained):
    _, _, result = trained
    assert result.history.shape == (36, 4)
    assert result.matrices.shape == (36, 3, CLASSES, CLASSES)
    assert len(result.validation) == 24
    assert sorted([*result.training, *result.validation]) == list(range(IMAGES))
    assert result.history[-1, 0] < result.history[0, 0]
    assert result.history[-1, 2] == pytest.approx(np.trace(result.matrices[-1], axis1=1, axis2=2).mean(), abs=1e-4)


def test_matrices_by_hand():
    """Per pixel, column j of the mean matrix weighs the pixels by p_j."""
    net = small("pixel")
    torch.nn.init.normal_(net.weight)
    images = toy()[0][:6]
    with torch.no_grad():
        p, a = (log.exp().double().numpy() for log in net.eval()(torch.from_numpy(images)))
    expected = np.zeros((3, CLASSES, CLASSES))
    for r, i, j in np.ndindex(expected.shape):
        expected[r, i, j] = (a[:, r, i, j] * p[:, j]).sum() / p[:, j].sum()
    assert np.allclose(rater_matrices(net, images, batch=4), expected, atol=1e-6)


def run(labels=None, confusion="pixel", **options):
    images, said, _ = toy()
    said = said if labels is None else labels
    options = {"epochs": 2, "batch": 20, "seed": 3, "device": "cpu"} | options
    return train_crowd(images[:40], said[:40], classes=CLASSES, model=small(confusion), **options)


def test_the_same_seed_gives_the_same_numbers():
    a, b, c = run(), run(), run(seed=4)
    assert np.array_equal(a.history, b.history)
    assert np.array_equal(a.matrices, b.matrices)
    assert not np.array_equal(a.matrices, c.matrices)


def test_still_matrices_first():
    """They begin as those of a network without pixels; afterwards every pixel has its own."""
    still, pixel = run(still=2), run(still=1)
    assert not still.model.weight.any()
    assert pixel.model.weight.any()
    assert np.array_equal(still.matrices[0], pixel.matrices[0])
    assert np.allclose(still.matrices[0], run(confusion="global").matrices[0], atol=1e-6)


def test_the_trace_weight_is_a_number_or_a_function_of_what_is_done():
    assert np.array_equal(run(trace_weight=0.2).matrices, run(trace_weight=lambda done: 0.2).matrices)
    history = run(trace_weight=lambda done: done, epochs=4).history
    assert history[:, 3].tolist() == [1 / 8, 3 / 8, 5 / 8, 7 / 8]             # two steps in each of four epochs
    traces = [run(trace_weight=weight, epochs=6, matrix_rate=0.2).history[-1, 2] for weight in (0, 0.3)]
    assert traces[1] < traces[0] - 0.1


def test_a_rater_who_labelled_nothing_keeps_his_matrix_without_a_trace():
    labels = toy()[1].copy()
    labels[:, 1] = -1
    found = run(labels, "global", matrix_rate=0.05).matrices
    start = small().eval()(torch.zeros(1, 1, 2, 2))[1].exp().detach().numpy()[0, ..., 0, 0]
    assert np.allclose(found[:, 1], start[1], atol=1e-6)
    assert not np.allclose(found[-1, 0], start[0], atol=1e-3)


def test_labels_of_images_held_out_are_not_learnt():
    labels = toy()[1].copy()
    first = run(labels)
    labels[first.validation] = (labels[first.validation] + 1) % CLASSES
    second = run(labels)
    assert np.array_equal(first.history[:, 0], second.history[:, 0])
    assert np.array_equal(first.matrices, second.matrices)
    assert not np.array_equal(first.history[:, 1], second.history[:, 1])


def test_known_matrices_stay():
    images, labels, truth = toy()
    single = one_label_per_image(labels, np.arange(IMAGES) % 3)
    result = train_crowd(images, single, classes=CLASSES, model=small(), known=TRUE, trace_weight=0, epochs=10,
                         rate=0.05, batch=16, device="cpu")
    assert np.allclose(result.matrices, TRUE, atol=1e-5)
    assert (truth_probability(result.model, images).argmax(axis=1) == truth).mean() > 0.99


def test_the_consensus_counts_and_who_watches_changes_nothing():
    plain, drawn = (run(consensus=weight) for weight in (0.0, 1.0))
    assert drawn.history[0, 0] > plain.history[0, 0] + 1                   # three labels, each with log 3 at first
    assert np.array_equal(run(consensus=lambda done: 1.0).history, drawn.history)
    assert np.array_equal(run(consensus=lambda done: float(done >= 1)).history, plain.history)      # never
    watched = run(watch=lambda net: net.training)
    assert watched.watched == [False, False]
    assert np.array_equal(watched.history, plain.history)


def test_matrices_of_decided_pixels_by_hand():
    net, images = small("pixel").eval(), toy()[0][:5]
    torch.nn.init.normal_(net.weight)
    with torch.no_grad():
        log_p, log_a = net(torch.from_numpy(images))
    named = log_p.argmax(dim=1)                                             # (B, H, W)
    found = rater_matrices(net, images, decided=True, batch=2)
    for j in range(CLASSES):
        by_hand = log_a.exp()[:, :, :, j].movedim(0, -3)[..., named == j].mean(dim=-1).numpy() \
            if (named == j).any() else 1 / CLASSES
        assert np.allclose(found[:, :, j], by_hand, atol=1e-6)


@pytest.mark.parametrize("options, sentence", [
    ({"trace_weight": -1.0}, r"trace_weight is -1.0, expected a number of at least 0\."),
    ({"trace_weight": lambda done: 0.1 - done}, r"trace_weight is -0.15, expected a number of at least 0\."),
    ({"known": TRUE[:2]}, r"known has shape \(2, 3, 3\), expected \(3, 3, 3\)\."),
    ({"known": 2 * TRUE}, r"known has a column that is no distribution, expected"),
    ({"known": TRUE.transpose(0, 2, 1)}, r"known has a column that is no distribution, expected"),
    ({"raters": "all"}, r"raters is 'all', expected 'sum' or 'mean'\."),
    ({"labels": np.full((40, 3, SIZE, SIZE), 3)}, r"labels holds values from 3 to 3, expected 0 to 2, or -1 where"),
    ({"labels": np.zeros((39, 3, SIZE, SIZE), int)}, r"labels has shape \(39, 3, 8, 8\), expected \(40, R, 8, 8\)"),
    ({"labels": np.zeros((40, 2, SIZE, SIZE), int)}, r"labels is of 2 rater\(s\), expected 3, as model has"),
    ({"consensus": lambda done: -1.0}, r"consensus is -1.0, expected a number of at least 0\."),
    ({"consensus": -1.0}, r"consensus is -1.0, expected a number of at least 0\."),
    ({"consensus": 1.0, "known": TRUE}, r"consensus is 1.0, expected 0 where the matrices are known\."),
    ({"epochs": 0}, r"epochs is 0, expected a whole number of at least 1\."),
    ({"still": 3}, r"still is 3, expected a whole number from 0 to 2, the epochs\."),
])
def test_bad_input_gets_one_sentence(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        run(**options)
