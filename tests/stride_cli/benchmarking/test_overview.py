"""`stride overview`: a run, a whole benchmark, and what is neither."""

import pytest

from tests.benchmark.overview.made import Made, make_reconstruction
from tests.sweeps.report.test_page import Page

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def benchmark(tmp_path):
    """Make two models on two data sets, of which one cell has two seeds."""
    small = {"errors": ("l1",), "epochs": 1, "every": 1, "examples": 0}
    for channels, widths in ((1, [8]), (2, [4])):
        for data in (0, 1):
            for seed in range(1 + (channels == 1)):
                own = {"model_kwargs.hidden": widths, "dataset_kwargs.data_seed": data}
                made = Made(channels=channels, **small)
                make_reconstruction(tmp_path / "W", made, **own, seed=seed)
    return tmp_path / "W"


def test_of_a_run_it_prints_the_path_of_the_page(stride, tmp_path):
    made = Made(errors=("l1",), epochs=0, examples=0, labels=False)
    paths = make_reconstruction(tmp_path / "W", made)
    done = stride("overview", "W/latest")
    assert done == (0, "W/0/overview/overview.html\n", "")
    assert paths.overview.page.exists()


def test_of_a_work_dir_it_draws_ranks_and_each_cell(stride, benchmark):
    (benchmark / "0" / "overview").mkdir()
    (benchmark / "0" / "overview" / "overview.html").write_text("of run 0")
    done = stride("overview", "W")
    assert done.code == 0 and done.out == "W/overview.html\n"
    page = Page((benchmark / "overview.html").read_text())
    words = " ".join(page.texts)
    assert "test/roc_auc: mean ± deviation (seeds); larger is better" in words
    assert "mean rank" in words and "IQM, 95 % interval" in words
    assert "over 2 data sets; mean: FeedForwardAE hidden=[8] 1.00" in words
    assert "a line for each of 2 runs" in words and "one run" in words
    names = {path.stem for path in (benchmark / "overview").glob("*.pdf")}
    assert names == {"ranks_0", "cell_0_0", "cell_0_1", "cell_1_0", "cell_1_1"}
    links = [one["href"] for one in page.all("a") if not one["href"].startswith("#")]
    assert links == ["0/overview/overview.html"]


def test_titles_are_escaped(stride, tmp_path):
    made = Made(errors=("l1",), epochs=1, every=1, examples=0)
    make_reconstruction(tmp_path / "W", made, **{"model_kwargs.model_name": f"pkg:{EVIL}$x"})
    assert stride("overview", "W").code == 0
    text = (tmp_path / "W" / "overview.html").read_text()
    assert "<script" not in text and "&lt;script&gt;" in text


def test_what_is_no_reconstruction_is_refused(stride, make_run, tmp_path):
    make_run()
    done = stride("overview", "W/0")
    assert done.code == 2 and "this is one of 'supervised'" in done.err
    assert "type: stride show W/0" in done.err
    done = stride("overview", "W")
    assert done.code == 2 and "no run of a reconstruction is here" in done.err
    assert "stride benchmark W" in done.err
    assert stride("overview", "nowhere").code == 2
    assert not (tmp_path / "W" / "overview").exists()
