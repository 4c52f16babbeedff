"""Pictures of a run: what is drawn, what is left out, and nothing on top of something else."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from stride.benchmark.overview.epoch_errors import EpochErrors
from stride.benchmark.overview.pictures.area_curves import area_curves
from stride.benchmark.overview.pictures.distributions import bins
from stride.benchmark.overview.pictures.error_curves import error_curves
from stride.benchmark.overview.pictures.histograms import histograms
from stride.benchmark.overview.pictures.picture import evenly
from stride.benchmark.overview.pictures.places import places
from stride.benchmark.overview.pictures.reconstructions import (
    CHANNELS,
    most_wrong,
    reconstructions,
    spans,
)
from stride.benchmark.overview.pictures.roc_curves import roc_curves
from stride.benchmark.overview.pictures.spent_time import spent_time
from stride.benchmark.overview.recorded import read_recorded
from tests.benchmark.overview.made import Made, make_reconstruction


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Give what a run with labels has recorded."""
    made = Made(epochs=12, every=2)
    return read_recorded(make_reconstruction(tmp_path_factory.mktemp("w") / "w", made).path)


@pytest.fixture
def overlaps(monkeypatch):
    """Give a function that returns the pairs of texts of a figure which lie on one another."""
    drawn, draw = [], Text.draw

    def note(text, renderer, *others):
        if text.get_visible() and text.get_text():
            drawn.append((text.get_text(), text.get_window_extent(renderer).padded(-1)))
        draw(text, renderer, *others)

    def found(figure):
        FigureCanvasAgg(figure)
        figure.get_layout_engine().execute(figure)
        monkeypatch.setattr(Text, "draw", note)
        figure.canvas.draw()
        low, high = figure.bbox.min - 1, figure.bbox.max + 1
        outside = [
            (one, "the edge")
            for one, box in drawn
            if (box.min < low).any() or (box.max > high).any()
        ]
        return outside + [
            (a, b) for (a, one), (b, other) in combinations(drawn, 2) if one.overlaps(other)
        ]

    return found


def test_errors_have_a_panel_each_a_line_and_a_band_for_each_split(recorded, overlaps):
    one = error_curves(recorded.epochs)
    panels = one.figure.axes
    assert [axes.get_ylabel() for axes in panels] == ["l1", "l2", "max"]
    assert all(len(axes.collections) == 3 for axes in panels)
    train = panels[0].lines[0]
    assert train.get_ydata().tolist() == recorded.epochs.error("train", "l1")[0].tolist()
    swapped = panels[-1].lines[3]
    assert swapped.get_xdata().tolist() == [2, 5, 8, 11]
    assert "best weights back after 4 epochs" in one.words and "l1: train" in one.words
    assert not overlaps(one.figure)


def test_errors_that_are_no_numbers_leave_the_others_to_be_drawn(recorded):
    columns = {name: one.copy() for name, one in recorded.epochs.columns.items()}
    columns["val/l1"][3:] = np.nan
    columns["train/l1"][:] = np.inf
    columns["test/l2"][:] = columns["val/l2"][:] = columns["train/l2"][:] = np.nan
    FigureCanvasAgg(error_curves(EpochErrors(columns)).figure).draw()


def test_time_is_in_a_unit_of_which_there_are_a_few(recorded):
    axes = spent_time(recorded.epochs).figure.axes[0]
    assert axes.get_ylabel() == "seconds"
    assert axes.lines[0].get_ydata()[-1] == pytest.approx(0.4 + 1.7 * 12)
    longer = {name: 60 * one for name, one in recorded.epochs.columns.items()}
    one = spent_time(EpochErrors(longer))
    assert one.figure.axes[0].get_ylabel() == "minutes" and "CPU 20m 48s" in one.words


def test_areas_are_drawn_where_there_are_labels(recorded, tmp_path, overlaps):
    (one,) = area_curves(recorded.epochs)
    assert "ROC AUC of test points 0.9" in one.words and "train" not in one.words
    assert not overlaps(one.figure)
    bare = read_recorded(make_reconstruction(tmp_path / "w", Made(labels=False)).path)
    assert not [*area_curves(bare.epochs), *roc_curves(bare)]


