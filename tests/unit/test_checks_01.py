"""Every check of chapter 1 accepts the right answer, rejects three wrong ones with a hint, and never raises."""

import numpy as np
import pytest

from helpers.show import checks


def loo(masks, r):
    others = np.delete(masks, r, 0)
    return others.sum(0) > len(others) / 2


RIGHT = {
    "small_lesion": [(0.46, 0.86), (16 / 35, 2000 / 2331)],
    "leave_one_out": [loo],
    "outlier": [("drops", "collapses", "holds"), ("Drops ", "COLLAPSES", "holds")],
    "offset_from_dice": [lambda dice, radius: radius * ((2 / dice - 1) ** (1 / 3) - 1)],
}
WRONG = {
    "small_lesion": [((0.86, 0.46), "larger share"), ((0.9, 0.95), "small lesion"), ((0.46, 0.97), "large lesion"),
                     ((46, 86), "between 0 and 1"), (3, "TypeError")],
    "leave_one_out": [(lambda m, r: m.sum(0) > len(m) / 2, "their own consensus"),
                      (lambda m, r: np.delete(m, r, 0).sum(0) > len(m) / 2, "votes"),
                      (lambda m, r: np.delete(m, r, 0).sum(0) >= (len(m) - 1) / 2, "tie"),
                      (lambda m, r: loo(m, r).ravel(), "shape"),
                      (lambda m, r: ~loo(m, r), "differ"),
                      (lambda m, r: 1 / 0, "ZeroDivisionError"),
                      (lambda m, r: None, "Replace the dots"),
                      (3, "expected a function")],
    "outlier": [(("holds", "collapses", "holds"), "15 do not change"), (("drops", "drops", "holds"), "in the union"),
                (("drops", "collapses", "drops"), "four of seven"), (("up", "down", "up"), "three of the words"),
                (("drops", "collapses"), "three of the words"), (3, "TypeError")],
    "offset_from_dice": [(lambda d, r: r * (2 / d - 1) ** (1 / 3), "subtract"), (lambda d, r: 0.0, "offset of 0.000"),
                         (lambda d, r: r * ((2 / d - 1) - 1), "offset"), (lambda d, r: ..., "Replace the dots")],
}


def test_every_check_is_tested():
    assert set(RIGHT) == set(WRONG) == set(checks.__all__)
    assert all(len(wrong) >= 3 for wrong in WRONG.values())


@pytest.mark.parametrize("name, answer", [(n, a) for n, answers in RIGHT.items() for a in answers])
def test_right_answers_pass(name, answer, capsys):
    assert getattr(checks, name)(answer) is None
    assert capsys.readouterr().out == "Yes.\n"


@pytest.mark.parametrize("name, answer, hint", [(n, *pair) for n, pairs in WRONG.items() for pair in pairs])
def test_wrong_answers_get_a_hint(name, answer, hint, capsys):
    assert getattr(checks, name)(answer) is None
    said = capsys.readouterr().out
    assert said.startswith("Not yet: ") and hint in said and said.count("\n") == 1


@pytest.mark.parametrize("name", sorted(RIGHT))
@pytest.mark.parametrize("nothing", [None, ...])
def test_no_answer_is_not_an_error(name, nothing, capsys):
    getattr(checks, name)(nothing)
    assert capsys.readouterr().out.startswith("Not yet")
