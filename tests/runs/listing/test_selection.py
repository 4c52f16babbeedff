"""Runs are filtered and sorted by what is recorded of them."""

import json

import pytest

from stride.errors import UserError
from stride.runs.listing.rows.row import RunRow
from stride.runs.listing.selection import GivenRows, Selection

CONFIG = {"format_version": 3, "optimizer_kwargs": {"lr": 1}}


@pytest.fixture
def selection(tmp_path):
    rows = []
    losses = {"0": 0.5, "2": float("nan"), "10": 0.25, "a": None, "9": 1.0}
    for seed, (name, loss) in enumerate(losses.items()):
        path = tmp_path / name
        path.mkdir()
        (path / "config.json").write_text(json.dumps(CONFIG | {"seed": seed}))
        best = {} if loss is None else {"validation/epoch_loss": loss}
        rows.append(
            RunRow(name, path, "done" if seed else "failed", created=float(seed), best=best)
        )
    return Selection(GivenRows(tmp_path, rows).runs)


def names(selection):
    return [row.name for row in selection.rows()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status == failed", ["0"]),
        ("lr == 1 and seed >= 3", ["a", "9"]),
        ("val_loss < 2", ["0", "10", "9"]),
        ("not val_loss < 2", ["2", "a"]),
        ("val_loss == null", ["a"]),
        ("val_loss == nan", ["2"]),
        ("run > 5", ["10", "a", "9"]),
        ("created < 2026-01-01", ["0", "2", "10", "a", "9"]),
        ("created > -1h", []),
    ],
)
def test_a_query_keeps_the_order(selection, query, expected):
    selection.where(query)
    assert names(selection) == expected


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("val_loss", ["10", "0", "9", "2", "a"]),
        ("-val_loss", ["9", "0", "10", "2", "a"]),
        ("run", ["0", "2", "9", "10", "a"]),
        ("-seed", ["9", "a", "10", "2", "0"]),
        ("status", ["2", "10", "a", "9", "0"]),
    ],
)
def test_runs_without_a_value_are_the_last_ones(selection, by, expected):
    selection.sort(by)
    assert names(selection) == expected


def test_no_config_is_read_for_what_the_rows_have(selection):
    selection.where("status == done and run > 1")
    selection.sort("-created")
    assert not any("_config" in vars(facts) for facts in selection.facts())
    selection.where("seed > 1")
    assert all("_config" in vars(facts) for facts in selection.facts())


def test_names_stay_known_when_their_runs_are_left_out(selection):
    selection.where("seed == 99")
    assert names(selection) == [] and selection.field("lr").key == "optimizer_kwargs.lr"
    selection.sort("max(val_loss)")
    with pytest.raises(UserError, match="no run here has 'max\\(seed'"):
        selection.sort("max(seed")
