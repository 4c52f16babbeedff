"""Put together who watches a training: callbacks, best weights, checkpoints, stopping."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from inspect import isclass
from typing import Any

from stride.callbacks.average import PresentWeights, WeightAverage
from stride.callbacks.base import Callback
from stride.callbacks.best_weights import BestWeights
from stride.callbacks.broadcast_metrics import BroadcastMetrics
from stride.callbacks.checkpoints import Checkpoints
from stride.callbacks.early_stopping import EarlyStopping
from stride.callbacks.loss_forecast import LossForecast
from stride.callbacks.monitor import Monitor
from stride.callbacks.overfitting_alarm import OverfittingAlarm
from stride.callbacks.protocols import TrainerLike
from stride.callbacks.required_metrics import RequireMetrics
from stride.callbacks.stopping import StoppingCallback
from stride.components import find
from stride.config.schema import Config
from stride.data.batches.base import Batches
from stride.data.batches.replayed import ReplayedBatches
from stride.data.generators import is_stateful
from stride.distributed import world_size
from stride.engine.state import Stateful
from stride.engine.stopping import StopRequest
from stride.errors import ComponentError, ConfigError
from stride.runs.layout import checkpoint_name
from stride.trainer.fit.assembly import Assembly

_REPLAYED_SECONDS = 5.0  # of training, beside which a checkpoint takes little


def part_of(kind: type) -> str:
    """Return the part of a state that the first callback of a class has."""
    return f"callback-{kind.__name__}"


@dataclass(frozen=True)
class CallbackSet:
    """All callbacks of a training.

    Attributes:
        in_order: the user's first, then best weights, checkpoints, and the decision to stop.
        best: keeps the best weights.
        checkpoints: writes the checkpoints.
        monitor: by which metric weights are the best.
        followed: metrics that evaluations have to give, by the key that names them; none where
            somebody adds metrics to them.
        weights: says which weights are evaluated and kept.
        measured: metrics that a loop has to have given at its end, those of the test split among
            them, likewise by key.
    """

    in_order: list[Callback]
    best: BestWeights
    checkpoints: Checkpoints
    monitor: Monitor
    followed: dict[str, str] = field(default_factory=dict)
    weights: PresentWeights | WeightAverage = field(default_factory=PresentWeights)
    measured: dict[str, str] = field(default_factory=dict, init=False)

    def measure(self, key: str, metric: str) -> None:
        """Ask a loop for a metric at its end; not where somebody adds some, of unknown names."""
        if self.followed:
            self.measured[key] = metric

    def judge(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Keep the weights if they are the best, and let who may stop decide, inside an epoch."""
        self.best.judge(trainer, metrics)
        for callback in self.in_order:
            if isinstance(callback, StoppingCallback):
                callback.judge(trainer)

    def reconsider(self, stop: StopRequest) -> None:
        """Let those decide again who do so after a checkpoint is written."""
        for callback in self.in_order:
            if isinstance(callback, StoppingCallback) and callback.reason and not stop:
                stop.reason, stop.status = callback.reason, "done"

    def named(self) -> dict[str, Callback]:
        """Return all callbacks, each by a name that is the same in every start."""
        names: dict[str, Callback] = {}
        for callback in self.in_order:
            name = part_of(type(callback))
            twins = sum(1 for known in names if known.split("+")[0] == name)
            names[f"{name}+{twins}" if twins else name] = callback
        return names

    def stateful(self) -> dict[str, Stateful]:
        """Return the callbacks that have a state, by name."""
        named: dict[str, Any] = {**self.named()}
        return {name: one for name, one in named.items() if is_stateful(one)}


