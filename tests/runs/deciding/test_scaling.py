"""How much faster more processes are."""

import pytest

from stride.runs.deciding.scaling import scaling
from tests.runs.deciding.conftest import write_run


def write_timed(work_dir, name, rate, processes, seed=0, device="cpu", **more):
    results = {"timings": {"train_seconds": 1000 / rate, "samples_per_second": rate}}
    write_run(work_dir, name, seed, results=results, devices=[device] * processes, **more)


def test_speed_up_and_efficiency_over_processes(work_dir, select):
    for seed, rate in enumerate((90.0, 110.0)):
        write_timed(work_dir, seed, rate, 1, seed)
        write_timed(
            work_dir, 10 + seed, 3 * rate, 4, seed, config={"distributed_config": {"strategy": "x"}}
        )
    one, four = scaling(select(work_dir).facts)[0]
    assert (one.processes, one.scaled, one.rate) == (1, (1, 1), pytest.approx(100))
    assert one.rate_deviation == pytest.approx(14.142, rel=1e-3) and len(one.runs) == 2
    assert (four.processes, four.scaled) == (4, (pytest.approx(3), pytest.approx(0.75)))
    assert four.seconds == pytest.approx((1000 / 270 + 1000 / 330) / 2) and four.name == ""


def test_works_are_apart_unless_one_name_puts_them_together(work_dir, select):
    other = {"optimizer_kwargs.lr": 0.5}
    write_timed(work_dir, 0, 100.0, 1)
    write_timed(work_dir, 1, 150.0, 2, config=other)
    rows, _ = scaling(select(work_dir).facts)
    assert [(row.name, row.scaled.speedup) for row in rows] == [("lr=0.1", 1), ("lr=0.5", 1)]
    write_timed(work_dir, 2, 100.0, 1, config={"logging_config.timing_name": "study"})
    write_timed(work_dir, 3, 150.0, 2, config={**other, "logging_config.timing_name": "study"})
    rows = [row for row in scaling(select(work_dir).facts)[0] if row.name == "study"]
    assert [row.scaled.speedup for row in rows] == [1, 1.5]


def test_devices_are_not_compared_with_each_other(work_dir, select):
    write_timed(work_dir, 0, 100.0, 1)
    write_timed(work_dir, 1, 900.0, 2, device="NVIDIA H200")
    rows, _ = scaling(select(work_dir).facts)
    assert [(row.device, row.scaled) for row in rows] == [("cpu", (1, 1)), ("NVIDIA H200", (1, 1))]


def test_runs_that_tell_nothing_are_named(work_dir, select):
    write_timed(work_dir, 0, 100.0, 1)
    write_timed(work_dir, 1, 100.0, 1, state="failed")
    write_run(work_dir, 2, devices=["cpu"])
    write_run(work_dir, 3)
    rows, left_out = scaling(select(work_dir).facts)
    assert len(rows) == 1
    assert {left.facts.row.name: left.why for left in left_out} == {
        "1": "failed",
        "2": "has no samples per second",
        "3": "does not tell its processes",
    }
