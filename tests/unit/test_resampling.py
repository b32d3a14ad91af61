"""Box averages, smooth fields and refined patches against what they must equal."""

import numpy as np
import pytest

from helpers.data.resampling import box_average, refine, smooth_field


def test_box_average_of_whole_boxes_is_the_mean_of_blocks():
    image = np.random.default_rng(0).random((6, 8, 5), np.float32)
    blocks = image[:, :, :4].reshape(3, 2, 4, 2, 2, 2).mean(axis=(1, 3, 5))
    np.testing.assert_allclose(box_average(image, 2), blocks, atol=1e-6)


def test_box_average_cuts_through_voxels():
    # boxes of 1.5 voxels on 0 1 2: [0, 0, 1/2 of 1] and [1/2 of 1, 2]
    np.testing.assert_allclose(box_average(np.array([0.0, 1.0, 2.0]), 1.5), [1 / 3, 5 / 3], atol=1e-6)


@pytest.mark.parametrize("factor", [1, 1.3, 2, 2.7])
def test_box_average_keeps_a_constant(factor):
    out = box_average(np.full((9, 7, 8), 3.0, np.float32), factor)
    assert out.shape == tuple(int(n / factor) for n in (9, 7, 8))
    np.testing.assert_allclose(out, 3.0, rtol=1e-5)


def test_refine_of_a_ramp_is_a_finer_ramp_of_the_same_mean():
    ramp = np.broadcast_to(np.arange(6.0, dtype=np.float32)[:, None, None], (6, 2, 1))
    fine = refine(ramp, 3)
    assert fine.shape == (18, 6, 3)
    np.testing.assert_allclose(np.diff(fine[1:-1, 0, 0]), 1 / 3, atol=1e-6)
    assert fine.mean() == pytest.approx(ramp.mean(), abs=1e-6)


@pytest.mark.parametrize("scale", [2.0, 6.0, 12.0])
def test_smooth_field_varies_over_its_scale(scale):
    fields = np.stack([smooth_field((48, 40, 44), scale, np.random.default_rng(i)) for i in range(8)])
    assert 0.6 < fields.std() < 1.2
    half = max(int(scale / 4), 1)
    near = np.mean(fields[:, half:] * fields[:, :-half]) / fields.var()
    far = np.mean(fields[:, int(2 * scale) :] * fields[:, : -int(2 * scale)]) / fields.var()
    assert near > 0.6 and abs(far) < 0.35


def test_smooth_field_is_the_same_for_the_same_seed():
    one, two = (smooth_field((20, 21, 22), 9.0, np.random.default_rng(5)) for _ in range(2))
    assert one.tobytes() == two.tobytes()
