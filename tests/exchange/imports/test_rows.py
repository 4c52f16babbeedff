"""Numbers are put into rows by step and moment, and none is there twice."""

from stride.exchange.imports.rows import counts_epochs, fitting, rows_of
from stride.exchange.imports.source import Value

NAMES = {"a": "a", "b": "b"}


def test_a_row_holds_what_was_recorded_together() -> None:
    values = [Value(2, 9.0, "a", 1), Value(1, 5.0, "a", 2), Value(1, 5.5, "b", 3)]
    found = [*rows_of(fitting([*values, Value(2, 99.0, "b", 4)], print), NAMES)]
    assert found == [
        {"step": 1, "epoch": 0, "time": 5.0, "a": 2, "b": 3},
        {"step": 2, "epoch": 0, "time": 9.0, "a": 1},
        {"step": 2, "epoch": 0, "time": 99.0, "b": 4},  # measured later
    ]


def test_of_a_name_at_a_step_the_newest_stands() -> None:
    told = list[str]()
    values = [Value(1, 0.0, "a", 1.0), Value(1, 9.0, "a", 2.0), Value(1, 9.0, "b", 5)]
    values += [
        Value(-1, 0.0, "a", 1),
        Value(3, 0.0, "a", 10**400),
        Value(1, 9.0, "b", 5),
        Value(2**60, 0.0, "a", 1),
    ]
    kept = fitting(values, told.append)
    assert [(value.step, value.name, value.number) for value in kept] == [
        (1, "a", 2.0),
        (1, "b", 5),
    ]
    assert told == [
        "numbers at steps below 0 or beyond 2**53, or beyond all floats: 3",
        "numbers that others replaced at their step: 1",
    ]


def test_epochs_are_those_of_the_source_where_it_counts_them() -> None:
    epochs = [Value(0, 0.0, "a", 7), Value(4, 0.0, "epoch", 1.0), Value(9, 0.0, "a", 8)]
    assert counts_epochs(epochs) and not counts_epochs([Value(0, 0.0, "epoch", 0.5)])
    assert not counts_epochs([Value(0, 0.0, "epoch", 1e300)])
    assert not counts_epochs([Value(0, 0.0, "epoch", 2), Value(1, 0.0, "epoch", 1)])
    rows = [*rows_of(epochs, NAMES)]
    assert [(row["step"], row["epoch"]) for row in rows] == [(0, 0), (9, 1)]
