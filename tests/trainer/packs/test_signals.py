"""A signal ends all runs of a pack, each as it ends one that is alone."""

import signal

import pytest

from stride.callbacks.base import Callback
from stride.engine.packs import layers
from stride.engine.signals import Interrupted, InterruptedAgain

LENGTH = {"training_config": {"max_epochs": 2}, "checkpoint_config": {"keep_last": 1}}
FIRST = LENGTH | {"model_kwargs": {"dropout": 0.2}}
OTHER = LENGTH | {"kind": "normalised"}
OTHERS = [OTHER, FIRST, OTHER]


class Signalling(Callback):
    """Raise signals after an epoch, or in a step of the next one."""

    def __init__(self, monkeypatch, *numbers, inside):
        self._patches, self._numbers, self._inside = monkeypatch, numbers, inside

    def after_epoch(self, trainer, metrics):
        if trainer.state.epoch == 1 and self._inside:
            self._raise_in_the_second_step()
        elif trainer.state.epoch == 1:
            self._raise()

    def _raise(self):
        for number in self._numbers:
            signal.raise_signal(number)

    def _raise_in_the_second_step(self):
        right, calls = layers.weight_gradient, []

        def gradient(*arguments, **named):
            calls.append(1)
            if len(calls) == 3:  # there are two layers
                self._raise()
            return right(*arguments, **named)

        self._patches.setattr(layers, "weight_gradient", gradient)


def interrupted(fleet, monkeypatch, others, *numbers, inside=True):
    """Train alone, and in packs that are interrupted; return what was raised."""
    members = [FIRST, *others]
    fleet.alone(members)
    before = signal.getsignal(numbers[0])
    with monkeypatch.context() as patches, pytest.raises(Interrupted) as raised:
        signals = {"callbacks": lambda: [Signalling(patches, *numbers, inside=inside)]}
        fleet.pack([FIRST | signals, *others])
    assert signal.getsignal(numbers[0]) is before
    name = signal.Signals(numbers[-1]).name
    assert {fleet.status(place) for place in range(len(members))} == {
        ("interrupted", f"interrupted by {name}")
    }
    return raised.value


@pytest.mark.parametrize(("number", "together"), [(signal.SIGINT, False), (signal.SIGTERM, True)])
def test_a_signal_leaves_a_checkpoint_of_each_run_and_no_bit_changes(
    fleet, monkeypatch, number, together
):
    raised = interrupted(fleet, monkeypatch, OTHERS, number)
    assert type(raised) is Interrupted and raised.exit_code == 128 + number
    assert [fleet.saved_step(place) for place in range(4)] == [6, 1, 6, 1]
    records = [fleet.record(place) for place in range(4)]
    assert [record is None for record in records] == [False, True] * 2  # nothing is proven any more
    fleet.resume([FIRST, *OTHERS], together=together)
    assert fleet.problems(range(4)) == {}
    records = [fleet.record(place, segment=1) or {} for place in range(4)]
    assert [one.get("width") for one in records] == [2 if together else None] * 4


@pytest.mark.parametrize("inside", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_second_signal_ends_all_runs_at_once(fleet, monkeypatch, inside):
    raised = interrupted(fleet, monkeypatch, [FIRST], signal.SIGINT, signal.SIGTERM, inside=inside)
    assert type(raised) is InterruptedAgain
    fleet.resume([FIRST] * 2, together=True)
    assert fleet.problems(range(2)) == {}


class Early(Callback):
    """Raise a signal before the first step."""

    def before_train(self, trainer):
        signal.raise_signal(signal.SIGTERM)


def test_no_run_is_begun_after_a_signal(fleet):
    early = {"callbacks": lambda: [Early()]}
    with pytest.raises(Interrupted):
        fleet.pack([LENGTH, LENGTH | early, LENGTH])
    assert [fleet.status(place)[0] for place in range(2)] == ["interrupted"] * 2
    assert not fleet.run(2).path.exists()