def test_the_roc_curve_is_the_recorded_one_with_the_area_of_all_scores(recorded, overlaps):
    (one,) = roc_curves(recorded)
    curve = recorded.milestones["final"].array("test/roc/snippets")
    drawn = {str(line.get_label()): line for line in one.figure.axes[0].lines}
    line = next(line for label, line in drawn.items() if label.startswith("test, snippets: AUC 1"))
    assert np.array_equal([line.get_xdata(), line.get_ydata()], curve)
    assert not overlaps(one.figure)


def test_a_histogram_a_milestone_and_split_holds_each_sample_once(recorded, overlaps):
    (one,) = histograms(recorded)
    grid = one.figure.axes
    assert len(grid) == 6 * 3  # of 8 milestones six are drawn
    assert "2 more are not drawn" in one.words and "epoch 0" in one.words and "final" in one.words
    first = grid[0].patches[0].get_path().vertices[:, 1]
    errors, edges = recorded.milestones["0"].array("train/l1"), bins(np.float64([1, 2]))
    assert first.max() >= len(errors) / len(edges)
    assert not overlaps(one.figure)


@pytest.mark.parametrize("values", [[], [3.0], [0.0, 0.0], [np.nan, 1.0, np.inf], [1e-6, 1.0]])
def test_bins_hold_all_finite_values(values):
    values = np.array(values, float)
    edges = bins(values)
    known = values[np.isfinite(values)]
    assert (np.diff(edges) > 0).all()
    assert ((known >= edges[0] * (1 - 1e-9)) & (known <= edges[-1] * (1 + 1e-9))).all()


def test_each_example_is_marked_at_its_error(recorded):
    (one,) = places(recorded)
    panel, wanted = one.figure.axes[2], recorded.splits["test"].examples
    marked = [x for line in panel.lines for x in line.get_xdata()]
    assert sorted(marked) == sorted(example.error for example in wanted)
    assert "test: worst" in one.words


@pytest.mark.parametrize("channels", [1, 2, 7, 38])
def test_any_number_of_channels_is_drawn(tmp_path, channels, overlaps):
    made = Made(channels=channels, examples=3)
    found = read_recorded(make_reconstruction(tmp_path / "w", made).path)
    one = next(reconstructions(found))
    rows = min(channels, CHANNELS)
    assert len(one.figure.axes) == 3 * rows
    told = f"the {CHANNELS} channels with the largest errors, {channels - CHANNELS} are left out"
    assert (told in one.words) == (channels > CHANNELS)
    last = one.figure.axes[3 * (rows - 1)]
    # The outputs are 3 % too small: the larger a channel's numbers, the larger its errors.
    assert last.get_ylabel() == (f"channel {channels - 1}" if channels > 1 else "value")
    inputs = found.examples.sample("train/inputs", 0)[-1]
    black = [line for line in last.lines if line.get_color() == "black"]
    assert np.array_equal(black[0].get_ydata(), inputs)
    if channels == 38:
        assert not overlaps(one.figure)


def test_more_examples_than_are_drawn_are_counted(tmp_path):
    found = read_recorded(make_reconstruction(tmp_path / "w", Made(examples=5)).path)
    one = next(reconstructions(found))
    assert len(one.figure.axes) == 3 and "2 more are in examples.safetensors" in one.words


def test_ranges_of_anomalies_are_shaded_half_a_point_wider():
    assert spans(np.array([1, 1, 0, 0, 1], bool)) == [(-0.5, 2), (3.5, 1)]
    assert spans(np.zeros(4)) == []


def test_channels_that_are_no_numbers_are_the_most_wrong(tmp_path):
    found = read_recorded(make_reconstruction(tmp_path / "w", Made(channels=7)).path)
    from stride.benchmark.overview.pictures.reconstructions import _shown

    one = _shown(found, "test", 0, found.splits["test"].examples[0])
    output = one.output.copy()
    output[0] = np.nan
    assert most_wrong([replace(one, output=output)]) == [0, 5, 6]


def test_a_few_of_many_are_even_and_hold_both_ends():
    assert evenly(range(101), 5) == [0, 25, 50, 75, 100]
    assert evenly([1, 2], 5) == [1, 2]
