"""Crowd networks: the loss against its closed forms and a plain version, the matrices, who labelled what."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from helpers.nets import CrowdNet, as_crowd_labels, crowd_loss, crowd_terms, one_label_per_image

F64 = torch.float64


def drawn(seed=0, images=3, raters=4, classes=3, space=(4, 5), still=False, missing=0.3):
    """log p, log A and labels of which some are missing, but of no image all."""
    draw = torch.Generator().manual_seed(seed)
    log_p = torch.randn(images, classes, *space, generator=draw, dtype=F64).log_softmax(1)
    first, last = (1, [1] * len(space)) if still else (images, space)
    log_a = torch.randn(first, raters, classes, classes, *last, generator=draw, dtype=F64).log_softmax(2)
    labels = torch.randint(classes, (images, raters, *space), generator=draw)
    labels[torch.rand(labels.shape, generator=draw) < missing] = -1
    labels[:, 0].flatten(1)[:, 0] = 0
    return log_p, log_a, labels


def plain(log_p, log_a, labels, weight, ce="mean", trace="mean", raters="sum"):
    """Eq. (4), pair by pair and pixel by pixel, in probabilities."""
    images, count, total, pairs = len(log_p), labels.shape[1], 0, 0
    p, a = log_p.exp().flatten(2), log_a.exp().expand(images, *log_a.shape[1:4], *log_p.shape[2:]).flatten(4)
    said = labels.flatten(2)
    for b in range(images):
        for r in range(count):
            seen = [x for x in range(p.shape[2]) if said[b, r, x] >= 0]
            if not seen:
                continue
            pairs += 1
            costs = [-torch.log(a[b, r, said[b, r, x]][:, x] @ p[b, :, x]) for x in seen]
            traces = [torch.trace(a[b, r, :, :, x]) for x in seen]
            total = total + sum(costs) / (len(seen) if ce == "mean" else 1)
            total = total + weight * sum(traces) / (len(seen) if trace == "mean" else 1)
    return total / (images if raters == "sum" else pairs)


def one_hot(labels, classes):
    return functional.one_hot(labels, classes).movedim(-1, 1).to(F64).log()


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_a_perfect_prediction_through_the_identity_costs_nothing(classes, dtype):
    truth = torch.randint(classes, (2, 6, 5), generator=torch.Generator().manual_seed(0))
    labels = truth[:, None].expand(-1, 3, -1, -1)
    log_a = torch.eye(classes, dtype=dtype).log().expand(3, -1, -1)
    assert crowd_loss(one_hot(truth, classes).to(dtype), log_a, labels, 0) == 0
    assert crowd_loss(one_hot(truth, classes).to(dtype), log_a, labels, 0.5) == 0.5 * 3 * classes


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_identity_matrices_reduce_the_loss_to_cross_entropy(seed, classes):
    log_p, _, labels = drawn(seed, raters=1, classes=classes)
    found = crowd_loss(log_p, torch.eye(classes, dtype=F64).log()[None], labels, 0)
    each = functional.cross_entropy(log_p, labels[:, 0], ignore_index=-1, reduction="none").flatten(1)
    expected = (each.sum(1) / (labels >= 0).flatten(1).sum(1)).mean()
    assert found.item() == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize("still", [True, False])
@pytest.mark.parametrize("ce", ["mean", "sum"])
@pytest.mark.parametrize("trace", ["mean", "sum"])
@pytest.mark.parametrize("raters", ["mean", "sum"])
def test_against_the_formula_pixel_by_pixel(still, ce, trace, raters):
    log_p, log_a, labels = drawn(1, space=(3, 4), still=still)
    labels[0, 1:] = -1
    ways = {"ce": ce, "trace": trace, "raters": raters}
    variables = [t.clone().requires_grad_() for t in (log_p, log_a)]
    found = crowd_loss(*variables, labels, 0.3, **ways)
    expected = plain(*variables, labels, 0.3, **ways)
    assert found.item() == pytest.approx(expected.item(), rel=1e-12)
    for a, b in zip(torch.autograd.grad(found, variables), torch.autograd.grad(expected, variables), strict=True):
        assert torch.allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("still", [True, False])
@pytest.mark.parametrize("classes", [2, 4])
def test_gradient_against_finite_differences(still, classes):
    log_p, log_a, labels = drawn(2, images=2, raters=2, classes=classes, space=(2, 2), still=still)
    variables = log_p.requires_grad_(), log_a.requires_grad_()
    assert torch.autograd.gradcheck(lambda p, a: crowd_loss(p, a, labels, 0.2), variables)


def test_matrices_of_no_image_may_come_without_its_axes():
    log_p, log_a, labels = drawn(still=True)
    assert crowd_loss(log_p, log_a, labels) == crowd_loss(log_p, log_a[0, ..., 0, 0], labels)


def test_where_a_rater_gave_no_label_he_has_no_gradient():
    log_p, log_a, labels = drawn(3)
    labels[1, 2], labels[:, 3] = -1, -1
    log_a = log_a.requires_grad_()
    crowd_loss(log_p, log_a, labels, 0.1).backward()
    gradient = log_a.grad.abs().amax(dim=(2, 3))                              # (B, R, H, W)
    assert not gradient[labels < 0].any()
    assert (gradient[labels >= 0] > 0).all()


def test_no_number_is_lost_to_rounding():
    """Chances of e^-200 are 0 in single precision; their logarithms are not."""
    log_p = torch.tensor([-200.0, 0.0]).view(1, 2, 1, 1).requires_grad_()
    log_a = torch.tensor([[0.0, -300.0], [-300.0, 0.0]])[None]
    loss = crowd_loss(log_p, log_a, torch.zeros(1, 1, 1, 1, dtype=torch.long), 0)
    assert loss.item() == pytest.approx(200)
    loss.backward()
    assert log_p.grad.flatten().tolist() == pytest.approx([-1, 0])


def test_an_impossible_label_that_is_masked_costs_nothing():
    log_p, labels = one_hot(torch.zeros(1, 1, 2, dtype=torch.long), 2).requires_grad_(), torch.tensor([[[[0, -1]]]])
    with torch.no_grad():
        log_p[0, :, 0, 1] = -torch.inf
    loss = crowd_loss(log_p, torch.eye(2, dtype=F64).log()[None], labels, 0)
    loss.backward()
    assert loss == 0
    assert not log_p.grad[..., 1].any()


def test_terms_are_per_image_and_rater():
    log_p, log_a, labels = drawn()
    labels[0, 1] = -1
    cross_entropy, traces, pixels = crowd_terms(log_p, log_a, labels)
    assert cross_entropy.shape == traces.shape == pixels.shape == (3, 4)
    assert cross_entropy[0, 1] == traces[0, 1] == pixels[0, 1] == 0
    assert torch.equal(pixels, (labels >= 0).sum((2, 3)))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_both_outputs_are_convolutions_of_the_last_features(layout):
    net = network("pixel", {}, noise=1.0).double().to(memory_format=layout)
    x = torch.randn(2, 2, 6, 7, dtype=F64).contiguous(memory_format=layout)      # padded inside, and cut back
    features = net.body(x)
    logits = functional.conv2d(features, net.weight, net.bias).unflatten(1, (3, 4, 4))
    for found, expected in zip(net(x), (net.truth(features).log_softmax(1), logits.log_softmax(2)), strict=True):
        assert torch.allclose(found, expected, rtol=1e-12, atol=1e-12)


FAMILIES = [("pixel", {}), ("global", {}), ("low_rank", {"rank": 1}), ("low_rank", {"rank": 2}),
            ("low_rank", {"rank": 4}), ("low_rank", {"rank": 1, "diagonal": True}),
            ("low_rank", {"rank": 2, "diagonal": True})]


def network(confusion, options, classes=4, noise=0.0):
    torch.manual_seed(0)
    net = CrowdNet(2, classes, 3, confusion, width=3, depth=1, **options)
    for parameter in (net.bias, net.weight):
        if parameter is not None and noise:
            torch.nn.init.normal_(parameter, std=noise)
    return net


@pytest.mark.parametrize("confusion, options", FAMILIES)
@pytest.mark.parametrize("noise", [0, 1, 10])
def test_columns_sum_to_one(confusion, options, noise):
    log_p, log_a = network(confusion, options, noise=noise)(torch.randn(2, 2, 6, 7))
    assert log_p.shape == (2, 4, 6, 7)
    assert log_a.shape == ((1, 3, 4, 4, 1, 1) if confusion == "global" else (2, 3, 4, 4, 6, 7))
    for log, axis in ((log_p, 1), (log_a, 2)):
        assert torch.isfinite(log).all()
        assert (log.exp().sum(axis) - 1).abs().max() < 1e-6


@pytest.mark.parametrize("confusion, options", FAMILIES)
def test_start_is_near_the_identity_and_the_same_everywhere(confusion, options):
    log_a = network(confusion, options)(torch.randn(2, 2, 6, 7))[1]
    a = log_a.exp()[0, 0, :, :, 0, 0].double().detach()
    assert torch.allclose(log_a.exp(), a.to(log_a)[..., None, None].expand_as(log_a), atol=1e-6)
    rank = options.get("rank", 4)
    if options.get("diagonal") or rank == 4:
        assert torch.diagonal(a).min() > 0.95 - 1e-6
    else:                                      # no matrix of this rank is nearer to the identity than sqrt(4 - rank)
        assert torch.linalg.norm(a - torch.eye(4)) < (4 - rank) ** 0.5 + 0.1
        assert torch.trace(a) > 0.93 * rank    # and no column-stochastic one has a larger trace than its rank


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_low_rank_has_its_rank(rank):
    net = network("low_rank", {"rank": rank}, noise=1.0).double()
    a = net(torch.randn(2, 2, 5, 5, dtype=F64))[1].exp().movedim((2, 3), (-2, -1))       # (B, R, H, W, K, K)
    assert (torch.linalg.matrix_rank(a, rtol=1e-9) == rank).all()


def test_low_rank_beside_a_diagonal():
    """Off the diagonal A = D + u v' of rank 1 is u v': every 2x2 piece that avoids the diagonal has determinant 0."""
    net = network("low_rank", {"rank": 1, "diagonal": True}, noise=1.0).double()
    a = net(torch.randn(2, 2, 5, 5, dtype=F64))[1].exp()
    assert (a[:, :, 0, 2] * a[:, :, 1, 3] - a[:, :, 0, 3] * a[:, :, 1, 2]).abs().max() < 1e-15
    assert (torch.linalg.matrix_rank(a.movedim((2, 3), (-2, -1)), rtol=1e-9) == 4).all()


@pytest.mark.parametrize("rank", [1, 2])
def test_low_rank_is_the_product_of_its_parts(rank):
    net = network("low_rank", {"rank": rank, "diagonal": True}, noise=1.0).double()
    bias = net.bias.view(3, -1)
    u = bias[:, :4 * rank].view(3, 4, rank).softmax(1)
    v = bias[:, 4 * rank:].view(3, rank + 1, 4).softmax(1)
    net.still = True
    found = net(torch.randn(1, 2, 4, 4, dtype=F64))[1].exp()[0, ..., 0, 0]
    assert torch.allclose(found, u @ v[:, :rank] + torch.diag_embed(v[:, rank]), atol=1e-14)


@pytest.mark.parametrize("confusion, options", FAMILIES)
def test_every_parameter_learns(confusion, options):
    net = network(confusion, options)
    labels = torch.randint(4, (2, 3, 6, 7), generator=torch.Generator().manual_seed(0))
    crowd_loss(*net(torch.randn(2, 2, 6, 7)), labels, 0.1).backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in net.parameters() if parameter.ndim != 1)
    assert net.bias.grad.abs().max() > 0


def test_while_still_the_matrices_know_no_image():
    net = network("pixel", {}, noise=1.0)
    net.still = True
    log_p, log_a = net(torch.randn(2, 2, 6, 7))
    assert log_a.shape == (1, 3, 4, 4, 1, 1)
    crowd_loss(log_p, log_a, torch.zeros(2, 3, 6, 7, dtype=torch.long)).backward()
    assert net.weight.grad is None


def test_labels_in_every_form():
    said = np.random.default_rng(0).integers(0, 3, (5, 4, 6, 7))
    assert as_crowd_labels(said, 3).dtype == np.int8
    assert as_crowd_labels(said + 200, 300).dtype == np.int16
    as_list = as_crowd_labels([said[:, 0], None, said[:, 2]], 3)
    assert np.array_equal(as_list[:, [0, 2]], said[:, [0, 2]])
    assert (as_list[:, 1] == -1).all()
    rater = np.array([0, 3, 1, 1, 2])
    single = one_label_per_image(said, rater)
    for s, r in enumerate(rater):
        assert np.array_equal(single[s, r], said[s, r])
        assert (np.delete(single[s], r, 0) == -1).all()


P, A, Y = drawn(missing=0)


@pytest.mark.parametrize("call, sentence", [
    (lambda: crowd_loss(P, A, Y + 1), r"labels holds values from 1 to 3, expected 0 to 2, or -1 where"),
    (lambda: crowd_loss(P, A, Y - 2), r"labels holds values from -2 to 0, expected 0 to 2, or -1 where"),
    (lambda: crowd_loss(P, A, Y.double()), r"labels holds torch.float64 values, expected integers\."),
    (lambda: crowd_loss(P, A, torch.cat([Y[:2], -torch.ones_like(Y[:1])])), r"labels of image 2 are all -1, expected"),
    (lambda: crowd_loss(P, A, Y, -0.1), r"trace_weight is -0.1, expected a number of at least 0\."),
    (lambda: crowd_loss(P, A, Y, float("nan")), r"trace_weight is nan, expected a number of at least 0\."),
    (lambda: crowd_loss(P, A, Y[:2]), r"labels has shape \(2, 4, 4, 5\), expected \(3, R, 4, 5\)"),
    (lambda: crowd_loss(P, A, Y[:, 0]), r"labels has shape \(3, 4, 5\), expected \(3, R, 4, 5\)"),
    (lambda: crowd_loss(P, A[:, :2], Y), r"log_confusion has shape \(3, 2, 3, 3, 4, 5\), expected \(3, 4, 3"),
    (lambda: crowd_loss(P[:, 0, 0], A, Y), r"log_probability has shape \(3, 5\), expected \(B, K, \*space\)\."),
    (lambda: crowd_loss(P, A, Y, ce="max"), r"ce is 'max', expected 'mean' or 'sum'\."),
    (lambda: crowd_loss(P, A, Y, raters=None), r"raters is None, expected 'sum' or 'mean'\."),
    (lambda: CrowdNet(1, 1, 3), r"classes is 1, expected a whole number of at least 2\."),
    (lambda: CrowdNet(1, 2, 0), r"raters is 0, expected a whole number of at least 1\."),
    (lambda: CrowdNet(1, 2, 3, "pixels"), r"confusion is 'pixels', expected one of pixel, global, low_rank\."),
    (lambda: CrowdNet(1, 2, 3, "low_rank", rank=3), r"rank is 3, expected at most 2, the number of classes\."),
    (lambda: CrowdNet(1, 2, 3, start=0.5), r"start is 0.5, expected a number above 0.5 and below 1\."),
    (lambda: as_crowd_labels(Y.numpy(), 2), r"labels holds values from 0 to 2, expected 0 to 1, or -1 where"),
    (lambda: as_crowd_labels(np.full((2, 3, 4, 4), -1), 2), r"labels of image 0 are all -1, expected at least one"),
    (lambda: as_crowd_labels(np.zeros((2, 4)), 2), r"labels has shape \(2, 4\), expected \(S, R, \*space\)\."),
    (lambda: as_crowd_labels(np.zeros((2, 1, 4)), 2), r"labels holds float64 values, expected bool or integers\."),
    (lambda: as_crowd_labels([None, None], 2), r"labels holds no labels, expected those of at least one rater\."),
    (lambda: as_crowd_labels([np.zeros((2, 4), int), np.zeros((3, 4), int)], 2), r"labels holds shapes \(2, 4\) and"),
    (lambda: one_label_per_image(Y.numpy(), np.array([0, 4, 1])), r"rater holds values from 0 to 4, expected 0 to 3\."),
    (lambda: one_label_per_image(Y.numpy(), np.array([0, -1, 1])), r"rater holds values from -1 to 1, expected 0 to 3"),
    (lambda: one_label_per_image(Y.numpy(), np.array([0, 1])), r"rater is int64 of shape \(2,\), expected one integer"),
])
def test_bad_input_gets_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence) as refusal:
        call()
    assert "\n" not in str(refusal.value)
