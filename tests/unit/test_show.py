"""Figures: what is drawn is what the mask says; the slider is complete without a kernel."""

import base64
import io
import re

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from helpers.show import RATERS, frames, grey, outline, style, tint, zoom
from helpers.show.outlines import borders


def _area(loop: np.ndarray) -> float:
    """Signed area of a closed polygon: positive when it turns left."""
    x, y = loop.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)


def _length(loop: np.ndarray) -> float:
    return float(np.abs(loop - np.roll(loop, -1, axis=0)).sum())


@settings(max_examples=80, deadline=None)
@given(arrays(bool, (6, 5)))
def test_borders_enclose_the_mask_and_run_where_it_changes(mask):
    """The signed areas of the loops add to the area of the mask (holes count negative); each change is drawn once."""
    loops = borders(mask)
    padded = np.pad(mask, 1)
    changes = np.sum(padded[1:] != padded[:-1]) + np.sum(padded[:, 1:] != padded[:, :-1])
    assert sum(map(_area, loops)) == mask.sum()
    assert sum(map(_length, loops)) == changes


@settings(max_examples=80, deadline=None)
@given(arrays(bool, (6, 5)), st.sampled_from([0.1, 0.25]))
def test_inset_borders_lie_inside(mask, inset):
    """Moving every border inward by h takes h times its length, less h^2 per corner turned left, plus per right turn.

    A loop around a region turns left four times more than right, one around a hole right four times more.
    """
    loops = borders(mask)
    turns = [1 if _area(loop) > 0 else -1 for loop in loops]
    expected = sum(_area(p) - inset * _length(p) + 4 * inset**2 * t for p, t in zip(loops, turns, strict=True))
    assert np.isclose(sum(map(_area, borders(mask, inset))), expected)


def test_voxels_that_touch_at_a_corner_stay_apart():
    assert len(borders(np.eye(3, dtype=bool))) == 3
    assert borders(np.zeros((3, 3), bool)) == []


def test_outline_and_grey_draw_in_millimetres():
    figure, ax = plt.subplots()
    image = np.arange(20.0).reshape(5, 4)
    shown = grey(ax, image, spacing=(2.0, 0.5))
    outline(ax, image > 10, spacing=(2.0, 0.5))
    assert tuple(shown.get_extent()) == (0.0, 10.0, 0.0, 2.0)
    ends = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    assert ends[:, 0].max() == 10.0 and ends[:, 1].max() == 2.0
    plt.close(figure)


def test_tint_colours_the_mask_only():
    figure, ax = plt.subplots()
    mask = np.zeros((3, 2), bool)
    mask[2, 0] = True
    tint(ax, mask, "#ff0000", spacing=(2.0, 1.0))
    layer = ax.images[0].get_array()                                              # (y, x, rgba)
    assert layer.shape == (2, 3, 4) and np.argwhere(layer[..., 3]).tolist() == [[0, 2]]
    assert tuple(layer[0, 2]) == (1.0, 0.0, 0.0, 0.55) and tuple(ax.images[0].get_extent()) == (0.0, 6.0, 0.0, 2.0)
    plt.close(figure)


def test_zoom():
    mask = np.zeros((20, 20, 3), bool)
    mask[8:12, 1:3, 1] = True
    assert zoom(mask, margin=2) == (slice(6, 14), slice(0, 5), slice(0, 3))
    assert zoom(mask[..., 1], size=6) == (slice(7, 13), slice(0, 5))
    with pytest.raises(ValueError, match="no voxel"):
        zoom(np.zeros((3, 3)))


def _figures(n):
    style()
    made = []
    for k in range(n):
        figure, ax = plt.subplots(figsize=(2, 1))
        ax.bar([0], [k + 1])
        made.append(figure)
    return made


def test_frames_hold_every_picture_and_need_nothing_else():
    page = frames(_figures(3), ["1 <vote>", "2 votes", "3 votes"], title="Votes", ident="votes", alt="A bar").data
    text = '"([^"]*)"'
    pictures = re.findall(f'<img( hidden)? data-label={text} alt={text} src="data:image/png;base64,([^"]*)"', page)
    assert [bool(hidden) for hidden, *_ in pictures] == [False, True, True]
    assert pictures[0][1] == "1 &lt;vote&gt;" and pictures[1][2] == "A bar: 2 votes"
    sizes = {Image.open(io.BytesIO(base64.b64decode(data))).size for *_, data in pictures}
    assert sizes == {(200, 100)}
    assert 'max="2"' in page and "http" not in page and "<script" not in page
    assert plt.get_fignums() == []


def test_frames_are_the_same_bytes_twice():
    assert (frames(_figures(2), "ab", title="t", ident="i", alt="a").data
            == frames(_figures(2), "ab", title="t", ident="i", alt="a").data)


def test_frames_refuse_what_cannot_slide():
    with pytest.raises(ValueError, match="2 figures and 3 labels"):
        frames(_figures(2), "abc", title="t", ident="i", alt="a")
    with pytest.raises(ValueError, match="start is 2"):
        frames(_figures(2), "ab", title="t", ident="i", alt="a", start=2)
    plt.close("all")


def test_rater_colours_stay_apart_for_the_colour_blind():
    """Simulated dichromacy (Vienot et al. 1999, linear RGB matrices): every pair keeps a visible distance."""
    rgb = np.array([[int(c[i:i + 2], 16) / 255 for i in (1, 3, 5)] for c in RATERS])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    protan = np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]])
    deutan = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])
    for matrix in (np.eye(3), protan, deutan):
        seen = np.clip(linear @ matrix.T, 0, 1) ** (1 / 2.2)
        gaps = np.linalg.norm(seen[:, None] - seen[None], axis=-1)[~np.eye(len(seen), dtype=bool)]
        assert gaps.min() > 0.1                                                   # 25 grey levels of 255
