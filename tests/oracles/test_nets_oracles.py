"""Networks' pieces against scipy: rotation by its affine transform, convolutions by its correlation."""

import numpy as np
import pytest
import torch
from scipy import ndimage, signal

from helpers.nets import UNet, rotate


@pytest.mark.parametrize("size", [(9, 9), (12, 21), (30, 11)])
@pytest.mark.parametrize("degrees", [-5.0, -0.3, 4.0, 65.0, 180.0])
def test_rotation_against_scipy(size, degrees):
    """Pixel (r, c) of the result is pixel (cos r + sin c, -sin r + cos c) of the picture, about its centre."""
    x = np.random.default_rng(0).random((2, *size))
    cos, sin, middle = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees)), (np.array(size) - 1) / 2
    turn = np.array([[cos, sin], [-sin, cos]])
    found = rotate(torch.from_numpy(x)[None], torch.tensor([degrees], dtype=torch.float64))[0].numpy()
    for mine, picture in zip(found, x, strict=True):
        expected = ndimage.affine_transform(picture, turn, middle - turn @ middle, order=1, mode="grid-constant")
        np.testing.assert_allclose(mine, expected, atol=1e-12)
        same = ndimage.rotate(picture, degrees, reshape=False, order=1, mode="grid-constant")
        np.testing.assert_allclose(mine, same, atol=1e-12)


def test_a_network_of_depth_one_against_scipy():
    """The forward pass written with numpy and scipy, weights and running statistics read off the network."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = UNet(2, 2, width=2, depth=1).double()
        model(3 * torch.randn(5, 2, 8, 8, dtype=torch.float64) + 1)     # gives the normalisations something to know
    model.eval()
    w = {name: values.detach().numpy() for name, values in model.state_dict().items()}

    def twice(x, name):
        for k in (0, 3):
            kernels = w[f"{name}.{k}.weight"]
            x = np.stack([sum(map(lambda a, b: signal.correlate2d(a, b, "same"), x, out)) for out in kernels])
            mean, variance, scale, shift = (w[f"{name}.{k + 1}.{part}"][:, None, None]
                                            for part in ("running_mean", "running_var", "weight", "bias"))
            x = np.maximum((x - mean) / np.sqrt(variance + 1e-5) * scale + shift, 0)
        return x

    x = np.random.default_rng(1).normal(size=(2, 6, 8))
    kept = twice(x, "down.0")
    coarse = twice(kept.reshape(2, 3, 2, 4, 2).max((2, 4)), "down.1")
    kernel = w["up.0.weight"]                                           # (in, out, 2, 2)
    fine = sum(np.kron(coarse[i][None], kernel[i]) for i in range(4)) + w["up.0.bias"][:, None, None]
    joined = twice(np.concatenate([fine, kept]), "join.0")
    expected = np.tensordot(w["last.weight"][:, :, 0, 0], joined, 1) + w["last.bias"][:, None, None]
    with torch.no_grad():
        found = model(torch.from_numpy(x)[None])[0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-12)
