"""The lines that README and book show for your own masks do what they say."""

import re
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "book/how_to_use.md"]


def snippet(page: str) -> str:
    """The one Python block of a page."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.S)
    return code


def test_both_pages_show_the_same_lines():
    assert len({snippet(page) for page in PAGES}) == 1


@pytest.fixture
def three_masks(tmp_path):
    """Three raters whose masks reach one voxel further each; all on one oblique grid."""
    affine = np.array([[0.0, -2.0, 0.0, 9.0], [1.5, 0.0, 0.0, -4.0], [0.0, 0.0, 3.0, 1.0], [0.0, 0.0, 0.0, 1.0]])
    for r in range(3):
        mask = np.zeros((6, 5, 4), np.uint8)
        mask[: 2 + r] = 1
        nib.save(nib.Nifti1Image(mask, affine), tmp_path / f"rater{r + 1}.nii.gz")
    return tmp_path, affine


def run(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", snippet("README.md")], cwd=folder, capture_output=True, text=True)


def test_the_lines_run_as_they_stand(three_masks):
    folder, affine = three_masks
    done = run(folder)
    assert done.returncode == 0, done.stderr
    consensus = nib.load(folder / "consensus.nii.gz")
    expected = np.zeros((6, 5, 4), np.uint8)
    expected[:3] = 1                                            # two of three raters
    np.testing.assert_array_equal(np.asanyarray(consensus.dataobj), expected)
    np.testing.assert_array_equal(consensus.affine, affine)
    assert done.stdout.strip() == "[0.8, 1.0, 0.857]"           # 2*2/(2+3), 1, 2*3/(3+4)


def test_a_mask_of_another_shape_is_refused_in_one_sentence(three_masks):
    folder, affine = three_masks
    nib.save(nib.Nifti1Image(np.zeros((6, 5, 3), np.uint8), affine), folder / "rater2.nii.gz")
    done = run(folder)
    assert done.returncode == 1 and "rater2.nii.gz" in done.stderr.strip().splitlines()[-1]
    assert not (folder / "consensus.nii.gz").exists()
