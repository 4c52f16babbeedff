"""The training state is whatever has a state, gathered by name."""

import pytest
import torch

from stride.data.batches.user_loader import UserLoaderBatches
from stride.engine.epoch_losses import EpochLosses
from stride.engine.state import Latest, LoaderState, TrainState, shard_batches
from stride.engine.stop_consensus import PerRankState
from stride.errors import ComponentError
from stride.models.steps.step import Step


class Part:
    def __init__(self, value=0):
        self.value = value

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state):
        self.value = state["value"]


def test_counters_and_parts_come_back():
    state = TrainState(a=Part(1), b=Part(2))
    state.step, state.epoch, state.position = 7, 2, 30
    other = TrainState(a=Part(), b=Part())
    other.load_state_dict(state.state_dict())
    assert other.state_dict() == state.state_dict()
    assert other.parts["b"].value == 2


def test_a_part_that_is_missing_stays_as_it_is():
    state = TrainState(a=Part(), b=Part(5))
    state.load_state_dict(TrainState(a=Part(3)).state_dict())
    assert (state.parts["a"].value, state.parts["b"].value) == (3, 5)


def test_what_a_part_does_with_its_state_changes_no_other():
    class Keeps(Part):
        def load_state_dict(self, state):
            super().load_state_dict(state)
            self.value.append("changed")

    saved = {"a": {"value": []}, "counters": _COUNTERS}
    TrainState(a=Keeps()).load_state_dict(saved)
    assert saved["a"] == {"value": []}


def test_only_the_metrics_of_the_state_are_the_latest():
    latest = Latest(loss=1.0, accuracy=0.5)
    latest.load_state_dict({"loss": 2.0})
    assert latest == {"loss": 2.0}


def test_it_is_finite_until_a_loss_is_not():
    losses = EpochLosses()
    for state in (TrainState(tally=losses), TrainState(tally=PerRankState(losses))):
        losses.reset()
        for value, finite in ((1.0, True), (float("nan"), False)):
            losses.add(Step(torch.tensor(value), 1))
            assert state.is_finite() is finite
    assert TrainState().is_finite()


def test_parts_are_restored_in_their_order_so_that_random_state_comes_last():
    order = []

    class Noted(Part):
        def load_state_dict(self, state):
            order.append(state["value"])

    state = TrainState(z=Noted(1), a=Noted(2))
    state.load_state_dict({"a": {"value": 2}, "z": {"value": 1}, "counters": _COUNTERS})
    assert order == [1, 2]


def test_a_loader_goes_on_only_after_its_epoch_is_set():
    class Loader(Part):
        batch_size = 4
        max_batches = None

        def set_epoch(self, epoch, position=0):
            self.value = 0

        def __iter__(self):
            return iter(range(self.value, 5))

        def __len__(self):
            return 5

    batches = LoaderState(Loader())
    batches.load_state_dict({"value": 3})
    assert batches.state_dict() == {"value": 3}
    batches.set_epoch(1, 12)
    assert list(batches) == [3, 4] and len(batches) == 5
    batches.set_epoch(2)
    assert list(batches) == [0, 1, 2, 3, 4]


def test_a_batch_of_several_ranks_is_as_large_as_all_their_shares(monkeypatch):
    batches = UserLoaderBatches([], torch.device("cpu"))
    batches.batch_size = 4
    assert shard_batches(batches) is batches
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert shard_batches(batches).batch_size == 12


_COUNTERS = {"step": 0, "epoch": 0, "position": 0}


def test_a_part_is_restored_first_or_before_the_random_state() -> None:
    state = TrainState(model=Part(), random=Part())
    state.register("later", Part())
    state.register("rounds", Part(), first=True)
    assert list(state.parts) == ["rounds", "model", "later", "random"]
    assert state.early == {"stop", "rounds"}
    for name in ("later", "counters", "model"):
        with pytest.raises(ComponentError, match=f"a part '{name}' already .*another name"):
            state.register(name, Part())
    with pytest.raises(ComponentError, match=r"cannot be called '\.\./x'.*letters"):
        state.register("../x", Part())
    with pytest.raises(ComponentError, match=r"'mine' has no state: it is of dict.*state_dict"):
        state.register("mine", {})  # type: ignore[arg-type]


def test_batches_are_put_back_where_no_epoch_begins_any_more() -> None:
    loader = Part()
    loader.batch_size = 1
    batches = LoaderState(loader)
    batches.load_state_dict({"value": 3})
    batches.settle()
    loader.value = 5  # by who prepares the next epoch
    batches.settle()
    assert batches.state_dict() == {"value": 5}
