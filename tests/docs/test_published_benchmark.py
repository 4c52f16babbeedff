"""Both commands of benchmarks on real data: a table, pictures, a page, and a cell done again."""

from pathlib import Path

import pytest

from tests.warm import Warm

WORDS = ("epochs=2", "normalize=standard", "window=100", "stride=10", "device=cpu")


@pytest.mark.ecosystem("aeon")
def test_a_published_series_is_benchmarked_shown_and_reproduced(warm: Warm, tmp_path: Path) -> None:
    def stride(*typed: str) -> str:
        done = warm.stride(*typed, folder=tmp_path, merged=True)
        assert done.returncode == 0, done.stdout
        return done.stdout

    asked = ("--models", "FeedForwardAE,CNNAE", "--baselines", "LOF", "--seeds", "2")
    stride("benchmark", "W", *asked, "--datasets", "kdd_tsad_135", *WORDS)
    table = stride("benchmark", "W", "--metric", "test/vus_pr")
    rows = {line.split()[0] for line in table.splitlines() if line.strip()}
    assert {"FeedForwardAE", "CNNAE", "LOF", "random", "mean"} <= rows, table
    for place, page in (("W/0", "W/0/overview/overview.html"), ("W", "W/overview.html")):
        stride("overview", place)
        assert "data:image/png" in (tmp_path / page).read_text()
    assert "bit-identical" in stride("reproduce", "W/0")
