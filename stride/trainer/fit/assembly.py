"""Data, model and the config that says how to build them again."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from stride.callbacks.monitor import UNMONITORED, Monitor
from stride.config.metrics import split_name
from stride.config.resolve import Resolved
from stride.config.schema import Config
from stride.data import Batches, Data, Normalization
from stride.data.batches.base import OrderedBatches, limited
from stride.data.batches.user_loader import UserLoaderBatches
from stride.engine.precision import Precision
from stride.engine.stopping import Limits
from stride.errors import ComponentError, DataError, nearest
from stride.metrics.build import build_metrics
from stride.metrics.choice import MetricSpec, read_choices
from stride.models.model import Model
from stride.trainer.fit.monitors import saving_monitor, stopping_monitor
from stride.trainer.weights.start_weights import StartedFrom

MODEL_NAME = "model_kwargs.model_name"
SET_MODEL = "set_model"  # the origin of the name of a model that was given from Python


@dataclass
class Given:
    """The objects that stand for what the config would build.

    Attributes:
        model: a network or Model, None to build one.
        constructor: what builds the network that `model_name` only names, None to find it.
        loaders: loaders or callables that give them, by split.
    """

    model: Any = None
    constructor: Callable[..., Any] | None = None
    loaders: dict[str, Any] = field(default_factory=dict)


class KindOfTraining(Protocol):
    """What is asked of a kind of training beside the loops: see `stride.Kind`."""

    evaluates: tuple[str, ...]
    fixed_keys: tuple[str, ...]
    has_best: bool

    def loaders(self, config: Config) -> Mapping[str, Any]:
        """Return loaders in place of the config's data, by split."""

    def build_data(
        self, config: Config, device: torch.device, normalization: Normalization | None
    ) -> Data | None:
        """Return data in place of the config's; None for those of the config."""

    def wrap(self, config: Config, data: Data, model: Model) -> Model:
        """Return the Model as it is trained."""

    def limits(self, config: Config) -> Limits:
        """Return how long a training goes on."""

    def take_data(self, config: Config, data: Data) -> None:
        """Choose from the data what is trained on."""

    def objects(self) -> Mapping[str, Any]:
        """Return objects of the user's that take part, by name."""

    def has_next_loop(self) -> bool:
        """Tell whether a further loop follows when that under way reaches its limits."""

    def stage(self) -> str:
        """Say where the training stands beyond epochs and steps."""

    def evaluate(
        self, assembly: "Assembly", split: str, metrics: Sequence[MetricSpec] | None = None
    ) -> dict[str, float]:
        """Return loss and metrics over a whole split."""


