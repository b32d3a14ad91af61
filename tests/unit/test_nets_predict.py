"""From a network to a mask, from a case to slices, and where it runs."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.data import Case
from helpers.nets import UNet, as_device, best_threshold, drop_small, image_slices, mask_slices, predict, volume


def network(*args, **kwargs):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return UNet(*args, **kwargs)


def test_predictions_by_hand_and_in_batches():
    model = network(2, width=2, depth=1)
    images = np.random.default_rng(0).normal(size=(7, 2, 9, 6))
    found = predict(model, images)
    assert found.shape == (7, 9, 6) and found.dtype == np.float32
    with torch.no_grad():
        by_hand = torch.sigmoid(model.eval()(torch.from_numpy(images).float()))[:, 0].numpy()
    np.testing.assert_allclose(found, by_hand, atol=1e-6)
    np.testing.assert_allclose(found, predict(model.train(), images, batch=2), atol=1e-6)      # no neighbour counts
    three = predict(network(2, 3, width=2, depth=1), images, activation=lambda x: x.softmax(dim=1))
    assert three.shape == (7, 3, 9, 6)
    np.testing.assert_allclose(three.sum(axis=1), 1, atol=1e-6)
    with pytest.raises(ValueError, match=r"images have shape \(7, 3, 9, 6\), expected \(B, 2, H, W\)\."):
        predict(model, np.zeros((7, 3, 9, 6)))


@given(seed=st.integers(0, 999), patients=st.integers(1, 3), levels=st.sampled_from([3, 50]))
@settings(max_examples=30)
def test_best_threshold_by_brute_force(seed, patients, levels):
    """Dice counted with sets; of several best thresholds the middle one."""
    rng = np.random.default_rng(seed)
    p = [rng.integers(0, levels + 1, 30) / levels for _ in range(patients)]
    masks = [(rng.random(30) < x).astype(np.uint8) for x in p]
    thresholds = (0.1, 0.25, 0.3, 0.5, 0.55, 0.75, 0.9)
    means = []
    for threshold in thresholds:
        pairs = [(set(np.flatnonzero(x >= threshold)), set(np.flatnonzero(m))) for x, m in zip(p, masks, strict=True)]
        means.append(sum(2 * len(a & b) / (len(a) + len(b)) if a or b else 1 for a, b in pairs) / patients)
    best = [t for t, mean in zip(thresholds, means, strict=True) if mean > max(means) - 1e-12]
    assert best_threshold(p, masks, thresholds) == best[len(best) // 2]


def test_thresholds_of_patients_that_do_not_belong_together():
    with pytest.raises(ValueError, match=r"masks holds 1 patient\(s\), expected 2\."):
        best_threshold([np.zeros(3)] * 2, [np.zeros(3, int)])
    with pytest.raises(ValueError, match=r"masks holds 0 patient\(s\), expected 1\."):
        best_threshold([], [])
    with pytest.raises(ValueError, match=r"\(4,\).*\(3,\)"):
        best_threshold([np.zeros(3)], [np.zeros(4, int)])


def test_components_of_18_voxels_go_and_of_19_stay():
    mask = np.zeros((6, 12, 12), np.uint8)
    mask[0, 0, :6] = mask[0, 1, :6] = mask[1, 0, :6] = 1            # 18
    mask[4, 4, :10] = mask[4, 5, :9] = 1                            # 19
    kept = drop_small(mask)
    assert kept.dtype == bool
    expected = mask.copy()
    expected[:2] = 0
    assert np.array_equal(kept, expected)
    assert drop_small(mask, 17).sum() == 37
    assert not drop_small(mask, 19).any()
    assert not drop_small(np.zeros((3, 3), bool)).any()
    assert drop_small(np.ones((5, 5), bool)).all()


def test_voxels_that_share_a_corner_belong_together():
    diagonal = np.eye(19, dtype=bool)
    assert np.array_equal(drop_small(diagonal), diagonal)
    cube = np.zeros((19, 19, 19), bool)
    cube[np.arange(19), np.arange(19), np.arange(19)] = True
    assert np.array_equal(drop_small(cube), cube)
    with pytest.raises(ValueError, match="mask holds float64, expected bool or integers"):
        drop_small(np.zeros((3, 3)))


def case(shape=(5, 4, 3), modalities=("FLAIR", "T1")):
    """Images in a box that is the head; the last modality is the same number all over it."""
    rng = np.random.default_rng(0)
    images = {name: np.zeros(shape, np.float32) for name in modalities}
    for image in images.values():
        image[1:, 1:] = rng.normal(100, 20, image[1:, 1:].shape)
    images[modalities[-1]][1:, 1:] = 7
    return Case("box", images, np.zeros((1, *shape), np.uint8), ("A",), (1.0,) * 3, np.eye(4), "made up")


def test_slices_are_standardised_inside_the_head():
    box = case()
    before = {name: image.copy() for name, image in box.images.items()}
    slices = image_slices(box)
    assert slices.shape == (3, 2, 5, 4) and slices.dtype == np.float32 and slices.flags.c_contiguous
    head = slices[:, 0, 1:, 1:]
    assert head.mean() == pytest.approx(0, abs=1e-6) and head.std() == pytest.approx(1, abs=1e-6)
    assert not slices[:, :, 0].any() and not slices[:, :, :, 0].any()
    assert np.abs(slices[:, 1]).max() == 0                          # nothing to see is 0, not 0 / 0
    flair = box.images["FLAIR"]
    values = flair[1:, 1:].astype(float)
    np.testing.assert_allclose(head, np.moveaxis((values - values.mean()) / values.std(), -1, 0), atol=1e-6)
    assert np.array_equal(image_slices(box, ("T1", "FLAIR")), slices[:, ::-1])
    assert all(np.array_equal(before[name], box.images[name]) for name in before)


def test_slices_of_images_that_are_not_there():
    with pytest.raises(ValueError, match="modalities holds 'T2', expected some of FLAIR, T1."):
        image_slices(case(), ("FLAIR", "T2"))
    empty = case()
    for image in empty.images.values():
        image[:] = 0
    with pytest.raises(ValueError, match="every image is 0 everywhere, expected a head to look at."):
        image_slices(empty)


def test_volumes_become_slices_and_come_back():
    soft = np.random.default_rng(0).random((5, 4, 3)).astype(np.float32)
    slices = mask_slices(soft)
    assert slices.shape == (3, 5, 4) and slices.dtype == np.float32
    assert np.array_equal(slices[2], soft[:, :, 2])
    assert np.array_equal(volume(slices), soft)
    assert mask_slices(soft > 0.5).dtype == np.float32


def test_devices():
    assert as_device("cpu") == torch.device("cpu")
    assert as_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    for wrong in ("gpu", "mps", "meta", 3, None):
        with pytest.raises(ValueError, match=r"^device is .*, expected 'auto', 'cpu' or 'cuda'\.$"):
            as_device(wrong)


def test_a_gpu_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device is 'cuda', expected 'auto' or 'cpu': there is no GPU here."):
        as_device("cuda")
