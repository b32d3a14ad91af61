"""Rotations of pictures and masks: sense, centre and pixels; tests/oracles compares with scipy."""

import math

import pytest
import torch

from helpers.nets import rotate


def smooth(height, width):
    """Waves of 16 pixels and more; second derivatives of at most (2 pi / 16)^2 / 2 along each axis."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    step = 2 * math.pi / 16
    return ((torch.sin(step * x) + torch.cos(step * y)) / 2).double().view(1, 1, height, width)


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (7, 12), (33, 20)])
def test_no_angle_is_the_picture_itself(size):
    x = torch.rand(3, 2, *size, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(rotate(x, torch.zeros(3)), x, atol=1e-5)     # positions are rounded to 33 * 2^-23
    x = x.double()
    assert torch.allclose(rotate(x, torch.zeros(3)), x, atol=1e-12)


@pytest.mark.parametrize("degrees", [-5.0, 2.0, 5.0, 40.0])
def test_there_and_back(degrees):
    """Interpolating between pixels errs by at most an eighth of the second derivatives, once each way."""
    x = smooth(64, 48)
    back = rotate(rotate(x, torch.tensor([degrees])), torch.tensor([-degrees]))
    y, z = torch.meshgrid(torch.arange(64) - 31.5, torch.arange(48) - 23.5, indexing="ij")
    inside = (y**2 + z**2).sqrt() < 22
    bound = 2 * (2 * (2 * math.pi / 16) ** 2 / 2) / 8
    assert (back - x)[0, 0][inside].abs().max() < bound
    assert (rotate(x, torch.tensor([degrees])) - x)[0, 0][inside].abs().max() > bound       # it did turn


def test_sense_and_centre_on_a_wide_picture():
    """A quarter turn against the clock, rows counted downwards: right goes up. In pixels, whatever the sides."""
    x = torch.zeros(1, 1, 5, 9)
    x[0, 0, 2, 4] = 1                                                   # the centre stays
    x[0, 0, 2, 6] = 2                                                   # two to the right
    x[0, 0, 2, 8] = 4                                                   # falls out
    x[0, 0, 0, 3] = 3                                                   # two up, one to the left
    expected = torch.zeros(1, 1, 5, 9)
    expected[0, 0, 2, 4] = 1
    expected[0, 0, 0, 4] = 2
    expected[0, 0, 3, 2] = 3
    assert torch.allclose(rotate(x, torch.tensor([90.0])), expected, atol=1e-5)
    assert torch.allclose(rotate(x.mT, torch.tensor([-90.0])), expected.mT, atol=1e-5)      # mirrored


def test_each_picture_has_its_own_angle_and_its_channels_turn_together():
    x = torch.rand(3, 1, 12, 9, generator=torch.Generator().manual_seed(0)).double().expand(3, 4, 12, 9)
    angles = torch.tensor([3.0, 0.0, -5.0])
    turned = rotate(x, angles)
    for k in range(3):
        assert torch.allclose(turned[k : k + 1], rotate(x[k : k + 1], angles[k : k + 1]), atol=1e-12)
    assert torch.equal(turned[:, :1].expand(3, 4, 12, 9), turned)


def test_masks_become_soft():
    masks = (torch.rand(40, 1, 20, 24, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    turned = rotate(masks, torch.linspace(-5, 5, 40))
    assert turned.min() >= 0
    assert turned.max() <= 1 + 4 * 2**-24                               # four weights, rounded
    assert ((turned > 0.01) & (turned < 0.99)).float().mean() > 0.3
    disc = ((torch.arange(31) - 15.0) ** 2 + (torch.arange(31).view(-1, 1) - 15.0) ** 2 <= 100).float()
    turned = rotate(disc.view(1, 1, 31, 31), torch.tensor([5.0]))
    assert turned.sum().item() == pytest.approx(disc.sum().item(), rel=0.01)                # a rim voxel or two