def build_callbacks(
    assembly: Assembly,
    given: Iterable[Callback],
    *,
    adds_metrics: bool = False,
    now: Callable[[], float] = time.monotonic,
) -> CallbackSet:
    """Build the callbacks of the config and put the given ones after the named ones.

    Args:
        assembly: config, data and model.
        given: the user's callbacks.
        adds_metrics: whether somebody else may add metrics to those that are evaluated.
        now: the clock by which checkpoints are due.

    Raises:
        ConfigError: an alarm of overfitting is asked for, and nothing is validated; or a forecast
            of the loss, and it is not known how many epochs there will be.
        ComponentError: a named callback is not found or is not a stride.Callback.
    """
    config = assembly.config
    training = config.training_config
    users = [_named_callback(name) for name in training.callbacks]
    users += [_callback(one, "callbacks") for one in given]
    stopping = [one for one in users if isinstance(one, StoppingCallback)]
    users = [one for one in users if one not in stopping]
    monitor = assembly.saving_monitor
    average = _average(config)
    weights = average[0] if average else PresentWeights()
    keep = config.checkpoint_config.keep_best > 0
    best = BestWeights(monitor, keep=keep, now=now, weights=weights)
    names = _Names(assembly)
    border = _border_seconds(assembly.loader("train"))
    checkpoints = Checkpoints(config.checkpoint_config, names, monitor, now, border_seconds=border)
    same = [BroadcastMetrics()] if world_size() > 1 and (users or adds_metrics) else []
    called = [*users, *same, *_forecast(assembly), *average, best, checkpoints]
    called += _overfitting_alarm(assembly)
    chosen = training.saving_metric is None and training.stopping_metric is not None
    key = "stopping_metric" if chosen else "saving_metric"
    monitors = {key: monitor} if monitor.metric else {}
    if training.early_stopping:
        monitors["stopping_metric"] = assembly.stopping_monitor
        called.append(EarlyStopping(monitors["stopping_metric"], training.patience))
    called += stopping  # once the epoch is saved
    adders = [user for user in users if type(user).after_evaluate is not Callback.after_evaluate]
    if adders or adds_metrics:  # of their own, whose names nobody knows yet
        called.append(RequireMetrics(one.metric for one in monitors.values()))
        return CallbackSet(called, best, checkpoints, monitor, weights=weights)
    followed = {f"training_config.{key}": one.metric for key, one in monitors.items()}
    return CallbackSet(called, best, checkpoints, monitor, followed, weights)


def _border_seconds(batches: Batches) -> float:
    """Return the seconds between checkpoints at ends of epochs, whatever the config says."""
    if isinstance(batches, ReplayedBatches):  # what has to be drawn again may differ
        return _REPLAYED_SECONDS
    return math.inf if batches.seekable else 0.0


def _average(config: Config) -> list[WeightAverage]:
    """Return what averages the weights, nothing where that is not asked for.

    Raises:
        ConfigError: the weights are divided among processes.
    """
    if config.average_config.kind is None:
        return []
    if config.distributed_config.strategy == "fsdp":
        key, hint = "average_config.kind", "type: distributed_config.strategy=ddp"
        what = "weights that are divided among processes (fsdp) cannot be averaged"
        raise ConfigError(what, key=key, where=key, hint=hint)
    return [WeightAverage(config.average_config)]


def _forecast(assembly: Assembly) -> list[Callback]:
    """Return what forecasts the loss at the last epoch, where that is asked for.

    Raises:
        ConfigError: nobody knows which epoch is the last.
    """
    if not assembly.config.training_config.predict_final_loss:
        return []
    epochs, _ = assembly.lengths
    if epochs is not None:
        return [LossForecast("validation" if assembly.validates else "train", epochs)]
    key = "training_config.predict_final_loss"
    what = f"{key} needs to know how many epochs there will be"
    hint = "type: training_config.max_epochs=N"
    raise ConfigError(what, key=key, where=key, hint=hint)


def _overfitting_alarm(assembly: Assembly) -> list[Callback]:
    """Return the alarm where it is asked for, which nothing can ring without a validation split."""
    window, key = assembly.config.training_config.overfitting_window, "overfitting_window"
    if window is None:
        return []
    if assembly.validates:
        return [OverfittingAlarm(window)]
    raise ConfigError(
        f"training_config.{key} compares the losses of two splits, and none is validated on",
        key=f"training_config.{key}",
        where=f"training_config.{key}",
        hint="leave it out, or give a validation split and training_config.with_validation=true",
    )


def _named_callback(name: str) -> Callback:
    made_by = find("callback", name)
    if isclass(made_by):
        _require_callback(issubclass(made_by, Callback), made_by, name)
    return _callback(made_by(), name)


def _callback(thing: Any, origin: str) -> Callback:
    _require_callback(isinstance(thing, Callback), type(thing), origin)
    called: Callback = thing
    return called


def _require_callback(right: bool, kind: type, origin: str) -> None:
    """Refuse what is not a callback; a class before it is called."""
    if not right:
        raise ComponentError(
            f"{origin} gives a {kind.__name__}, not a stride.Callback",
            where="training_config.callbacks",
            hint="give an instance of a class that inherits from stride.Callback",
        )


class _Names:
    """Give checkpoints their names."""

    def __init__(self, assembly: Assembly) -> None:
        config = assembly.config
        self._parts = (
            str(config.model_kwargs.model_name),
            config.dataset_kwargs.dataset_name,
            config.training_config.experiment,
        )

    def __call__(self, epoch: int, step: int | None) -> str:
        return checkpoint_name(*self._parts, epoch, step)
