"""Every chapter prints the numbers it printed before; and a helper that is a little wrong is noticed."""

import shutil
import time
from pathlib import Path

import pytest

from tests.notebooks.comparing import ROOT, compare

CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# For each chapter a helper that it stands on: the module, the function, and its result made wrong by little.
FAULTS = {
    "01_raters_and_masks": ("measure/overlap.py", "dice", "0.99 * {}"),
    "02_soft_dilation": ("fusion/dilation.py", "rim", "np.roll({}, 1)"),
    "03_staple": ("fusion/rates.py", "mode", "0.99 * {}"),
    "04_soft_staple": ("fusion/answers.py", "mean_over_answers", "0.99 * {}"),
    "05_crowd_confusion": ("nets/crowd_loss.py", "crowd_loss", "0.99 * {}"),
    "06_softseg_calibration": ("measure/calibration.py", "ece", "0.99 * {}"),
    "07_student_t_fusion": ("fusion/link.py", "from_link", "0.99 * {}"),
    "08_mixture_of_consensuses": ("fusion/clusters.py", "principal_points", "0.99 * {}"),
}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_numbers_are_the_committed_ones(path, capsys):
    start = time.perf_counter()
    found = compare(path)
    with capsys.disabled():
        print(f"\n{path.stem} compared in {time.perf_counter() - start:.1f} s", flush=True)
    assert found.returncode == 0, found.stdout[-8000:]


def test_every_chapter_has_a_fault():
    assert set(FAULTS) == {path.stem for path in CHAPTERS}


def copy_of_helpers(folder: Path) -> Path:
    """The package in `folder`, with what it looks for beside it."""
    for name in ("results", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    return Path(shutil.copytree(ROOT / "helpers", folder / "helpers", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.mark.parametrize("chapter", sorted(FAULTS))
def test_a_wrong_helper_is_noticed(chapter, tmp_path):
    """The chapter is run against a copy of the package in which one result is off: a compared cell must differ."""
    module, name, wrong = FAULTS[chapter]
    broken = copy_of_helpers(tmp_path) / module
    text = broken.read_text()
    assert f"def {name}(" in text
    call = wrong.format("_right(*arguments, **named)")
    broken.write_text(f"{text}\n\n_right = {name}\n\n\ndef {name}(*arguments, **named):\n    return {call}\n")
    found = compare(ROOT / "notebooks" / f"{chapter}.ipynb", "-x", helpers_in=tmp_path)
    assert found.returncode == 1, f"{chapter} did not notice that {name} is wrong"
    assert "mismatch" in found.stdout, found.stdout[-4000:]         # and not that the copy does not run
