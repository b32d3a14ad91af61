"""The U-Net: sizes, what it is made of, what it must not depend on."""

import numpy as np
import pytest
import torch

from helpers.nets import UNet, load_weights, save_weights


def network(*args, **kwargs):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return UNet(*args, **kwargs)


@pytest.mark.parametrize("channels, classes, width, depth, parameters", [
    # blocks i->w: 9iw + 9ww + 4w; transposed 2w->w: 8ww + w; last: (w + 1) classes
    (2, 3, 5, 0, 335 + 18),
    (1, 2, 4, 1, 196 + 896 + 132 + 448 + 10),
    (4, 1, 8, 3, (896 + 3520 + 13952 + 55552) + (520 + 2064 + 8224) + (1760 + 6976 + 27776) + 9),
])
def test_parameters_counted_by_hand(channels, classes, width, depth, parameters):
    assert sum(p.numel() for p in UNet(channels, classes, width, depth).parameters()) == parameters


@pytest.mark.parametrize("height, width", [(1, 1), (5, 3), (8, 8), (9, 16), (16, 31), (7, 33)])
def test_any_height_and_width(height, width):
    """The logits have the size of the picture, and are those of the picture padded with 0 by hand."""
    model = network(2, 3, width=2, depth=3).eval()
    x = torch.randn(2, 2, height, width, generator=torch.Generator().manual_seed(1))
    padded = torch.zeros(2, 2, -(-height // 8) * 8, -(-width // 8) * 8)
    padded[..., :height, :width] = x
    with torch.no_grad():
        logits = model(x)
        assert logits.shape == (2, 3, height, width)
        assert torch.allclose(logits, model(padded)[..., :height, :width], atol=1e-6)


def test_every_weight_takes_part():
    model = network(2, 1, width=2, depth=2)
    model(torch.randn(2, 2, 12, 10, generator=torch.Generator().manual_seed(1))).square().sum().backward()
    for name, p in model.named_parameters():
        assert p.grad is not None and p.grad.abs().max() > 0, name


def test_a_shift_by_the_coarsest_pixel_shifts_the_logits():
    """Pools and strides keep a shift by 2^depth. Depth 1 sees 2 + 4 + 4 pixels to each side, rounded up; 12 remain."""
    model = network(1, 1, width=3, depth=1).eval().double()
    x = torch.randn(1, 1, 40, 40, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    with torch.no_grad():
        here, there = model(x), model(x.roll((2, -2), (2, 3)))
    assert torch.allclose(here.roll((2, -2), (2, 3))[..., 14:26, 14:26], there[..., 14:26, 14:26], atol=1e-12)
    assert not torch.allclose(here[..., 14:26, 14:26], there[..., 14:26, 14:26], atol=1e-3)


@pytest.mark.parametrize("argument, value, sentence", [
    ("channels", 0, "channels is 0, expected a whole number of at least 1."),
    ("classes", -1, "classes is -1, expected a whole number of at least 1."),
    ("width", 2.5, "width is 2.5, expected a whole number of at least 1."),
    ("depth", -1, "depth is -1, expected a whole number of at least 0."),
    ("depth", True, "depth is True, expected a whole number of at least 0."),
])
def test_arguments_that_make_no_network(argument, value, sentence):
    with pytest.raises(ValueError) as refusal:
        UNet(**({"channels": 1} | {argument: value}))
    assert str(refusal.value) == sentence


@pytest.mark.parametrize("shape", [(2, 2, 8, 8), (3, 8, 8)])
def test_pictures_of_other_channels(shape):
    with pytest.raises(ValueError) as refusal:
        network(3, width=1)(torch.zeros(shape))
    assert str(refusal.value) == f"images have shape {shape}, expected (B, 3, H, W)."


def test_weights_come_back(tmp_path):
    model, other = network(2, 2, width=2, depth=1), UNet(2, 2, width=2, depth=1)
    model(torch.randn(3, 2, 8, 8))                                  # so that the running means are not those at birth
    save_weights(model, tmp_path / "weights.pt")
    assert load_weights(other, str(tmp_path / "weights.pt")) is other
    for name, values in model.state_dict().items():
        assert torch.equal(values, other.state_dict()[name]), name
    assert [path.name for path in tmp_path.iterdir()] == ["weights.pt"]


class Runs:
    """What a hostile file would hold: reading it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("kind, sentence", [
    ("missing", "expected a file that save_weights wrote."),
    ("text", "which is damaged or no weights, expected a file that save_weights wrote."),
    ("cut", "which is damaged or no weights, expected a file that save_weights wrote."),
    ("list", "which is damaged or no weights, expected a file that save_weights wrote."),
    ("hostile", "which is damaged or no weights, expected a file that save_weights wrote."),
    ("wider", "where down.0.0.weight is (3, 2, 3, 3), expected (2, 2, 3, 3) as in model."),
    ("deeper", "where down.2.0.weight is (8, 4, 3, 3), expected no such weights as in model."),
    ("other", "where down.0.0.weight is missing, expected (2, 2, 3, 3) as in model."),
])
def test_a_foreign_file_is_refused_and_changes_nothing(tmp_path, kind, sentence):
    path, ran = tmp_path / "weights.pt", tmp_path / "ran"
    save_weights({"wider": network(2, width=3, depth=1), "deeper": network(2, width=2, depth=2),
                  "other": torch.nn.Linear(2, 2)}.get(kind, network(2, width=2, depth=1)), path)
    if kind == "missing":
        path.unlink()
    elif kind == "text":
        path.write_text("patient,dice\n1,0.7\n")
    elif kind == "cut":
        path.write_bytes(path.read_bytes()[:3000])
    elif kind == "list":
        torch.save([1, 2], path)
    elif kind == "hostile":
        torch.save({"down": Runs(str(ran))}, path)
    model = network(2, width=2, depth=1)
    before = {name: values.clone() for name, values in model.state_dict().items()}
    with pytest.raises(ValueError) as refusal:
        load_weights(model, path)
    assert str(refusal.value) == f"path is {str(path)!r}, {sentence}"
    assert not ran.exists()
    assert all(torch.equal(before[name], values) for name, values in model.state_dict().items())


def test_weights_are_numbers_only(tmp_path):
    save_weights(network(1, width=1, depth=0), tmp_path / "w")
    found = torch.load(tmp_path / "w", weights_only=True)
    assert all(np.isfinite(values.numpy()).all() for values in found.values())
