"""The stream: rows by step, whatever the timing; half a second at most until they are written."""

import threading
import time

import pytest
import torch

from stride.engine.state import TrainState
from stride.errors import RunError, StrideError
from stride.loggers.stream import MetricsStream


def strip(rows):
    return [{k: v for k, v in row.items() if k != "time"} for row in rows]


def test_values_of_a_step_are_one_row_and_tensors_are_read_late():
    state, rows = TrainState(), []
    stream = MetricsStream(state, [rows.extend])
    state.step = 1
    stream.log("a", 1)
    stream.log("b", torch.tensor(2.0, requires_grad=True))
    state.step = 2
    stream.log("a", 3.0)
    state.epoch = 1
    stream.log("c", 4.0)
    stream.flush()
    assert strip(rows) == [
        {"step": 1, "epoch": 0, "a": 1.0, "b": 2.0},
        {"step": 2, "epoch": 0, "a": 3.0},
        {"step": 2, "epoch": 1, "c": 4.0},
    ]


def test_a_value_logged_after_the_end_is_refused_and_not_lost_in_silence():
    rows = []
    stream = MetricsStream(TrainState(), [rows.extend])
    stream.log("a", 1.0)
    stream.close()
    with pytest.raises(RunError, match="'a' is not kept: the training has ended"):
        stream.log("a", 2.0)
    assert [row["a"] for row in rows] == [1.0]


def test_the_background_writes_settled_steps_within_a_second():
    state, rows = TrainState(), []
    written = threading.Event()
    stream = MetricsStream(state, [lambda new: (rows.extend(new), written.set())])
    state.step = 1
    stream.log("a", 1.0)
    state.hooks_done_step = 1
    state.step = 2
    stream.log("a", 2.0)  # step 2 is still under way
    stream.start()
    began = time.monotonic()
    assert written.wait(5)
    assert time.monotonic() - began < 1.0
    assert strip(rows) == [{"step": 1, "epoch": 0, "a": 1.0}]
    stream.close()
    assert [row["step"] for row in rows] == [1, 2]


def test_a_report_ends_its_row_however_late_it_is_written():
    for flushes in ([], [1], [1, 2]):
        state, rows = TrainState(), []
        stream = MetricsStream(state, [rows.extend])
        state.step = 1
        stream.log("a", 1.0)
        stream.report({"train/loss": 2.0, "lr": 0.5})
        if 1 in flushes:
            stream.flush()
        stream.log("b", 3.0)  # by a hook that is called after the report
        if 2 in flushes:
            stream.flush()
        stream.report({"c": 4.0})
        stream.flush()
        whole = {"step": 1, "epoch": 0}
        later = [{"b": 3.0, "c": 4.0}] if 2 not in flushes else [{"b": 3.0}, {"c": 4.0}]
        expected = [{"a": 1.0, "train/loss": 2.0, "lr": 0.5}, *later]
        assert strip(rows) == [whole | values for values in expected]


def test_a_report_is_told_what_failed_in_the_background():
    stream = MetricsStream(TrainState(), [])
    stream._error = StrideError("cannot write", where="metrics.jsonl")
    with pytest.raises(StrideError, match="cannot write"):
        stream.report({"a": 1.0})
    stream.report({"a": 1.0})


def test_a_sink_that_fails_in_the_background_is_told_at_the_next_flush():
    state = TrainState()

    def full(rows):
        raise StrideError("cannot write", where="metrics.jsonl")

    stream = MetricsStream(state, [full])
    stream.start()
    state.step = state.hooks_done_step = 1
    stream.log("a", 1.0)
    deadline = time.monotonic() + 5
    while stream._error is None and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(StrideError, match="cannot write"):
        stream.close()


def test_a_tensor_that_changes_in_place_is_noted_as_it_was():
    state, rows = TrainState(), []
    stream = MetricsStream(state, [rows.extend])
    value = torch.zeros(())
    for state.step in (1, 2):
        stream.log("a", value.add_(1))
    stream.flush()
    assert [row["a"] for row in rows] == [1.0, 2.0]


def test_a_tensor_of_a_device_is_noted_as_a_copy():
    stream, value = MetricsStream(TrainState(), []), torch.zeros((), device="meta")
    stream.log("a", value)
    value.add_(1)
    assert (value._version, stream._pending[0][-1]._version) == (1, 0)  # which a view would share


@pytest.mark.parametrize("value", [torch.zeros(2), torch.zeros(0), "1.5", None])
def test_what_is_no_number_is_refused_where_it_is_logged(value):
    stream = MetricsStream(TrainState(), [])
    with pytest.raises(TypeError, match="'a' is not one number"):
        stream.log("a", value)


@pytest.mark.parametrize("name", ["step", "epoch", "time"])
def test_the_names_of_a_rows_own_columns_are_refused(name):
    with pytest.raises(ValueError, match=f"cannot be called '{name}'"):
        MetricsStream(TrainState(), []).log(name, 1.0)
