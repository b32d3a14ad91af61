"""Pack, count, look up: against np.unique on columns, in parts, in any layout, up to 64 raters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.fusion import patterns as module
from helpers.fusion.packing import CHUNK
from helpers.fusion.patterns import Patterns, count, look_up, pack

STACKS = hnp.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=9).flatmap(
    lambda shape: hnp.arrays(np.int8, shape, elements=st.sampled_from([0, 0, 0, 1, 2, -1]))
)


def by_columns(stack: np.ndarray) -> dict[tuple[int, ...], int]:
    """How often each column occurs, by numpy."""
    columns, counts = np.unique(stack.reshape(len(stack), -1).T, axis=0, return_counts=True)
    return {tuple(column): int(n) for column, n in zip(columns.tolist(), counts, strict=True)}


def counted(patterns: Patterns) -> dict[tuple[int, ...], int]:
    return {tuple(v): int(n) for v, n in zip(patterns.values.tolist(), patterns.counts, strict=True)}


def same(a: Patterns, b: Patterns) -> bool:
    return np.array_equal(a.codes, b.codes) and np.array_equal(a.counts, b.counts) and a.bits == b.bits


@given(STACKS, st.sampled_from("CF"), st.integers(0, 3))
def test_counts_against_columns(stack, order, bits):
    """Any memory order, any number of axes, answers of 2 to 5 bits; -1 is all bits of a rater."""
    stack = np.array(stack, order=order)
    said = np.where(stack == -1, (1 << bits + 2) - 1, stack)
    assert counted(count(pack(stack, bits=(bits + 2,)))) == by_columns(said)


@given(STACKS, st.sampled_from("CF"), st.sampled_from([(0,), (2, 1, 0)]))
def test_what_is_looked_up_is_each_voxels_own(stack, order, axes):
    stack = np.array(stack, order=order)
    stack = stack[:, ::-1] if len(axes) > 1 else stack
    packed = pack(stack, bits=(2,))
    patterns = count(packed)
    value = {tuple(v): i + 0.5 for i, v in enumerate(patterns.values.tolist())}
    image = look_up(packed, patterns, np.arange(len(patterns.codes)) + 0.5)
    assert image.shape == stack.shape[1:] and image.dtype == np.float32
    for at in np.ndindex(image.shape):
        assert image[at] == value[tuple(stack[(slice(None), *at)] & 3)]


@given(STACKS, st.data())
def test_counts_of_parts_add_bit_for_bit(stack, data):
    cut = data.draw(st.integers(0, stack.shape[1]))
    parts = [part for part in (stack[:, :cut], stack[:, cut:]) if part.size]
    whole, *counts = (count(pack(part, bits=(2,))) for part in [stack, *parts])
    assert same(sum(counts[1:], counts[0]), whole)


def test_chunks_of_a_large_volume_and_words_that_are_skipped():
    """More than one chunk, N not a multiple of 8, words of zeros between others, and a chunk that is full."""
    rng = np.random.default_rng(0)
    stack = np.zeros((3, CHUNK * 2 + 4321), np.uint8)
    stack[:, CHUNK // 2 : CHUNK // 2 + 100] = rng.random((3, 100)) < 0.5
    stack[:, CHUNK * 2 :] = rng.random((3, 4321)) < 0.5
    packed = pack(stack)
    assert counted(count(packed)) == by_columns(stack)
    assert sum(codes.size for *_, codes in packed.chunks) < 5000
    codes = stack[0] + 2 * stack[1] + 4 * stack[2]
    assert np.array_equal(look_up(packed, count(packed), np.arange(8)), codes)
    assert same(count(pack(stack[:, :70001])) + count(pack(stack[:, 70001:])), count(packed))


@pytest.mark.parametrize("raters", [1, 8, 9, 16, 17, 32, 33, 64])
def test_up_to_64_raters(raters):
    """Codes of 8, 16, 32 and 64 bits; the last rater's bit is there."""
    rng = np.random.default_rng(raters)
    stack = (rng.random((raters, 10, 11)) < 0.1).astype(np.uint8)
    stack[-1, 0, 0] = 1
    packed = pack(stack)
    patterns = count(packed)
    assert counted(patterns) == by_columns(stack)
    assert packed.chunks[0][2].dtype.itemsize == next(b for b in (1, 2, 4, 8) if raters <= 8 * b)
    sizes = patterns.values.sum(axis=1)
    assert np.array_equal(look_up(packed, patterns, sizes), stack.sum(axis=0))


def test_table_and_sorting_agree(monkeypatch):
    stack = (np.random.default_rng(0).random((5, 40, 50)) < 0.2).astype(np.uint8)
    by_table = count(pack(stack))
    image = look_up(pack(stack), by_table, np.arange(32))
    monkeypatch.setattr(module, "TABLE_BITS", 0)
    monkeypatch.setattr(module, "BLOCK", 64)
    assert same(count(pack(stack)), by_table)
    assert np.array_equal(look_up(pack(stack), by_table, np.arange(32)), image)


def test_two_stacks_and_several_columns():
    """A second stack is more raters; values with columns become (K, *space)."""
    rng = np.random.default_rng(0)
    labels, region = rng.integers(0, 5, (3, 6, 7)), np.asfortranarray(rng.random((6, 7)) < 0.5)
    packed = pack(labels, region[None].view(np.uint8), bits=(3, 1))
    patterns = count(packed)
    assert counted(patterns) == by_columns(np.concatenate([labels, region[None]]))
    image = look_up(packed, patterns, patterns.values, dtype=np.float64)
    assert np.array_equal(image, np.concatenate([labels, region[None]]))


@pytest.mark.parametrize("raters", [3, 30])
def test_a_pattern_that_was_never_counted_is_nan(raters):
    stack = np.zeros((raters, 40), np.uint8)
    stack[0, 3] = 1
    empty = count(pack(np.zeros_like(stack)))
    image = look_up(pack(stack), empty, np.array([0.25]))
    assert np.isnan(image[3]) and (np.delete(image, 3) == 0.25).all()


def test_a_cohort_and_a_memory_map(tmp_path):
    """Cases of unlike shape add up; a memory-mapped stack is read where it lies."""
    rng = np.random.default_rng(0)
    first, second = (rng.random((4, 8, 9)) < 0.3).view(np.uint8), (rng.random((4, 5, 6, 7)) < 0.3).view(np.uint8)
    np.save(tmp_path / "second.npy", second)
    mapped = np.load(tmp_path / "second.npy", mmap_mode="r")
    both = np.concatenate([first.reshape(4, -1), second.reshape(4, -1)], axis=1)
    assert same(count(pack(first)) + count(pack(mapped)), count(pack(both)))


def test_refusals(monkeypatch):
    stack = np.zeros((65, 4), np.uint8)
    with pytest.raises(ValueError, match=r"^masks has shape \(65, 4\): 65 raters, .* 64 of them at 1 bit\(s\) each\.$"):
        pack(stack)
    with pytest.raises(ValueError, match=r"^masks has shape \(33, 4\): 33 raters, .* 32 of them at 2 bit\(s\) each\.$"):
        pack(stack[:33], bits=(2,))
    with pytest.raises(ValueError, match=r"^other has \(1,\) bits per rater, expected \(1, 1\)"):
        count(pack(stack[:2])) + count(pack(stack[:1]))
    monkeypatch.setattr(module, "MOST", 20)
    codes = np.eye(8, dtype=np.uint8)
    with pytest.raises(ValueError, match=r"^masks hold 8 different patterns of 8 answers, expected at most 2, "):
        count(pack(codes)).values  # noqa: B018
