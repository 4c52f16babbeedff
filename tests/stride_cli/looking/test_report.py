"""`stride report` writes a page where it is told to, and prints its path."""

from pathlib import Path

import pytest


def test_the_page_of_a_work_dir_lies_in_it(stride, make_run) -> None:
    make_run("seed=0")
    make_run("seed=1")
    told = stride("report", "W")
    assert (told.code, told.out, told.err) == (0, "W/report.html\n", "")
    assert "2 runs: 2 done" in Path("W/report.html").read_text()
    assert stride("ls", "W", "--json").out.count('"run"') == 2


def test_runs_are_chosen_and_the_oldest_comes_first(stride, make_run) -> None:
    for seed in range(3):
        make_run(f"seed={seed}")
    told = stride("report", "W/0", "W/2", "-m", "train_loss", "-o", "page.html")
    assert told.code == 2 and "no run here has 'train_loss'" in told.err
    assert not Path("page.html").exists()
    told = stride("report", "W", "--where", "seed != 1", "-m", "val_loss", "-o", "page.html")
    text = Path("page.html").read_text()
    assert told.out == "page.html\n" and "2 runs: 2 done" in text
    assert text.index("stride reproduce W/0") < text.index("stride reproduce W/2")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["W/0"], "where to?; type: -o report.html"),
        (["W", "-o", "W"], "it is a folder (W); type: -o W/report.html"),
        (["W", "-o", "W/0/config.json"], "end its name in .html"),
        (["W", "-o", "x/y.html"], "type: mkdir -p x"),
        (["W", "--where", "seed == 7"], "no runs in W where seed == 7; type: stride ls W"),
        (["none", "-o", "a.html"], "no run"),
        (["none"], "no run 'none'"),
        (["W", "-o", "x" * 300 + ".html"], "cannot write: File name too long"),
    ],
)
def test_a_mistake_says_what_to_type(stride, make_run, words, why) -> None:
    make_run("seed=0")
    told = stride("report", *words)
    assert told.code == 2 and why in told.err
    assert not Path("W/report.html").exists()
