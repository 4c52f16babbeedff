"""Results and their timings."""

import time

from stride.callbacks.monitor import Best, Monitor
from stride.engine.state import TrainState
from stride.runs.records.results import ResultsRecord
from stride.trainer.fit.results import Stopwatch, results_of, summary


def test_results_fit_their_record_also_without_a_best():
    results = results_of(
        state=TrainState(),
        monitor=Monitor("m", "min"),
        best=Best(),
        last={"m": float("nan")},
        test={},
        timings=Stopwatch().timings(),
        parameters=3,
        weights_sha256="",
    )
    record = ResultsRecord.model_validate(results)
    assert record.monitor.value is None
    assert summary(results) == "no number for m"
    assert "weights_sha256" not in record.to_json()


def test_a_stopwatch_counts_training_apart_from_the_rest():
    watch = Stopwatch()
    time.sleep(0.02)
    state = TrainState()
    state.position = 30  # of an epoch that was begun before
    watch.start(state)
    state.drawn, state.position = 80, 50
    time.sleep(0.02)
    watch.stop()
    timings = watch.timings()
    assert 0.02 <= timings["train_seconds"] < timings["wall_seconds"]
    assert timings["samples_per_second"] == 100 / timings["train_seconds"]


def test_a_stopwatch_goes_on_from_earlier_segments():
    watch = Stopwatch()
    watch.load_state_dict({"wall_seconds": 50.0, "train_seconds": 40.0, "samples": 300})
    state = TrainState()
    watch.start(state)
    state.drawn = 100
    state = watch.state_dict()
    assert state["samples"] == 400
    assert 50.0 < state["wall_seconds"] < 60.0 and 40.0 < state["train_seconds"] < 50.0
    watch.stop()
    assert 40.0 < watch.timings()["train_seconds"] < 50.0