@dataclass
class Assembly:
    """Data, model and the config that says how to build them again.

    Attributes:
        resolved: the config, complete, and the origin of each value.
        device: where model and batches are.
        data: the loaders of all splits.
        model: network and criterion, on the device.
        metric_names: what is evaluated, as the config names it.
        precision: the arithmetic.
        kind: of training, that it is for.
        given_model: whether the model was given from Python.
        left_out: the default metrics that the model's steps cannot feed, and why, in words.
        started_from: what the network has of others' weights.
    """

    resolved: Resolved
    device: torch.device
    data: Data
    model: Model
    metric_names: list[MetricSpec]
    precision: Precision
    kind: KindOfTraining
    given_model: bool = False
    left_out: str = ""
    started_from: StartedFrom = field(default_factory=StartedFrom)

    @property
    def config(self) -> Config:
        """Return the complete config."""
        return self.resolved.config

    @property
    def limits(self) -> Limits:
        """Return how long the training goes on, from its first step."""
        return self.kind.limits(self.config)

    @property
    def lengths(self) -> tuple[int | None, int | None]:
        """Return how many epochs and optimiser steps it has, None where it is not known."""
        return lengths(self.limits, self.data)

    @property
    def validates(self) -> bool:
        """Tell whether the training evaluates a validation split."""
        return validates(self.config, self.data, self.kind)

    def rated(self) -> dict[str, Any]:
        """Return the accuracy that training steps are measured by, new, where one is asked for."""
        own, built = ("accuracy", "accuracy"), self.metrics()
        chosen = read_choices(self.metric_names)
        return {
            one.recorded: built[one.recorded] for one in chosen if (one.name, one.recorded) == own
        }

    def evaluates(self, split: str) -> bool:
        """Tell whether a split can be evaluated."""
        return _evaluates(split, self.data, self.kind)

    @property
    def extra(self) -> tuple[str, ...]:
        """Return the names of further splits that can be evaluated."""
        return tuple(self.data.extra_loaders)

    @property
    def tests(self) -> bool:
        """Tell whether the training evaluates a test split at its end."""
        return self.config.training_config.with_test and self.evaluates("test")

    @property
    def saving_monitor(self) -> Monitor:
        """Return by which metric the best weights are chosen."""
        if not self.kind.has_best:
            return UNMONITORED
        return saving_monitor(self.config.training_config, self.validates)

    @property
    def stopping_monitor(self) -> Monitor:
        """Return by which metric, and by how much of it, early stopping decides."""
        return stopping_monitor(self.config.training_config, self.validates)

    @property
    def has_own_loader(self) -> bool:
        """Tell whether the user's own loader gives the batches to train on."""
        return isinstance(self.data.train_loader, UserLoaderBatches)

    @property
    def evaluates_otherwise(self) -> bool:
        """Tell whether anything of the user's may draw in an evaluation beside the model's step."""
        loaders = (self.data.val_loader, self.data.test_loader, *self.data.extra_loaders.values())
        given = [one for one in loaders if one is not None and not isinstance(one, OrderedBatches)]
        return bool(given or self.kind.evaluates)

    @property
    def has_own_weights(self) -> bool:
        """Tell whether the model starts from weights that the config cannot build again."""
        return self.given_model or self.config.model_kwargs.init_from is not None

    def evaluate(
        self,
        split: str,
        metrics: Sequence[MetricSpec] | None = None,
        *,
        batches: int | None = None,
    ) -> dict[str, float]:
        """Return loss and metrics of the model over a split, as the kind measures them.

        Args:
            split: train, validation or test.
            metrics: names; those of the config where none are given.
            batches: over how many of its first batches, where it has batches; None: all.

        Raises:
            DataError: there is no such split.
            ComponentError: a kind of the user's returns none.
        """
        with self._limited(split, batches):
            values = self.kind.evaluate(self, split, metrics)
        hint = 'write `return {f"{split}/NAME": value}` in its `evaluate`'
        require_returned(self.kind, "evaluate", values, Mapping, hint)
        return values

    def _limited(self, split: str, batches: int | None) -> AbstractContextManager[None]:
        """Let iterations over a split end after so many batches; a kind may have none of it."""
        try:
            return limited(self.loader(split), batches)
        except DataError:
            return nullcontext()

    def loader(self, split: str) -> Batches:
        """Return the batches of `train`, `validation` (or `val`), `test` or a further split.

        Raises:
            DataError: there is no such split.
        """
        data = self.data
        main = {"train": data.train_loader, "validation": data.val_loader, "test": data.test_loader}
        loaders = {**data.extra_loaders, **main}
        if (batches := loaders.get(split_name(split))) is None:
            hint = nearest(split, loaders) or f"type one of: {', '.join([*main, *self.extra])}"
            raise DataError(f"there is no split {split!r}", hint=hint)
        return batches

    def metrics(self, names: Sequence[MetricSpec] | None = None) -> dict[str, Any]:
        """Return new metrics by name: those of the config, or others."""
        if names is None:
            return build_metrics(self.metric_names, self.data.info)
        return build_metrics(names, self.data.info, "metrics")

    def leave_out_defaults(self, why: str) -> bool:
        """Measure no metric where the config names none, and write that into it.

        Args:
            why: the default ones cannot be had.

        Returns:
            Whether there were any.
        """
        if self.config.training_config.metrics is not None or not self.metric_names:
            return False
        self.left_out = f"{' and '.join(map(str, self.metric_names))}: {why}"
        self.metric_names = []
        self.resolved = self.resolved.with_sections({"training_config": {"metrics": []}})
        return True


def require_returned(kind: object, method: str, value: object, wanted: type, hint: str) -> None:
    """Refuse what a method of a kind has returned, that the flow cannot use.

    Raises:
        ComponentError: says what it is, and what to write.
    """
    if not isinstance(value, wanted):
        raise ComponentError(
            f"{type(kind).__name__}.{method} gives {type(value).__name__}, not {wanted.__name__}",
            where="trainer",
            hint=hint,
        )


def lengths(limits: Limits, data: Data) -> tuple[int | None, int | None]:
    """Return how many epochs and optimiser steps a training has, None where it is not known."""
    per_epoch = steps_per_epoch(data, limits.accumulate)
    epochs, steps = limits.max_epochs, limits.max_steps
    if per_epoch is not None:
        from_epochs = None if epochs is None else epochs * per_epoch
        steps = min((n for n in (steps, from_epochs) if n is not None), default=None)
        epochs = None if steps is None else math.ceil(steps / per_epoch)
    return epochs, steps


def steps_per_epoch(data: Data, accumulate: int) -> int | None:
    """Return the optimizer steps of an epoch, None where they are unknown."""
    try:
        return math.ceil(len(data.train_loader) / accumulate) or None  # type: ignore[arg-type]
    except TypeError:
        return None


def validates(config: Config, data: Data, kind: KindOfTraining) -> bool:
    """Tell whether a training evaluates a validation split."""
    return config.training_config.with_validation and _evaluates("validation", data, kind)


def _evaluates(split: str, data: Data, kind: KindOfTraining) -> bool:
    loader = {"validation": data.val_loader, "test": data.test_loader}[split]
    return loader is not None or split in kind.evaluates
