"""Every exercise check accepts the right answers, rejects three wrong ones with their hints, and never raises."""

import pytest

from helpers.show import checks
from tests.unit import answers_01, answers_02, answers_03, answers_04, answers_05, answers_06, answers_07, answers_08

CHAPTERS = (answers_01, answers_02, answers_03, answers_04, answers_05, answers_06, answers_07, answers_08)
RIGHT = {name: answers for chapter in CHAPTERS for name, answers in chapter.RIGHT.items()}
WRONG = {name: pairs for chapter in CHAPTERS for name, pairs in chapter.WRONG.items()}


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
