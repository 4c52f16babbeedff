"""A row is the same after it was stored, and what a query asks of it is what the row has."""

import math
from pathlib import Path

import pytest

from stride.runs.listing.facts import Facts
from stride.runs.listing.pieces import Pieces
from stride.runs.listing.rows.row import RunRow
from stride.runs.listing.stored import Restored, StoredFacts, store
from stride.runs.where.names import FIELDS, Field

ROW = RunRow(
    "3",
    Path("W/3"),
    "failed",
    reason="ValueError: größe",
    created=1.5,
    started=2.25,
    ended=math.pi,
    duration=None,
    best={"validation/loss": 1e-300, "nan": math.nan, "inf": math.inf},
    last={"validation/loss": 0.1, "lr": 3.0},
    test={"test/loss": -0.0},
    monitor="validation/loss",
    mode="min",
    overrides=("a=1", "b=x y"),
    uuid="0" * 32,
)


@pytest.mark.parametrize(
    "row",
    [ROW, RunRow("0", Path("W/0"), "done", best={}, last={}, test={}), ROW._replace(short=True)],
)
def test_a_row_comes_back_as_it_was(row: RunRow) -> None:
    pieces = Pieces()
    stored = store(row, 7, pieces)
    assert stored.segment == 7
    for known in (pieces, Pieces(known=pieces.fresh.items()), Pieces(pieces.fresh.get)):
        assert repr(Restored(stored, known).row(row.path)) == repr(row)


def test_a_damaged_piece_is_not_known() -> None:
    pieces = Pieces()
    stored = store(ROW, 0, pieces)
    with pytest.raises(LookupError):
        Restored(stored, Pieces(known=[(stored.names, b"[false, [], [], []]")]))


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("aspect", ["", "best", "last", "min"])
def test_a_query_sees_the_same_in_a_stored_row(aspect: str, short: bool) -> None:
    row, pieces = ROW._replace(short=short), Pieces()
    stored = StoredFacts("W/3", Restored(store(row, 0, pieces), pieces), dict)
    names = [*row.metrics, "absent"]
    fields = [Field("field", name) for name in FIELDS]
    fields += [Field("metric", name, aspect) for name in names]
    for field in fields:
        assert repr(stored.value(field)) == repr(Facts(row).value(field)), field
