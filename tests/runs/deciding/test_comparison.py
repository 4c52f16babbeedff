"""What a metric is over the seeds, and which configuration may be the best."""

import math

import pytest

from stride.runs.deciding.comparison import compare, mode_of
from stride.runs.deciding.configurations import group
from stride.runs.listing.facts import Facts
from tests.runs.deciding.conftest import write_run

LRS = {0.1: (0.90, 0.91, 0.92, 0.93), 0.2: (0.80, 0.81, 0.83, 0.83), 0.3: (0.89, 0.92, 0.91, 0.93)}


@pytest.fixture
def compared(work_dir, select):
    def read(metric="test/accuracy", mode=None):
        selection = select(work_dir)
        return compare(group(selection.facts), selection.field(metric), mode)

    for number, (lr, values) in enumerate(LRS.items()):
        for seed, value in enumerate(values):
            config = {"optimizer_kwargs.lr": lr}
            write_run(work_dir, 10 * number + seed, seed, accuracy=value, config=config)
    return read


def test_the_best_comes_first_and_others_are_compared_with_it(compared):
    found = compared()
    assert found.mode == "max"
    assert [row.configuration.name for row in found.rows] == ["lr=0.1", "lr=0.3", "lr=0.2"]
    assert [row.standing for row in found.rows] == ["best", "unclear", "behind"]
    best, near, behind = found.rows
    assert found.best is best and best.against_best is None
    assert best.mean == pytest.approx(0.915) and best.interquartile_mean == pytest.approx(0.915)
    assert best.deviation == pytest.approx(0.0129099, rel=1e-5)
    assert best.mean_interval == pytest.approx((0.8944574, 0.9355426))
    assert behind.against_best.mean == pytest.approx(-0.0975) and behind.against_best.n == 4
    assert behind.against_best.level == pytest.approx(0.975)
    assert near.against_best.interval.holds(0)


def test_the_other_way_and_no_way(compared):
    assert compared(mode="min").rows[0].configuration.name == "lr=0.2"
    found = compared("min(validation/epoch_loss)")
    assert found.mode == "min"  # as the runs say that monitor it


def test_a_failed_seed_a_missing_one_and_one_without_a_number_are_named(compared, work_dir):
    new = {"config": {"optimizer_kwargs.lr": 0.4}}
    write_run(work_dir, 40, 0, accuracy=0.99, state="failed", reason="OutOfMemory", **new)
    write_run(work_dir, 41, 1, accuracy=math.nan, **new)
    write_run(work_dir, 42, 2, **new)
    write_run(work_dir, 43, 4, accuracy=0.91, config={"optimizer_kwargs.lr": 0.1})
    rows = {row.configuration.name: row for row in compared().rows}
    told = {repeat: left.why for repeat, left in rows["lr=0.4"].left_out.items()}
    assert told == {
        (0,): "failed: OutOfMemory",
        (1,): "test/accuracy is nan",
        (2,): "has no test/accuracy",
    }
    assert rows["lr=0.4"].missing == [(3,), (4,)] and rows["lr=0.1"].missing == []
    assert rows["lr=0.4"].standing is None and math.isnan(rows["lr=0.4"].mean)
    assert rows["lr=0.3"].against_best.n == 4  # seeds that both have


def test_where_no_way_is_known_nothing_is_the_best(compared, work_dir):
    for run in work_dir.iterdir():
        results = run / "results.json"
        results.write_text(results.read_text().replace("accuracy", "thing"))
    found = compared("test/thing")
    assert found.mode is None and found.best is None
    assert [row.configuration.name for row in found.rows] == ["lr=0.1", "lr=0.2", "lr=0.3"]


def test_which_way_is_better(select, work_dir):
    write_run(work_dir, 0, 0)
    facts = select(work_dir).facts
    assert mode_of("validation/epoch_loss", facts) == "min"
    assert mode_of("test/loss", facts) == "min" and mode_of("test/accuracy", facts) == "max"
    assert mode_of("thing", facts) is None
    max_way, min_way = (
        Facts(facts[0].row._replace(monitor="validation/thing", mode=mode))
        for mode in ("max", "min")
    )
    assert mode_of("test/thing", [max_way]) == "max"
    assert mode_of("test/thing", [max_way, min_way]) is None
