"""A run of a pack ends as it does alone, and no bit of the others changes."""

from stride.callbacks.base import Callback
from stride.callbacks.stopping import StoppingCallback
from stride.loggers.base import Logger


class Pruner(StoppingCallback):
    """End a training after an epoch, as that of a sweep does."""

    epochs = 0

    @property
    def reason(self):
        return "pruned" if self.epochs >= 2 else ""

    def after_epoch(self, trainer, metrics):
        self.epochs = trainer.state.epoch
        super().after_epoch(trainer, metrics)


class Raises(Callback):
    """Raise after an epoch."""

    def after_epoch(self, trainer, metrics):
        if trainer.state.epoch == 2:
            raise ValueError("mine")


class RaisingLogger(Logger):
    """Raise at a row of the second epoch."""

    def write(self, row):
        if row["step"] == 6:
            raise ValueError("its own")

    def close(self):
        """Close nothing."""


def training(**values):
    return {"training_config": {"max_epochs": 3} | values}


MEMBERS = {
    "plain": training(),
    "not finite": training() | {"optimizer_kwargs": {"lr": 1e30}},
    "stopped early": training(early_stopping=True, patience=1, min_delta=9.0),
    "fewer epochs": training(max_epochs=1),
    "fewer steps": training(max_steps=5),
    "pruned": training() | {"callbacks": lambda: [Pruner()]},
    "a callback raises": training() | {"given": {"callbacks": lambda: [Raises()]}},
    "a logger raises": training() | {"given": {"logger": RaisingLogger}},
    "plain too": training(),
}


def test_each_run_ends_as_it_does_alone_and_changes_no_other(fleet):
    members = [*MEMBERS.values()]
    _, ended = fleet.pack(members)
    alone = fleet.alone(members)
    assert [one.value for one in ended] == [v if isinstance(v, float) else None for v in alone]
    assert [f"{one.error!r}" for one in ended if one.error] == [
        f"{error!r}" for error in alone if isinstance(error, Exception)
    ]
    assert fleet.problems(range(len(members))) == {}
    reasons = {name: fleet.status(place) for place, name in enumerate(MEMBERS)}
    assert reasons["plain"] == reasons["fewer steps"] == ("done", "")
    assert reasons["pruned"] == ("done", "pruned")
    assert reasons["stopped early"][1].startswith("early stopping: ")
    assert reasons["not finite"][1].startswith("nonfinite: the loss is not finite (step ")
    assert reasons["a callback raises"] == ("failed", "ValueError: mine")
    assert "RaisingLogger is disabled" in fleet.log(7) and "Raising" not in fleet.log(8)
