"""Losses and activations: values worked out by hand, gradients against differences, refusals."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.nets import adaptive_wing, normalised_relu, soft_dice_loss

CODE = {"omega": 14.0, "theta": 0.5, "alpha": 2.1, "epsilon": 1.0}      # the constants of the published code


def of(*values, grad=False):
    return torch.tensor(values, dtype=torch.float64, requires_grad=grad)


def test_soft_dice_by_hand():
    """Q = T + 0.3 D: sum(QP) = .9 + .3*.4 = 1.02; (sum P + sum Q)/2 = (1.5 + 1.3)/2 = 1.4."""
    assert soft_dice_loss(of(0.9, 0.4, 0.2), of(1, 0.3, 0)).item() == pytest.approx(-1.02 / 1.4, abs=1e-15)
    assert soft_dice_loss(of([0.9], [0.4], [0.2]), of([1], [1], [0])).item() == pytest.approx(-2.6 / 3.5, abs=1e-15)


def test_soft_dice_at_its_ends():
    mask = of(1, 0, 1, 1)
    assert soft_dice_loss(mask, mask).item() == -1
    assert soft_dice_loss(1 - mask, mask).item() == 0
    nothing = of(0, 0, 0, grad=True)
    empty = soft_dice_loss(nothing, of(0, 0, 0))
    empty.backward()
    assert empty.item() == -1
    assert torch.isfinite(nothing.grad).all()


def test_a_network_that_failed_is_not_perfect():
    assert soft_dice_loss(of(math.nan, 0.5), of(1, 0)).isnan()


def test_gradients_are_those_of_differences():
    draw = torch.Generator().manual_seed(0)
    p, q = torch.rand(2, 2, 3, 3, generator=draw, dtype=torch.float64)
    assert torch.autograd.gradcheck(soft_dice_loss, (p.requires_grad_(), q.requires_grad_()))
    assert torch.autograd.gradcheck(adaptive_wing, (p, q))
    assert torch.autograd.gradcheck(lambda p: adaptive_wing(p, q, **CODE, reduction="none"), (p,))
    x = torch.randn(2, 1, 3, 2, generator=draw, dtype=torch.float64).requires_grad_()
    y = torch.randn(2, 3, 3, 2, generator=draw, dtype=torch.float64).requires_grad_()
    for scope in ("sample", "batch"):
        assert torch.autograd.gradcheck(lambda x, scope=scope: normalised_relu(x, scope), (x,))
        assert torch.autograd.gradcheck(lambda x, scope=scope: normalised_relu(x, scope), (y,))


@pytest.mark.parametrize("target, pred, expected", [
    (0.0, 0.1, 0.1107666), (0.0, 0.5, 2.9352351), (0.3, 0.1, 0.7520810), (1.0, 0.3, 7.3200279), (1.0, 0.0, 10.2593828),
])
def test_adaptive_wing_with_the_constants_of_the_code(target, pred, expected):
    assert adaptive_wing(of(pred), of(target), **CODE).item() == pytest.approx(expected, abs=1e-6)
    mine = adaptive_wing(of(pred), of(target)).item()               # omega is a factor, 8 in the paper
    assert mine == pytest.approx(expected * 8 / 14, abs=1e-6)


def test_adaptive_wing_by_hand():
    """Target 0.1, so the exponent is 2 and the derivative at theta = 0.5 is 8 * 2 * 0.5 / (1 + 0.25) = 6.4."""
    near = adaptive_wing(of(0.5), of(0.1)).item()
    far = adaptive_wing(of(0.9), of(0.1)).item()
    assert near == pytest.approx(8 * math.log(1.16), abs=1e-12)
    assert far == pytest.approx(8 * math.log(1.25) + 6.4 * 0.3, abs=1e-12)
    scaled = adaptive_wing(of(0.9), of(0.1), omega=3, theta=1, epsilon=0.5).item()
    assert scaled == pytest.approx(3 * math.log(1 + 1.6**2), abs=1e-12)


@settings(max_examples=40)
@given(target=st.floats(0, 1), theta=st.floats(0.05, 0.95), epsilon=st.floats(0.3, 3))
def test_adaptive_wing_is_whole_at_theta_and_zero_at_the_target(target, theta, epsilon):
    """Values and slopes meet where the curve becomes a line; at pred = target both are 0."""
    asked = {"theta": theta, "epsilon": epsilon}
    y = of(target)
    at = of(target, grad=True)
    adaptive_wing(at, y, **asked).backward()
    assert adaptive_wing(at, y, **asked).item() == 0
    assert at.grad.item() == 0
    value, slope = [], []
    for d in (theta * (1 - 1e-9), theta * (1 + 1e-9)):
        p = (y + d).requires_grad_()
        loss = adaptive_wing(p, y, **asked)
        loss.backward()
        value.append(loss.item())
        slope.append(p.grad.item())
    assert slope[0] > 0
    assert value[1] == pytest.approx(value[0], rel=1e-7)            # 2e-9 relative steps, exponents of at most 2.1
    assert slope[1] == pytest.approx(slope[0], rel=1e-7)


def test_reductions():
    p, y = of(0.1, 0.9, 0.4), of(0.0, 1.0, 0.3)
    each = adaptive_wing(p, y, reduction="none")
    assert each.shape == (3,)
    assert adaptive_wing(p, y, reduction="sum").item() == pytest.approx(each.sum().item(), abs=1e-15)
    assert adaptive_wing(p, y).item() == pytest.approx(each.sum().item() / 3, abs=1e-15)


def test_normalised_relu_by_hand():
    x = of([[[2.0, -1.0, 1.0]], [[8.0, 4.0, 0.0]]]).reshape(2, 1, 1, 3)
    assert normalised_relu(x).flatten().tolist() == [1, 0, 0.5, 1, 0.5, 0]
    assert normalised_relu(x, "batch").flatten().tolist() == [0.25, 0, 0.125, 1, 0.5, 0]
    three = of(1.0, 2.0, 1.0).reshape(1, 3, 1, 1)                   # background, class 1, class 2
    for scope in ("sample", "batch"):
        assert normalised_relu(three, scope).flatten().tolist() == [0.25, 0.5, 0.25]
    assert normalised_relu(of([-1.0, 0.0, 3.0])).tolist() == [[0, 0, 1]]


@settings(max_examples=30)
@given(seed=st.integers(0, 99), classes=st.sampled_from([1, 2, 4]))
def test_normalised_relu_is_a_probability_of_one_sample(seed, classes):
    draw = torch.Generator().manual_seed(seed)
    sizes = torch.tensor([0.01, 1, 100]).view(3, 1, 1, 1)
    x = torch.randn(3, classes, 5, 4, generator=draw, dtype=torch.float64) * sizes
    p = normalised_relu(x)
    assert p.shape == x.shape
    assert p.min() >= 0
    assert p.max() <= 1
    assert torch.equal(p, torch.cat([normalised_relu(one) for one in x.split(1)]))      # no neighbour counts
    if classes > 1:
        assert torch.allclose(p.sum(dim=1), torch.ones(()).double(), atol=1e-15 * classes)
    else:
        assert (p.amax((1, 2, 3)) == 1).all()
        assert torch.allclose(normalised_relu(x, "batch"), x.relu() / x.max(), atol=1e-15)


@pytest.mark.parametrize("scope", ["sample", "batch"])
def test_logits_without_a_positive_one(scope):
    one, many = (-torch.ones(2, k, 3, 4, requires_grad=True) for k in (1, 3))
    one.retain_grad()
    many.retain_grad()
    p, q = normalised_relu(one, scope), normalised_relu(many, scope)
    assert not p.any()
    assert torch.equal(q, torch.eye(3)[0].view(1, 3, 1, 1).expand(q.shape))             # background
    (p.sum() + q[:, 1].sum()).backward()
    assert torch.isfinite(one.grad).all()
    assert torch.isfinite(many.grad).all()
    assert normalised_relu(torch.full((1, 1, 2), math.nan), scope).isnan().all()


@pytest.mark.parametrize("call, sentence", [
    (lambda: soft_dice_loss(of(0.5), of(0.5, 0.5)), r"soft has shape \(2,\), expected \(1,\), as probability\."),
    (lambda: adaptive_wing(of(0.5), of(0.5, 0.5)), r"target has shape \(2,\) and pred \(1,\), expected one shape"),
    (lambda: adaptive_wing(of(), of()), r"target has shape \(0,\) .* at least one pixel\."),
    (lambda: adaptive_wing(of(0), of(0), omega=0), r"omega is 0, expected a finite number above 0\."),
    (lambda: adaptive_wing(of(0), of(0), theta=-0.5), r"theta is -0.5, expected a finite number above 0\."),
    (lambda: adaptive_wing(of(0), of(0), epsilon=math.inf), r"epsilon is inf, expected a finite number above 0\."),
    (lambda: adaptive_wing(of(0), of(0), alpha=1.9), r"alpha is 1.9, expected at least 2: .* has no bound\."),
    (lambda: adaptive_wing(of(0), of(0), reduction="max"), r"reduction is 'max', expected 'mean', 'sum' or 'none'\."),
    (lambda: normalised_relu(of(1.0, 2.0)), r"x has shape \(2,\), expected \(B, K, \*space\) with at least one pixel"),
    (lambda: normalised_relu(torch.ones(0, 1, 3)), r"x has shape \(0, 1, 3\), expected"),
    (lambda: normalised_relu(of([1.0]), scope="image"), r"scope is 'image', expected 'sample' or 'batch'\."),
])
def test_refusals(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
