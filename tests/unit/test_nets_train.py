"""The training loop: what it repeats, what it leaves alone, what it stops at, what it refuses."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from helpers.nets import UNet, rotate, soft_dice_loss, train

DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available()


def pictures(slices=14, channels=2, size=(12, 10), marked=None, seed=0):
    """Noise with a brighter square, marked in the slices named; float32, as `image_slices` gives."""
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(slices, channels, *size)).astype(np.float32)
    targets = np.zeros((slices, *size), np.float32)
    for s in range(slices) if marked is None else marked:
        row, column = rng.integers(0, 6, 2)
        targets[s, row : row + 4, column : column + 4] = 1
        images[s, 0, row : row + 4, column : column + 4] += 3
    return images, targets


class Spy(nn.Module):
    """A network of one 1x1 convolution that notes every picture it is shown."""

    def __init__(self, channels=2):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.last = nn.Conv2d(channels, 1, 1)
        self.shown = []

    def forward(self, x):
        self.shown.append((self.training, x.detach().cpu().clone()))
        return self.last(x)


def weights(network):
    return {name: values.cpu().clone() for name, values in network.model.state_dict().items()}


def equal(a, b):
    return all(torch.equal(a[name], b[name]) for name in a.keys() | b.keys())


@pytest.mark.parametrize("device", DEVICES)
def test_one_seed_gives_the_same_numbers_whatever_torch_drew_before(device):
    images, targets = pictures()
    runs = []
    with torch.random.fork_rng():
        for state in (1, 2):
            torch.manual_seed(state)
            runs.append(train(images, targets, epochs=3, seed=5, device=device))
    a, b = runs
    assert equal(weights(a), weights(b))
    assert np.array_equal(a.history, b.history)
    assert np.array_equal(a.training, b.training) and np.array_equal(a.validation, b.validation)
    other = train(images, targets, epochs=1, seed=6, device=device)
    assert not equal(weights(a), weights(other))
    assert not np.array_equal(a.validation, other.validation) or not np.array_equal(a.training, other.training)


def test_what_the_caller_has_is_left_alone():
    """Random states, global settings and arrays are after a training, and a refused one, what they were before."""
    images, targets = pictures()
    kept = images.copy(), targets.copy()
    small = torch.tensor(torch.finfo(torch.float32).tiny)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    for flushed in (False, True):
        torch.set_flush_denormal(flushed)
        train(images, targets, epochs=1)
        assert (float(small / 2) == 0) == flushed
        with pytest.raises(ValueError, match="^epochs"):
            train(images, targets, epochs=0)
        assert (float(small / 2) == 0) == flushed
    torch.set_flush_denormal(False)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002
    assert torch.is_grad_enabled()
    assert not torch.backends.cudnn.deterministic
    assert np.array_equal(images, kept[0]) and np.array_equal(targets, kept[1])


@pytest.mark.parametrize("slices, held_out, held", [(2, 0.2, 1), (10, 0.2, 2), (12, 0.2, 2), (13, 0.2, 3), (9, 0.5, 4)])
def test_the_split_is_disjoint_and_complete(slices, held_out, held):
    marked = np.arange(slices) * 2 + 1
    found = train(*pictures(2 * slices + 3, marked=marked), model=Spy(), epochs=1, held_out=held_out)
    assert len(found.validation) == held
    assert sorted([*found.training, *found.validation]) == marked.tolist()


def test_slices_without_target_are_never_shown():
    images, targets = pictures(marked=[0, 3, 4, 7, 9])
    shown = Spy()
    whole = train(images, targets, model=shown, epochs=2)
    empty = ~targets.any(axis=(1, 2))
    images[empty] = 1e9
    assert equal(weights(whole), weights(train(images, targets, model=Spy(), epochs=2)))
    per_epoch = sum(len(x) for _, x in shown.shown) / 2
    assert per_epoch == 5


def test_epochs_show_every_training_slice_once_and_validation_slices_as_they_are():
    images, targets = pictures(slices=13)
    model, held = Spy(), []

    def loss(p, q):
        held.append((torch.is_grad_enabled(), q.cpu().clone()))
        return soft_dice_loss(p, q)

    found = train(images, targets, model=model, loss=loss, epochs=2, batch=4, degrees=0)
    for training, which in ((True, found.training), (False, found.validation)):
        x, q = (torch.cat([x for mode, x in shown if mode == training]).numpy() for shown in (model.shown, held))
        for epoch in np.split(np.arange(2 * len(which)), 2):
            order = [which[np.abs(images[which] - picture).max(axis=(1, 2, 3)).argmin()] for picture in x[epoch]]
            assert sorted(order) == sorted(which)
            np.testing.assert_allclose(x[epoch], images[order], atol=1e-4)      # degrees = 0: but for rounding
            np.testing.assert_allclose(q[epoch][:, 0], targets[order], atol=1e-5)
    orders = [x.numpy().tobytes() for mode, x in model.shown if mode]
    assert orders[: len(orders) // 2] != orders[len(orders) // 2 :]             # drawn anew each epoch
    assert [len(x) for mode, x in model.shown if mode] == [4, 4, 2] * 2


def test_images_and_masks_turn_together_within_the_degrees():
    """With the mask as the image, each shown picture is the mask turned by one angle of the range."""
    targets = pictures(slices=6, size=(24, 20))[1]
    targets[:, 2:20, 9:11] = 1                                      # long: its ends tell the angle
    model, soft = Spy(1), []

    def loss(p, q):
        soft.append((torch.is_grad_enabled(), q.clone()))
        return soft_dice_loss(p, q)

    train(targets[:, None], targets, model=model, loss=loss, epochs=20, degrees=5)
    x = torch.cat([x for training, x in model.shown if training])
    assert torch.equal(x, torch.cat([q for training, q in soft if training]))
    assert ((x > 0.01) & (x < 0.99)).any(dim=(1, 2, 3)).float().mean() > 0.9
    grid = torch.arange(-7, 7.1, 0.25)
    fan = torch.cat([rotate(torch.from_numpy(mask).expand(len(grid), 1, -1, -1), grid) for mask in targets])
    angles = grid.repeat(len(targets))[torch.cdist(x.flatten(1), fan.flatten(1)).argmin(dim=1)]
    assert angles.abs().max() <= 5
    assert angles.min() < -4 and angles.max() > 4                   # 100 angles: missing an end has chance 0.9^100
    assert all(set(q.unique().tolist()) <= {0, 1} for training, q in soft if not training)


@pytest.mark.parametrize("watched, patience, epochs, best", [
    ([3, 2, 1, 2, 3, 0], 2, 5, 2),                                  # stops before it would see the 0
    ([3, 2, 1, 2, 3, 0], 3, 6, 5),
    ([1, 1, 1, 1, 1, 1], 4, 5, 0),                                  # equal is not better
    ([5, 4, 3, 2, 1, 0], 1, 6, 5),
])
def test_early_stopping_keeps_the_weights_of_the_best_epoch(watched, patience, epochs, best):
    model, script, after = Spy(), iter(watched), []

    def loss(p, q):
        if torch.is_grad_enabled():
            return soft_dice_loss(p, q)
        after.append({name: values.clone() for name, values in model.state_dict().items()})
        return torch.tensor(float(next(script)))

    found = train(*pictures(), model=model, loss=loss, epochs=6, patience=patience)
    assert len(found.history) == epochs
    assert found.history[:, 1].tolist() == watched[:epochs]
    assert found.best == best
    assert found.model is model
    assert equal(weights(found), after[best])
    assert all(not equal(a, b) for a, b in itertools.pairwise(after))


def test_the_losses_of_the_history():
    """The validation loss of the best epoch is that of the network handed back; the loss falls."""
    images, targets = pictures(slices=30)
    found = train(images, targets, epochs=6, seed=1)
    found.model.eval()
    with torch.no_grad():
        p = torch.sigmoid(found.model(torch.from_numpy(images[found.validation])))
    again = soft_dice_loss(p, torch.from_numpy(targets[found.validation])[:, None]).item()
    assert found.best == found.history[:, 1].argmin()
    assert found.history[found.best, 1] == pytest.approx(again, abs=1e-5)
    assert found.history[-1, 0] < found.history[0, 0]


def test_several_classes():
    images, targets = pictures()
    both = np.stack([targets, 1 - targets], axis=1)
    found = train(images, both, epochs=1, activation=lambda x: x.softmax(dim=1))
    assert found.model(torch.zeros(1, 2, 5, 5)).shape == (1, 2, 5, 5)


def test_nothing_is_printed_unless_asked(capfd, monkeypatch):
    images, targets = pictures()
    clock = itertools.count(0, 1.5)
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    train(images, targets, model=Spy(), epochs=3)
    assert capfd.readouterr() == ("", "")
    train(images, targets, model=Spy(), epochs=3, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "epoch 1/3" not in err and "epoch 2/3" in err and "epoch 3/3" in err       # from the third second on


def with_changes(**changes):
    images, targets = pictures()
    return {"images": images, "targets": targets, "epochs": 1} | changes


IMAGES, TARGETS = pictures()


@pytest.mark.parametrize("change, sentence", [
    ({"images": IMAGES[0]}, r"images has shape \(2, 12, 10\), expected \(S, C, H, W\)\."),
    ({"images": IMAGES[:0], "targets": TARGETS[:0]}, r"images has shape \(0, 2, 12, 10\), expected at least one slice"),
    ({"images": IMAGES * np.nan}, r"images holds values that are not finite, expected finite numbers\."),
    ({"targets": TARGETS[:3]}, r"targets has shape \(3, 1, 12, 10\), expected slices like those of images"),
    ({"targets": TARGETS[:, 1:]}, r"targets has shape \(14, 1, 11, 10\), expected slices like those of images"),
    ({"targets": TARGETS[0]}, r"targets has shape \(12, 10\), expected slices like those of images"),
    ({"targets": 2 * TARGETS}, r"targets holds values from 0 to 2, expected \[0, 1\]\."),
    ({"targets": TARGETS * np.nan}, r"targets holds values from nan to nan, expected \[0, 1\]\."),
    ({"targets": 0 * TARGETS}, r"targets mark something in 0 slice\(s\), expected at least two\."),
    ({"images": IMAGES[:1], "targets": TARGETS[:1]}, r"targets mark something in 1 slice\(s\), expected at least two"),
    ({"epochs": 0}, r"epochs is 0, expected a whole number of at least 1\."),
    ({"patience": 0}, r"patience is 0, expected a whole number of at least 1\."),
    ({"batch": 0}, r"batch is 0, expected a whole number of at least 1\."),
    ({"held_out": 0.0}, r"held_out is 0.0, expected a share between 0 and 1\."),
    ({"held_out": 1}, r"held_out is 1, expected a share between 0 and 1\."),
    ({"device": "gpu"}, r"device is 'gpu', expected 'auto', 'cpu' or 'cuda'\."),
    ({"model": UNet(3, width=1)}, r"images have shape \(8, 2, 12, 10\), expected \(B, 3, H, W\)\."),
    ({"model": UNet(2, 2, width=1)}, r"soft has shape \(8, 1, 12, 10\), expected \(8, 2, 12, 10\), as probability\."),
    ({"rate": np.inf}, r"rate is inf, expected less: after epoch 1 the loss is not finite\."),
])
def test_refusals(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        train(**with_changes(**change))
