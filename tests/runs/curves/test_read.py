"""Curves hold what the rows hold, whichever of the metrics a row has."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stride.errors import RunError
from stride.runs.curves.options import CurveOptions
from stride.runs.curves.places import TrainingTime
from stride.runs.curves.read import read_curves, recorded_names
from stride.runs.files.encoding import json_bytes
from stride.runs.layout import RunPaths

Streamed = Callable[..., RunPaths]
LOSS, OTHER = "train/loss", "validation/epoch_loss"


def xy(paths: RunPaths, name: str, **options: Any) -> tuple[list[float], list[float]]:
    line = read_curves(paths, [name], CurveOptions(**options))[name].line("one")
    return list(line.x), list(line.y)


def test_each_metric_has_the_rows_that_hold_it(streamed: Streamed) -> None:
    rows = [{"step": n, "epoch": n // 4, "time": 100.0 + n, LOSS: n / 8} for n in range(1, 9)]
    rows += [{"step": 8, "epoch": 2, "time": 108.5, OTHER: 0.25}]
    paths = streamed(rows)
    assert xy(paths, LOSS) == ([*range(1, 9)], [n / 8 for n in range(1, 9)])
    assert xy(paths, OTHER) == ([8], [0.25])
    assert recorded_names(paths) == {"step", "epoch", "time", LOSS, OTHER}


def test_along_epochs_those_inside_of_one_are_one_cell(streamed: Streamed) -> None:
    paths = streamed({"step": n, "epoch": n // 4, LOSS: n} for n in range(10))
    line = read_curves(paths, [LOSS], CurveOptions("epoch"))[LOSS].line("one")
    assert (line.x, line.y, line.cell) == ([0, 1, 2], [1.5, 5.5, 8.5], 1.0)
    assert (line.low, line.high) == ([0, 4, 8], [3, 7, 9])
    ends = streamed({"step": n, "epoch": n, OTHER: n / 2} for n in (1, 2, 3))
    line = read_curves(ends, [OTHER], CurveOptions("epoch"))[OTHER].line("one")
    assert (line.x, line.y, line.cell) == ([1, 2, 3], [0.5, 1.0, 1.5], 0.0)


def test_time_is_that_of_training(streamed: Streamed) -> None:
    times = [103.0, 110.0, 1002.0, 1007.0]
    rows = [{"step": n, "time": time, LOSS: n} for n, time in enumerate(times)]
    assert xy(streamed(rows, [100.0, 1000.0]), LOSS, along="time")[0] == [3, 10, 12, 17]
    assert xy(streamed(rows, name="1"), LOSS, along="time")[0] == [0, 7, 899, 904]
    broken = streamed(rows, [100.0, "a"], name="2")
    assert xy(broken, LOSS, along="time")[0] == [3, 10, 902, 907]


def test_no_time_passes_backwards_or_before_a_segment() -> None:
    time = TrainingTime([100.0, 200.0, 300.0])
    assert time.seconds([90.0, 110.0, 105.0]) == [0, 10, 5]
    assert time.seconds([310.0]) == [20]  # the second segment has left no row


def test_what_is_no_number_is_a_gap_and_what_has_no_place_is_left_out(streamed: Streamed) -> None:
    values: list[Any] = [1.0, "NaN", "Infinity", "text", None, True, [2], 3]
    rows: list[dict[str, Any]] = [{"step": n, LOSS: value} for n, value in enumerate(values)]
    rows += [{LOSS: 7.0}, *({"step": bad, LOSS: 7.0} for bad in ("9", -1, True, "NaN", 2**60))]
    x, y = xy(streamed(rows), LOSS)
    assert x == [*range(8)]
    assert [(at, one) for at, one in enumerate(y) if math.isfinite(one)] == [(0, 1.0), (7, 3)]


def test_what_no_logarithm_is_drawn_of_is_a_gap_and_counted(streamed: Streamed) -> None:
    paths = streamed({"step": n, LOSS: y} for n, y in enumerate([1.0, 0.0, -2.0, "NaN", 4.0]))
    curve = read_curves(paths, [LOSS], CurveOptions(log=True))[LOSS]
    assert [y for y in curve.line("one").y if y == y] == [1.0, 4.0]
    assert curve.not_above_0 == 2


def test_smoothing_goes_on_from_block_to_block(streamed: Streamed) -> None:
    rows = [{"step": n, "note": "x" * 500, LOSS: float(n % 7)} for n in range(1500)]
    found = xy(streamed(rows), LOSS, smooth=0.9)[1]
    total, expected = 0.0, []
    for n in range(1500):
        total = 0.9 * total + 0.1 * (n % 7)
        expected.append(total / (1 - 0.9 ** (n + 1)))
    assert found == pytest.approx(expected)


@settings(max_examples=30)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"step": st.integers(0, 5000)},
            optional={LOSS: st.floats(), OTHER: st.floats() | st.sampled_from(["NaN", None])},
        )
    ),
    st.integers(1, 700),
)
def test_extremes_are_those_of_the_file(rows: list[dict[str, Any]], times: int) -> None:
    from tempfile import TemporaryDirectory

    rows = [{**row, "step": row["step"] + 5001 * n} for n in range(times) for row in rows]
    with TemporaryDirectory() as folder:
        paths = RunPaths(Path(folder, "0"))
        paths.path.mkdir()
        paths.metrics.write_bytes(b"".join(map(json_bytes, rows)))
        curves = read_curves(paths, [LOSS, OTHER], CurveOptions())
    for name, curve in curves.items():
        values = [v for row in rows if type(v := row.get(name)) is float and math.isfinite(v)]
        line = curve.line("one")
        assert len(line.x) <= 4096
        if values:
            known = [(a, b) for a, b in zip(line.low, line.high, strict=True) if a == a]
            assert min(low for low, _ in known) == min(values)
            assert max(high for _, high in known) == max(values)


def test_a_torn_last_line_is_none_and_a_broken_one_is_told(streamed: Streamed) -> None:
    paths = streamed({"step": n, LOSS: 1.0} for n in range(3))
    paths.metrics.write_bytes(paths.metrics.read_bytes() + b'{"step": 3, "tra')
    assert xy(paths, LOSS)[0] == [0, 1, 2]
    paths.metrics.write_bytes(paths.metrics.read_bytes() + b'\n{"step": 4}\n')
    with pytest.raises(RunError, match="line 4 is not a JSON object"):
        xy(paths, LOSS)
    paths.metrics.unlink()
    assert xy(paths, LOSS) == ([], [])
