"""Warm-ups, and schedulers made of others, from their sections of the config."""

import math

import pytest
import torch
from torch import nn

from stride.config.values import Raw
from stride.engine.optim.schedule import build_schedule, resolve_scheduler
from stride.errors import ComponentError, ConfigError


def made(lr=1.0):
    return torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=lr)


def resolved(section, epochs=4, steps=10):
    return resolve_scheduler({"interval": None, **section}, epochs=epochs, steps=steps, mode="min")


def rates(section, steps=10, stop=None, epochs=4):
    """Return the rates of the updates; of a schedule that is built and restored at `stop`."""
    optimizer = made()
    built = build_schedule(resolved(section, epochs, steps), optimizer, metric="m")
    found = []
    for step in range(steps):
        if step == stop:
            saved, state = built.state_dict(), optimizer.state_dict()
            optimizer = made()
            built = build_schedule(resolved(section, steps=steps), optimizer, metric="m")
            optimizer._opt_called = True
            optimizer.load_state_dict(state)
            built.load_state_dict(saved)
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        built.scheduler.step()
    return found


def test_a_warm_up_rises_to_the_rate_and_falls_by_its_formula():
    cosine = rates({"scheduler_name": "WarmupCosine", "warmup_steps": 3, "final_share": 0.1})
    assert cosine[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    falls = [0.1 + 0.9 * (1 + math.cos(math.pi * k / 7)) / 2 for k in range(1, 7)]
    assert cosine[4:] == pytest.approx(falls)
    linear = rates({"scheduler_name": "WarmupLinear", "warmup_steps": 0, "total_steps": 5})
    assert linear == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2, 0, 0, 0, 0, 0])


def test_a_warm_up_counts_steps_and_is_as_long_as_the_training():
    section = resolved({"scheduler_name": "WarmupCosine", "warmup_steps": 3})
    assert (section["interval"], section["total_steps"]) == ("step", 10)
    with pytest.raises(ConfigError, match="warmup_steps is missing"):
        resolved({"scheduler_name": "WarmupCosine"})
    with pytest.raises(ComponentError, match="warmup_steps=10 must be 0 or more, and below total"):
        rates({"scheduler_name": "WarmupLinear", "warmup_steps": 10})
    with pytest.raises(ComponentError, match="total_steps is missing"):
        rates(
            {"scheduler_name": "WarmupLinear", "warmup_steps": 1, "interval": "epoch"}, epochs=None
        )


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_warm_up_falls_neither_below_0_nor_above_the_rate(share):
    with pytest.raises(ComponentError, match=r"final_share=.* must be from 0 to 1"):
        rates({"scheduler_name": "WarmupCosine", "warmup_steps": 1, "final_share": share})


SEQUENCE = {
    "scheduler_name": "SequentialLR",
    "interval": "step",
    "schedulers": [
        {"scheduler_name": "LinearLR", "start_factor": 0.5},
        {"scheduler_name": "CosineAnnealingLR"},
    ],
    "milestones": [4],
}


def test_a_sequence_gives_each_part_its_own_length():
    warm, cosine = resolved(SEQUENCE)["schedulers"]
    assert (warm["total_iters"], cosine["T_max"]) == (5, 6)
    found = rates(SEQUENCE)
    assert found[:4] == pytest.approx([0.5, 0.6, 0.7, 0.8])
    assert found[4:] == pytest.approx([(1 + math.cos(math.pi * k / 6)) / 2 for k in range(6)])


CHAIN = {
    "scheduler_name": "ChainedScheduler",
    "interval": "step",
    "schedulers": [
        {"scheduler_name": "ConstantLR", "factor": 0.1, "total_iters": 2},
        {"scheduler_name": "ExponentialLR", "gamma": 0.5},
    ],
}


def test_a_chain_multiplies_its_parts():
    assert rates(CHAIN, steps=4) == pytest.approx([0.1, 0.05, 0.25, 0.125])


@pytest.mark.parametrize("section", [SEQUENCE, CHAIN])
@pytest.mark.parametrize("stop", [2, 6])
def test_their_state_is_restored_to_the_bit(section, stop):
    assert rates(section, stop=stop) == rates(section)


def test_the_text_of_a_list_is_read():
    text = Raw(
        '[{"scheduler_name": "LinearLR"}, {"scheduler_name": "WarmupLinear", "warmup_steps": 0}]'
    )
    section = resolved({"scheduler_name": "SequentialLR", "schedulers": text, "milestones": [2]})
    assert section["interval"] == "step"  # which one of them needs
    assert section["schedulers"][1]["total_steps"] == 8


def part(**options):
    return {**SEQUENCE, "schedulers": [options, SEQUENCE["schedulers"][1]]}


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (
            part(scheduler_name="LinearLR", total_iter=1),
            r"schedulers\.0\.total_iter.*'total_iters'",
        ),
        (part(scheduler_name="LineerLR"), "no scheduler 'LineerLR'.*'LinearLR'"),
        (part(total_iters=1), r"schedulers\.0 must be a table with scheduler_name"),
        (part(scheduler_name="StepLR", interval="step"), r"stepped with the others.*schedulers\.0"),
        (part(**CHAIN | {"interval": "step"}), "stepped with the others"),
        (part(scheduler_name="ChainedScheduler"), "ChainedScheduler cannot be part of another"),
        (part(scheduler_name="ReduceLROnPlateau"), "cannot be part of another scheduler"),
        ({**SEQUENCE, "schedulers": None}, "must be a list of schedulers, not null"),
        ({"scheduler_name": "SequentialLR", "milestones": [1]}, "must be a list of schedulers"),
        ({**SEQUENCE, "milestone": [1]}, r"milestone.*'milestones'"),
        (
            {"scheduler_name": "StepLR", "step_size": 1, "schedulers": []},
            "unknown key .*schedulers",
        ),
    ],
)
def test_a_wrong_part_is_refused(section, words):
    with pytest.raises((ConfigError, ComponentError), match=words):
        resolved(section)


def test_milestones_that_do_not_fit_are_refused():
    with pytest.raises(ComponentError, match="number of schedulers 2 and the number of milestones"):
        rates({**SEQUENCE, "milestones": [2, 4]})
    three = [*SEQUENCE["schedulers"], SEQUENCE["schedulers"][0]]
    with pytest.raises(ConfigError, match=r"milestones must rise.*not \[3, 2\]"):
        resolved({**SEQUENCE, "schedulers": three, "milestones": [3, 2]})
    with pytest.raises(ConfigError, match=r"milestones must rise.*not \[-1\]"):
        resolved({**SEQUENCE, "milestones": [-1]})
