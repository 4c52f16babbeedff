"""Results and their timings."""

import time

from stride.callbacks.monitor import Best, Monitor
from stride.engine.state import TrainState
from stride.runs.records import ResultsRecord
from stride.trainer.results import Stopwatch, results_of, summary


def test_results_fit_their_record_also_without_a_best():
    results = results_of(
        state=TrainState(),
        monitor=Monitor("m", "min"),
        best=Best(),
        last={"m": float("nan")},
        test={},
        timings=Stopwatch().timings(0),
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
    watch.start()
    time.sleep(0.02)
    watch.stop()
    timings = watch.timings(100)
    assert 0.02 <= timings["train_seconds"] < timings["wall_seconds"]
    assert timings["samples_per_second"] == 100 / timings["train_seconds"]
