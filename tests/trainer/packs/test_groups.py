"""Runs that stand equal are packed, also where they go on; others are not."""

from stride.callbacks.base import Callback


class Stops(Callback):
    """Stop a training that is gone on with later."""

    def __init__(self, step):
        self._step = step

    def after_evaluate(self, trainer, metrics):
        if trainer.state.step == self._step:
            trainer.stop("enough")


MEMBER = {
    "kind": "normalised",
    "training_config": {"evaluate_every_steps": 2, "log_interval": 99},
    "checkpoint_config": {"keep_last": 1},
}


def test_runs_that_stand_elsewhere_are_not_packed(fleet):
    members = [MEMBER] * 3
    fleet.alone(members)
    stopped = [MEMBER | {"callbacks": lambda step=step: [Stops(step)]} for step in (2, 4)]
    fleet.alone(stopped, "packed")
    assert [fleet.saved_step(place) for place in range(2)] == [2, 4]
    fleet.resume(members, together=True)  # the third one begins
    assert fleet.problems(range(3)) == {}
    assert fleet.record(0, segment=1) is None
    assert fleet.record(1, segment=1)["uuid"] == fleet.record(2)["uuid"]
