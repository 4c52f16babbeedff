"""Which runs two configurations lack to have the same seeds."""

import pytest

from stride.errors import RunError
from stride.runs.deciding.decision import decide
from stride.runs.deciding.missing import alike_with, missing_runs
from tests.runs.deciding.conftest import write_run

A, B = {"optimizer_kwargs.lr": 0.1}, {"optimizer_kwargs.lr": 0.2}


@pytest.fixture
def missing(work_dir, select):
    """Return a function that gives (side, seed, run to resume) of all that is missing."""

    def found(pairs=None):
        read = select(work_dir)
        one, other = (
            [facts for facts in read.facts if facts.config["optimizer_kwargs.lr"] == lr]
            for lr in (0.1, 0.2)
        )
        decision = decide(("a", one), ("b", other), read.field("test/accuracy"))
        return [
            (one.side.name, one.seed, one.begun.row.path.name if one.resumes else None)
            for one in missing_runs(decision, pairs)
        ]

    return found


def test_seeds_of_either_are_for_both(work_dir, missing):
    for seed in (3, 5):
        write_run(work_dir, f"a{seed}", seed, accuracy=0.9, config=A)
    write_run(work_dir, "b3", 3, accuracy=0.8, config=B)
    assert missing() == [("b", 5, None)]
    write_run(work_dir, "b9", 9, accuracy=0.8, config=B)
    assert missing() == [("b", 5, None), ("a", 9, None)]
    assert missing(1) == []
    assert missing(2) == [("b", 5, None)]
    assert missing(4) == [("a", 4, None), ("b", 4, None), ("b", 5, None), ("a", 9, None)]


def begin(work_dir, name, state):
    """Write a run of seed 1 that has begun, and is in a state."""
    path = write_run(work_dir, name, 1, state=state, config=B)
    (path / "metrics.jsonl").write_text("{}\n")


@pytest.mark.parametrize("state", ["failed", "interrupted", "stopped"])
def test_what_was_begun_is_resumed_and_what_never_began_is_not(work_dir, missing, state):
    for seed in (0, 1):
        write_run(work_dir, f"a{seed}", seed, accuracy=0.9, config=A)
    write_run(work_dir, "b0", 0, accuracy=0.8, config=B)
    begin(work_dir, "b1", state)
    assert missing() == [("b", 1, "b1")]
    for file in ("metrics.jsonl", "results.json", "provenance.json"):
        (work_dir / "b1" / file).unlink()
    assert missing() == [("b", 1, None)]


@pytest.mark.parametrize(
    ("state", "what"),
    [
        ("queued", r"seed 1 of b is queued \(.*b1\); wait for its end"),
        ("waiting", r"seed 1 of b is waiting \(.*b1\); type: stride label .*b1"),
    ],
)
def test_what_another_is_to_train_is_refused(work_dir, missing, state, what):
    for name, config in (("a0", A), ("b0", B)):
        write_run(work_dir, name, 0, accuracy=0.9, config=config)
    begin(work_dir, "b1", state)
    with pytest.raises(RunError, match=what):
        missing()
    assert missing(1) == []


def test_another_seed_of_a_fork_is_a_fork(work_dir, missing):
    write_run(work_dir, "a0", 0, accuracy=0.9, config=A)
    parent = {"run": "W/x", "relation": "fork", "checkpoint": "cnn_epoch_2", "uuid": "0" * 32}
    write_run(work_dir, "b1", 1, accuracy=0.9, config=B, parent=parent)
    with pytest.raises(RunError, match=r"stride fork W/x --at cnn_epoch_2 \.\.\. seed=N"):
        missing()


def test_a_configuration_has_all_of_its_runs(work_dir, select):
    for name, seed, config in (("a0", 0, A), ("a1", 1, A), ("b0", 0, B), ("again", 1, A)):
        write_run(work_dir, name, seed, accuracy=0.9, config=config)
    read = select(work_dir).facts
    some = [facts for facts in read if facts.row.path.name == "a0"]
    assert {one.row.path.name for one in alike_with(some, read)} == {"a0", "a1", "again"}
