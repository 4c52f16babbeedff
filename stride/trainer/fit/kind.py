"""What a kind of training does in its own way; the flow of `Trainer` is the same for all."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import isabstract, isclass
from typing import Any

import torch

from stride.config import Resolved
from stride.config.names.fields import dotted_keys
from stride.config.schema import OPEN_SECTIONS, Config
from stride.config.validation_errors import unknown_key
from stride.data import Data, Normalization
from stride.engine.evaluate import evaluate
from stride.engine.loop import Loop
from stride.engine.probe.last_batch import LastBatch
from stride.engine.stopping import Limits
from stride.errors import ComponentError, nearest
from stride.metrics.choice import MetricSpec
from stride.models.model import Model
from stride.trainer.fit.assembly import Assembly, require_returned
from stride.trainer.fit.run_start import RunStart
from stride.trainer.fit.sanity_check import last_batch
from stride.trainer.fit.session import Session

EVALUATED = ("validation", "test")
"""The splits that a training evaluates."""


class Kind(ABC):
    """Say what is trained on, loop after loop, and what of it belongs to the state.

    A trainer makes one object of its kind, without arguments, and asks it in the order of the
    methods here; `fit`, `resume`, `fork`, `reproduce`, `evaluate` and `check` know no kind. What
    a kind fills may call `super()`; all but `loops` has a default, that of supervised training.

    Attributes:
        evaluates: the splits that `evaluate` knows without a loader: `validation`, `test`.
        fixed_keys: keys of the config on which the steps so far depend, beside those of every
            kind: they may not change when a run is resumed.
        has_best: whether one metric decides which weights are the best. Where none does, the run
            names no best, and its weights are those of the last step, or what `restore` gave
            `session.callbacks.best`.
        needs_learning: whether a network that only scores is refused, since nothing in it learns.
    """

    evaluates: tuple[str, ...] = ()
    fixed_keys: tuple[str, ...] = ()
    has_best: bool = True
    needs_learning: bool = True

    def complete(self, resolved: Resolved) -> Resolved:
        """Return the config that data and model are built from."""
        return resolved

    def loaders(self, config: Config) -> Mapping[str, Any]:
        """Return loaders in place of the config's data, by split, as `Trainer(train_loader=...)`.

        A loader with `state_dict` and `load_state_dict` is part of every checkpoint.
        """
        return {}

    def build_data(
        self, config: Config, device: torch.device, normalization: Normalization | None
    ) -> Data | None:
        """Return data that the kind makes itself, as what follows from acting in a world.

        None stands for the data of the config. What is made takes its place wholly: no loader is
        taken beside it, and `dataset_kwargs` are not read. Training batches with `state_dict` and
        `load_state_dict` are part of every checkpoint, and one with a text in `doubt` is told of
        as not exact when a training is resumed.

        Args:
            config: complete.
            device: where batches are wanted.
            normalization: what the run's normalization.json has, None where it has none.
        """
        return None

    def wrap(self, config: Config, data: Data, model: Model) -> Model:
        """Return the Model as the kind trains it: another round the same network, or itself.

        It is asked before parts are frozen, also for a model that was given from Python, and
        where a recorded run is evaluated.
        """
        return model

    def limits(self, config: Config) -> Limits:
        """Return how long a training goes on from its first step, in epochs and updates.

        Lengths of schedules, the forecast of the end and what is left to resume follow from it.
        """
        return Limits.of(config.training_config)

    def take_data(self, config: Config, data: Data) -> None:  # noqa: B027
        """Choose from the data what is trained on, before it is known how long an epoch is."""

    def objects(self) -> Mapping[str, Any]:
        """Return objects of the user's that take part, by name.

        Their code is recorded, and what has a state in them is saved as that of callbacks is.
        """
        return {}

    def set_up(self, session: Session) -> None:  # noqa: B027
        """Register what belongs to the state, and refuse what does not go together.

        It is the one place for `session.state.register(name, part)`.

        Raises:
            UserError: model, data and config do not fit each other.
        """

    def example(self, assembly: Assembly) -> Any:
        """Return a small batch to try data, model and metrics with."""
        return assembly.loader("train").example()

    def last_batch(self, assembly: Assembly) -> LastBatch | None:
        """Return the smallest batch of the training; None where that is not known."""
        return last_batch(assembly)

    def restore(self, session: Session, start: RunStart) -> None:
        """Let the session stand where it starts; nothing is written yet."""
        start.restore(session)

    @abstractmethod
    def loops(self, session: Session) -> Iterator[Loop]:
        """Yield `session.loop()` for each loop that is to be run, in the run that is claimed now.

        The trainer runs a loop before it draws the next one. Steps and epochs count on. The first
        loop puts back the state of a resumed run, also where nothing is left to train: what comes
        before it finds only the parts that are registered `first`.
        """

    def has_next_loop(self) -> bool:
        """Tell whether a further loop follows when that under way reaches its limits."""
        return False

    def stage(self) -> str:
        """Say where the training stands beyond epochs and steps, as "round 2 of 5".

        The terminal shows it; it is asked again and again, by any thread.
        """
        return ""

    def evaluate(
        self, assembly: Assembly, split: str, metrics: Sequence[MetricSpec] | None = None
    ) -> dict[str, float]:
        """Return loss and metrics over a whole split, under the names that are recorded.

        Raises:
            DataError: there is no such split.
        """
        batches, chosen = assembly.loader(split), assembly.metrics(metrics)
        return evaluate(assembly.model, batches, chosen, split=split, precision=assembly.precision)


def loops_of(kind: Kind, session: Session) -> Iterator[Loop]:
    """Yield the loops of a kind, each to be run before the next one is drawn.

    Raises:
        ComponentError: what `loops` gives is not a loop, or there is none and nothing has asked
            for the end.
    """
    loop, hint = None, "write `yield session.loop()` in its `loops`"
    loops = kind.loops(session)
    require_returned(kind, "loops", loops, Iterable, hint)
    for loop in loops:
        require_returned(kind, "loops", loop, Loop, hint)
        yield loop
    if loop is None and not session.stop:
        raise ComponentError(
            f"{type(kind).__name__} has yielded no loop: nothing is trained or restored",
            where="trainer",
            hint=f"{hint}, also where nothing is left to train",
        )


def kind_of(trainer: Callable[..., object]) -> Kind:
    """Make the kind of training that a class of trainers names.

    Raises:
        ComponentError: it is not a kind, lacks a method, or names a split or key that is not there.
    """
    kind: object = getattr(trainer, "kind", None)
    if not (isclass(kind) and issubclass(kind, Kind)):
        raise ComponentError(
            f"{getattr(trainer, '__name__', trainer)}.kind is {kind!r}, not a class of stride.Kind",
            where="trainer",
            hint="write `kind = NAME` with a class that inherits from stride.Kind",
        )
    if isabstract(kind):
        what = f"{kind.__name__} does not define {', '.join(sorted(kind.__abstractmethods__))}"
        raise ComponentError(what, where="trainer", hint="define it, as stride.Kind describes it")
    made = kind()
    for split in _names(made, "evaluates"):
        if split not in EVALUATED:
            what, where = f"{split!r} is not a split", f"{kind.__name__}.evaluates"
            hint = nearest(split, EVALUATED) or f"write one of: {', '.join(EVALUATED)}"
            raise ComponentError(what, where=where, hint=hint)
    for key in _names(made, "fixed_keys"):
        if not _is_key(key):
            error = unknown_key(key, Config)
            raise ComponentError(error.what, where=f"{kind.__name__}.fixed_keys", hint=error.hint)
    return made


def _names(kind: Kind, attribute: str) -> tuple[str, ...]:
    """Return the names in an attribute of a kind; refuse a text, whose letters they would be."""
    names: Iterable[str] = getattr(kind, attribute)
    if isinstance(names, str):
        what, where = "it is a text, not a tuple of names", f"{type(kind).__name__}.{attribute}"
        raise ComponentError(what, where=where, hint=f"write: {attribute} = ({names!r},)")
    return tuple(names)


def _is_key(key: str) -> bool:
    """Tell whether a dotted key is one of the config, of an open section, or a whole section."""
    section = key.partition(".")[0]
    whole = key.removesuffix(".") in Config.model_fields
    return whole or section in OPEN_SECTIONS or key in dotted_keys(Config)


class Supervised(Kind):
    """One loop over the training split."""

    def loops(self, session: Session) -> Iterator[Loop]:
        """Yield the one loop."""
        yield session.loop()
