"""Tables that never lie: nothing that counts is cut, and what is left out is said."""

import sys

import pytest

from stride.tables.table import Column, Table, numbers
from stride.tables.text import lay_out, width_of

NAMES = ["0", "big-lr", "300"]
LOSSES = [0.5, 1.2345678e-05, None]
TEXTS = ["a=1", "optimizer_kwargs.weight_decay=0.0001 model_kwargs.widths=[64,128]", None]
RUNS = Table(
    [
        Column("run", str),
        numbers("best validation/epoch_loss"),
        Column("overrides", str, long=True),
    ],
    [list(row) for row in zip(NAMES, LOSSES, TEXTS, strict=True)],
)


def test_as_wide_as_it_is_where_there_is_no_terminal() -> None:
    assert lay_out(RUNS) == [
        "run     best validation/epoch_loss  overrides",
        "0                        0.5        a=1",
        f"big-lr                   1.235e-05  {TEXTS[1]}",
        "300                      -          -",
    ]


def test_titles_are_broken_before_a_cell_is_cut() -> None:
    assert lay_out(RUNS, 88) == [
        "               best",
        "        validation/",
        "run      epoch_loss  overrides",
        "0         0.5        a=1",
        f"big-lr    1.235e-05  {TEXTS[1]}",
        "300       -          -",
    ]


def test_long_cells_are_cut_and_numbers_and_names_are_not() -> None:
    lines = lay_out(RUNS, 50)
    assert lines[-2] == "big-lr    1.235e-05  optimizer_kwargs.weight_deca…"
    assert max(map(len, lines)) <= 50


def test_what_must_be_read_to_its_end_goes_on_in_further_lines() -> None:
    text = "stride train -w W optimizer_kwargs.lr=0.001"
    columns = [Column("key", str), Column("value", str, wraps=True)]
    assert lay_out(Table(columns, [["command", text], ["devices", "cpu"]]), 36) == [
        "key      value",
        "command  stride train -w W",
        "         optimizer_kwargs.lr=0.001",
        "devices  cpu",
    ]


def test_columns_become_rows_where_only_that_fits() -> None:
    values = [0.25, 1234.5678]
    wide = Table(
        [Column("run", str), *map(numbers, "abcdefgh")], [["0", *values * 4], ["1", *[1] * 8]]
    )
    assert lay_out(wide, 40)[:4] == [
        "run  0     1",
        "a    0.25  1",
        "b    1235  1",
        "c    0.25  1",
    ]


def test_a_table_is_divided_where_nothing_else_fits_and_each_part_names_its_rows() -> None:
    titles = [f"metric{n}" for n in range(9)]
    rows = [[f"run-{n}", *[1 / (m + n + 3) for m in range(9)]] for n in range(9)]
    lines = lay_out(Table([Column("run", str), *map(numbers, titles)], rows), 40)
    parts = [part.splitlines() for part in "\n".join(lines).split("\n\n")]
    assert max(map(len, lines)) <= 40 and len(parts) == 3
    assert [title for part in parts for title in part[0].split()[1:]] == titles
    for n, row in enumerate(rows):
        cells = [part[n + 1].split() for part in parts]
        assert {first for first, *_ in cells} == {row[0]}
        assert [cell for _, *rest in cells for cell in rest] == [f"{v:.4g}" for v in row[1:]]


def test_rows_that_two_columns_name_are_named_by_both_in_each_part() -> None:
    columns = [Column("configuration", str, wraps=True), Column("metric", str)]
    rows = [[f"lr={n} model=ResNet epochs=12", one, 0.25, 0.5] for n in range(9) for one in "ab"]
    table = Table([*columns, numbers("mean"), numbers("x" * 20)], rows, names=2)
    assert lay_out(table, 50)[:5] == [
        "configuration      metric  mean",
        "lr=0 model=ResNet  a       0.25",
        "epochs=12",
        "lr=0 model=ResNet  b       0.25",
        "epochs=12",
    ]


@pytest.mark.parametrize("width", range(10, 120, 7))
def test_whatever_the_width_each_number_is_whole(width: int) -> None:
    shown = "\n".join(lay_out(RUNS, width))
    assert all(name in shown for name in NAMES) and "1.235e-05" in shown


def test_wide_letters_take_two_columns() -> None:
    assert (width_of("名前"), width_of("café"), width_of("é")) == (4, 4, 1)
    table = Table([Column("run", str), Column("note", str)], [["名前", "a"], ["x", "b"]])
    assert lay_out(table) == ["run   note", "名前  a", "x     b"]


def test_what_a_terminal_would_obey_is_shown() -> None:
    table = Table([Column("run", str)], [["\x1b[2J"], ["a\nb\tc"]], above=["all\x07"])
    assert lay_out(table) == ["all\\x07", "run", "\\x1b[2J", "a b c"]


def test_sentences_above_are_broken_at_the_width() -> None:
    table = Table([Column("run", str)], [["0"]], above=["all runs: a=1 b=2 c=3 d=4"])
    assert lay_out(table, 16)[:2] == ["all runs: a=1", "b=2 c=3 d=4"]


def test_a_cell_is_painted_after_it_is_padded() -> None:
    table = Table([Column("run", str), Column("status", str)], [["0", "done"], ["1", "failed"]])
    lines = lay_out(table, paint=lambda at, cell: f"<{cell}>" if at == 1 else cell)
    assert lines[1:] == ["0    <done  >", "1    <failed>"]


@pytest.mark.parametrize("width", range(24, 34))
def test_a_number_is_not_cut_into_another_one(width: int) -> None:
    cell = "weight_decay=0.00012 lr=-1.5e-3"
    long = Table([Column("run", str), Column("overrides", str, long=True)], [["0", cell]])
    *_, line = lay_out(long, width)
    kept = line.split(None, 1)[1].removesuffix("…")
    assert cell.startswith(kept)
    assert all(word in cell.split() or word.endswith("=") for word in kept.split() if "=" in word)


def calls_for(rows: int) -> int:
    """Return how many calls it takes to lay out so many rows."""
    table, calls = Table([Column("run", str)], [["0"]] * rows), 0

    def count(_frame: object, event: str, _what: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        lay_out(table)
    finally:
        sys.setprofile(None)
    return calls


def test_ten_times_the_rows_are_ten_times_the_work() -> None:
    assert calls_for(1000) < 12 * calls_for(100)


@pytest.mark.parametrize("width", range(34, 50))
def test_a_number_is_not_broken_where_a_cell_is_wrapped(width: int) -> None:
    values = ["20", "0.00012", "-1.5e-3"]
    cells = [f"training_config.max_epochs_more={one}" for one in values]
    columns = [Column("run", str), Column("W/0", str, wraps=True)]
    lines = lay_out(Table(columns, [["0", one] for one in cells]), width)
    words = " ".join(lines).replace("=", "= ").split()
    assert [*filter(values.__contains__, words)] == values
