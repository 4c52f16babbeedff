"""What status.json has of the metrics is small, and says when it is not all."""

import json

import pytest

from stride.runs.listing.facts import Facts, with_all_metrics
from stride.runs.listing.measured import LISTED, summary_of
from stride.runs.listing.rows.read import read_row
from stride.runs.records.results import Summary
from stride.runs.records.status import StatusRecord

MONITOR = {"metric": "m/250", "mode": "max", "value": 250.0}
MANY = {
    "best": {"step": 9, "epoch": 3, **{f"m/{n}": float(n) for n in range(300)}},
    "last": {"step": 9, "epoch": 3, **{f"m/{n}": 1.0 for n in range(300)}, "loss": "NaN"},
    "test": {"test/accuracy": 0.5},
    "monitor": MONITOR,
}


def write_run(path, status_metrics, results):
    path.mkdir()
    who = {"uuid": "0" * 32, "created": 1.0, "segment": 0, "host": "h", "pid": 1, "overrides": []}
    status = {"state": "done", **who, "metrics": status_metrics}
    for name, record in {"status.json": status, "results.json": results}.items():
        (path / name).write_text(json.dumps({"format_version": 3, **record}))
    return path


def test_all_of_a_few_metrics_are_there():
    few = {"best": {"step": 1, "loss": 1.0}, "last": {}, "test": {"test/loss": 2.0}}
    assert summary_of(few | {"monitor": None}) == {"metrics": few, "monitor": None}
    assert summary_of({})["metrics"] == {"best": {}, "last": {}, "test": {}}


def test_of_many_metrics_the_first_and_the_monitored_one_are_there():
    metrics = summary_of(MANY)["metrics"]
    best = [*metrics["best"]]
    assert best[:3] == ["step", "epoch", "m/0"] and best[-1] == "m/250"
    assert len(best) == len(metrics["last"]) == LISTED + 2
    assert metrics["left_out"] == 301 - LISTED
    Summary.model_validate(metrics)
    assert len(json.dumps(metrics)) < 2**14


@pytest.mark.parametrize("older", [False, True])
def test_a_metric_that_results_alone_has_is_found_when_it_is_asked_for(tmp_path, older):
    metrics = {"best": {"loss": 2.0}} if older else summary_of(MANY)["metrics"]
    row = read_row(write_run(tmp_path / "0", metrics, MANY))
    assert row.short and row.metric("m/299") is None
    whole = with_all_metrics(row)
    assert not whole.short and whole.best["m/299"] == 299.0
    assert Facts(row).metrics["m/299"] == 299.0 and Facts(row).metrics["test/accuracy"] == 0.5
    (tmp_path / "0" / "results.json").unlink()
    assert with_all_metrics(row) == row._replace(short=False)


def test_no_other_file_is_read_where_the_status_has_all(tmp_path):
    few = {"best": {"loss": 1.0}, "last": {"mine": 2.0}, "test": {"test/loss": 3.0}}
    row = read_row(write_run(tmp_path / "0", summary_of(few)["metrics"], {"best": {"loss": 7.0}}))
    assert not row.short and with_all_metrics(row) is row
    assert row.metrics == {"loss": 1.0, "mine": 2.0, "test/loss": 3.0}
    assert Facts(row).metrics == row.metrics
    assert StatusRecord.read(tmp_path / "0" / "status.json").metrics
