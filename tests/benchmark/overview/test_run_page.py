"""The overview of a run: files that appear whole, and a page that needs nothing else."""

import json
import os
import re
import sys

import pytest

from stride.benchmark.overview import run_page
from stride.benchmark.overview.pictures.spent_time import spent_time
from stride.benchmark.overview.run_page import write_run_overview
from stride.errors import MissingExtra, RunError
from tests.benchmark.overview.made import Made, make_reconstruction
from tests.sweeps.report.test_page import Page

PICTURES = ["errors", "time", "areas", "roc", "histograms", "places"]
EXAMPLES = [f"examples_test_{kind}" for kind in ("worst", "best", "average")]


def only_time(recorded):
    yield spent_time(recorded.epochs)


def test_each_picture_lies_as_png_and_pdf_beside_the_page(overview):
    names = {name for name in os.listdir(overview.overview.folder)}
    drawn = [*PICTURES, *EXAMPLES]
    assert names == {"overview.html", *(f"{n}.{k}" for n in drawn for k in ("png", "pdf"))}
    assert overview.overview.picture("roc", "png").read_bytes().startswith(b"\x89PNG")
    assert overview.overview.picture("roc", "pdf").read_bytes().startswith(b"%PDF")


def test_the_page_holds_all_and_needs_nothing_else(overview):
    text = overview.overview.page.read_text()
    made = Page(text)
    words = " ".join(made.texts)
    assert "<script" not in text and "&lt;script&gt;alert(&#x27;note&#x27;)" in text
    assert not re.findall(r"https?://|url\(|src=\"(?!data:)", text)
    images = made.all("img")
    assert len(images) == len(PICTURES) + len(EXAMPLES) and all(one["alt"] for one in images)
    whole = {one["id"] for one in made.all("figure")}
    assert {one["href"][1:] for one in made.all("a") if one["class"] == "open"} == whole
    places = {one["id"] for one in made.all("div") if "id" in one}
    assert {one["href"][1:] for one in made.all("a") if one["class"] == "close"} == places
    for told in ("FeedForwardAE on sines, seed 0; epoch 3, step 30; done", "random", "mean |x|"):
        assert told in words
    assert "stride train -w" in words and "model_kwargs.model_name" in words
    assert "no measure of detection is defined" in words  # of train and val


def test_an_interval_stands_beside_a_measure_of_one_series(overview):
    record = json.loads(overview.reconstruction.read_text())
    found = record["splits"]["test"]["detection"][0]["scores"][0]["rows"]["random"]["measures"]
    low, high = found["roc_auc"]["interval"]
    cell = f"{found['roc_auc']['value']:.4g} [{low:.4g}, {high:.4g}]"
    assert cell in overview.overview.page.read_text()


def test_it_is_written_again_and_deletes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(run_page, "run_pictures", only_time)
    paths = make_reconstruction(tmp_path / "w", Made(examples=0))
    write_run_overview(paths.path)
    first = {path.name: path.read_bytes() for path in paths.overview.folder.iterdir()}
    (paths.overview.folder / "mine.txt").write_text("mine")
    write_run_overview(paths.path)
    second = {path.name: path.read_bytes() for path in paths.overview.folder.iterdir()}
    assert second == {**first, "mine.txt": b"mine"}


def test_a_run_under_way_is_drawn_as_far_as_it_has_come(tmp_path):
    paths = make_reconstruction(
        tmp_path / "w", Made(epochs=1, every=2, errors=("l1",), state="running", labels=False)
    )
    with open(paths.errors_csv, "a") as file:
        file.write("2,20,0,1.")  # the line is being written
    text = write_run_overview(paths.path).read_text()
    assert "the run is running and has no final model yet" in text
    assert "epoch 1, step 10" in text and "Errors at milestones" in text
    assert not paths.overview.picture("roc", "png").exists()


def test_a_folder_that_leads_elsewhere_is_not_written_to(tmp_path):
    paths = make_reconstruction(tmp_path / "w", Made(examples=0))
    (tmp_path / "elsewhere").mkdir()
    paths.overview.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="a link out of the run folder"):
        write_run_overview(paths.path)
    assert not [*(tmp_path / "elsewhere").iterdir()]


def test_without_matplotlib_the_message_says_what_to_type(tmp_path, monkeypatch):
    paths = make_reconstruction(tmp_path / "w", Made(examples=0))
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"pip install .*\[plots\]"):
        write_run_overview(paths.path)
