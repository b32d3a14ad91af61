"""The embedded anatomy: what was stored, how it unfolds, how quickly."""

import time
from importlib.resources import files

import numpy as np
import pytest

from helpers.data.embedded.mni import anatomy, template


def test_the_template_is_symmetric_and_fills_the_brain():
    maps, origin = template()
    for volume in maps.values():
        assert volume.dtype == np.uint8
        assert np.array_equal(volume, volume[::-1])
    assert origin[0] == -(maps["t1"].shape[0] - 1) / 2
    inside = maps["t1"] > 0
    total = sum(maps[k].astype(int) for k in ("grey", "white", "csf"))
    assert set(np.unique(total[inside])) == {255}
    assert total[~inside].max() == 0
    assert inside.sum() == 1_886_539  # voxels of 1 mm, counted in the template itself


def test_loading_is_quick_and_small():
    template.cache_clear()
    began = time.process_time()
    template()
    assert time.process_time() - began < 0.4
    assert (files("helpers.data.embedded") / "mni.npz").stat().st_size < 4e6
    assert "Louis Collins" in (files("helpers.data.embedded") / "MNI_LICENCE.txt").read_text()


@pytest.mark.parametrize("spacing", [1.0, 2.0, 3.5])
def test_volumes_do_not_depend_on_the_spacing(spacing):
    case = anatomy(spacing)
    millilitres = {k: v.sum(dtype=np.float64) * spacing**3 / 1000 for k, v in case.images.items()}
    exact = {k.replace("t1", "T1"): v.sum(dtype=np.float64) / 255e3 for k, v in template()[0].items()}
    for name, value in exact.items():
        assert millilitres[name] == pytest.approx(value, rel=2e-3), name


def test_a_place_is_where_the_affine_says():
    """The bodies of the lateral ventricles lie 12 mm to either side, 15 mm back, 23 mm up."""
    case = anatomy(2.0)
    for side in (-12, 12):
        index = np.linalg.inv(case.affine) @ [side, -15, 23, 1]
        assert case.images["csf"][tuple(np.round(index[:3]).astype(int))] > 0.8


def test_spacing_that_makes_no_sense():
    with pytest.raises(ValueError, match=r"^spacing is 0, expected a number from 0.5 to 8 mm\.$"):
        anatomy(0)
