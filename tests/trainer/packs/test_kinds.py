"""Each run of a pack is the run that it is alone, whatever it is made of."""

import pytest

from tests.trainer.packs.trainings import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_each_run_of_a_pack_leaves_the_bits_that_it_has_alone(fleet, kind):
    members = [{"kind": kind}] * 4
    _, ended = fleet.pack(members)
    assert [one.value for one in ended] == fleet.alone(members)
    assert [one.error for one in ended] == [None] * 4
    assert fleet.problems(range(4)) == {}
    records = [fleet.record(place) for place in range(4)]
    assert [(one["width"], one["place"]) for one in records] == [(4, n) for n in range(4)]
    assert len({one["uuid"] for one in records}) == 1
    assert all(one["alone"] == {} for one in records)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_32_runs_of_a_pack_reproduce_alone(fleet, kind):
    members = [{"kind": kind, "checkpoint_config": {"every_steps": 3}}] * 32
    trainers, ended = fleet.pack(members)
    assert [one.value for one in ended] == fleet.alone(members)
    assert fleet.problems(range(32)) == {}
    assert all(fleet.record(place)["width"] == 32 for place in range(32))
    for place, trainer in enumerate(trainers):
        verdict = trainer.reproduce(f"at-{place}")
        assert verdict.identical and verdict.weights == "identical" and verdict.steps == 8


def test_a_run_of_a_pack_reproduces_alone(fleet):
    trainers, _ = fleet.pack([{"kind": "normalised"}] * 3)
    verdict = trainers[1].reproduce("at-1")
    assert (verdict.identical, verdict.weights, verdict.steps) == (True, "identical", 8)
