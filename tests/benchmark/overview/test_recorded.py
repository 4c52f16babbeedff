"""What is read of a reconstruction run, and what of others is refused, with what to type."""

from itertools import product

import numpy as np
import pytest

from stride.benchmark.overview.epoch_errors import read_epoch_errors
from stride.benchmark.overview.recorded import read_recorded
from stride.errors import BrokenRecord, RunError
from tests.benchmark.overview.made import Made, make_reconstruction


def test_errors_areas_and_swaps_are_read_by_name(tmp_path):
    epochs = read_recorded(make_reconstruction(tmp_path / "w").path).epochs
    assert (epochs.splits, epochs.errors) == (["train", "val", "test"], ["l1", "l2", "max"])
    assert epochs.epochs.tolist() == [0, 1, 2, 3, 4] and epochs.swapped.tolist() == [2]
    mean, deviation = epochs.error("test", "l1")
    assert mean[0] > mean[-1] > 0 and (deviation > 0).all()
    assert epochs.area("test", "points", "roc_auc")[0] == pytest.approx(
        0.95 - 0.4 * 2.7183**-0.2, 1e-3
    )
    assert np.isnan(epochs.area("train", "points", "roc_auc")).all()
    assert np.isnan(epochs.area("nowhere", "points", "roc_auc")).all()


def test_milestones_end_with_the_final_model(tmp_path):
    found = read_recorded(make_reconstruction(tmp_path / "w").path)
    assert [*found.milestones] == ["0", "2", "4", "final"]
    assert found.before_final == [0, 2] and found.score == "l1"
    running = make_reconstruction(tmp_path / "w", Made(state="running"))
    assert [*read_recorded(running.path).milestones] == ["0", "2", "4"]


def broken(paths):
    paths.reconstruction.write_text("{")


def half(paths):
    paths.reconstruction.unlink()


@pytest.mark.parametrize(
    ("made", "change", "error", "told"),
    [
        (Made(state="failed"), None, RunError, "not come to its end: failed.*type: stride resume"),
        (Made(), half, BrokenRecord, "has no reconstruction.json.*type: stride verify"),
        (Made(state="stopped"), half, RunError, "its end: stopped.*type: stride resume"),
        (Made(), broken, BrokenRecord, "reconstruction.json"),
    ],
)
def test_a_run_that_has_not_ended_well_is_refused(tmp_path, made, change, error, told):
    paths = make_reconstruction(tmp_path / "w", made)
    if change:
        change(paths)
    with pytest.raises(error, match=told):
        read_recorded(paths.path)


def test_runs_without_errors_are_refused_by_their_kind_and_state(tmp_path):
    states = (("running", "no epoch is recorded yet"), ("failed", "stride resume"))
    kinds = ("reconstruction", "by_epochs")
    for (state, told), kind in product(states, kinds):
        paths = make_reconstruction(tmp_path / "w", Made(state=state), trainer=kind)
        paths.errors_csv.unlink()
        with pytest.raises(RunError, match=told):
            read_recorded(paths.path)
    paths = make_reconstruction(tmp_path / "w", trainer="supervised")
    paths.errors_csv.unlink()
    with pytest.raises(RunError, match=r"one of 'supervised'.*type: stride show"):
        read_recorded(paths.path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "errors.csv is broken"),
        ("epoch,swapped\n0,0\n", "'cpu_seconds'"),
        ("epoch,swapped,cpu_seconds,wall_seconds\n0,zero,0,0\n", "zero"),
        ("epoch,swapped,cpu_seconds,wall_seconds\n0,0\n", "broken"),
        ("epoch,swapped,cpu_seconds,wall_seconds,val/l1_std\n0,0,0,0,1\n", "val/l1"),
    ],
)
def test_a_broken_table_is_refused(tmp_path, text, told):
    file = tmp_path / "errors.csv"
    file.write_text(text)
    with pytest.raises(BrokenRecord, match=told):
        read_epoch_errors(file)


def test_broken_and_missing_tensors_name_their_file(tmp_path):
    paths = make_reconstruction(tmp_path / "w")
    found = read_recorded(paths.path)
    with pytest.raises(
        BrokenRecord, match=r"examples.safetensors .*'x'.*type: stride verify \S+/0"
    ):
        found.examples.array("x")
    with pytest.raises(BrokenRecord, match=r"'test/inputs'"):
        found.examples.sample("test/inputs", 10**6)
    paths.final_errors.write_bytes(b"not tensors")
    with pytest.raises(BrokenRecord, match=r"final_errors.safetensors .*stride verify \S+/0"):
        _ = found.milestones
