"""The commands of the page of baselines give the figures that were published."""

import shlex
from pathlib import Path

import pytest

from stride.runs.files.atomic import read_json
from tests.warm import Warm

PAGE = Path(__file__).parents[2] / "docs" / "baselines.md"


@pytest.mark.ecosystem("aeon", "stumpy")
@pytest.mark.parametrize(
    ("model", "published"), [("LOF", 0.6472589), ("KNN", 0.296), ("MatrixProfile", 0.344)]
)
def test_the_row_is_the_published_one(
    model: str, published: float, warm: Warm, tmp_path: Path
) -> None:
    lines = PAGE.read_text().splitlines()
    [command] = [
        one
        for one in lines
        if one.startswith("stride train") and f"={model} " in one and "kdd" in one
    ]
    done = warm.stride(*shlex.split(command)[1:], folder=tmp_path, merged=True)
    assert done.returncode == 0, done.stdout
    results = read_json(tmp_path / "work_dirs" / "published" / "0" / "results.json")
    assert results["test"]["test/vus_pr"] == pytest.approx(published, abs=5e-4)
