"""What holds for every callback, of STRIDE's or of a user's: derive from CallbackContract."""

import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import optuna
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from stride.callbacks.average import WeightAverage
from stride.callbacks.base import Callback
from stride.callbacks.best_weights import BestWeights
from stride.callbacks.broadcast_metrics import BroadcastMetrics
from stride.callbacks.budget import Budget
from stride.callbacks.checkpoints import Checkpoints
from stride.callbacks.digests import WeightDigests
from stride.callbacks.early_stopping import EarlyStopping
from stride.callbacks.loss_forecast import LossForecast
from stride.callbacks.overfitting_alarm import OverfittingAlarm
from stride.callbacks.protocols import TrainerLike
from stride.callbacks.required_metrics import RequireMetrics
from stride.config.sections.average import AverageConfig
from stride.data.generators import is_stateful
from stride.engine.hooks import NAMES
from stride.engine.random import RandomState
from stride.engine.state import TrainState
from stride.models.steps.step import Step
from stride.runs.reproduction.compare import compare_runs
from stride.sweeps.trials.trial import OpenTrial
from stride.sweeps.trials.watch import TrialWatch
from stride.trainer.evaluation.async_evaluator import AsyncEvaluator
from stride.trainer.proof.worker import DiesAt, Task
from stride.trainer.starts.reproduce import StopAt
from stride.trainer.trainer import Trainer

CUT_AT = 5  # of nine steps: inside of the second epoch of three


def small(folder: Path, callbacks: list[Callback], training: dict[str, Any]) -> Trainer:
    """Make a trainer of three epochs of three steps, with a checkpoint after each step."""
    inputs = torch.linspace(-1, 1, 24).view(12, 2)
    data = TensorDataset(inputs, inputs.sum(1, keepdim=True).sin())
    return Trainer(
        folder,
        train_loader=DataLoader(data, batch_size=4, shuffle=True),
        val_loader=DataLoader(data, batch_size=12),
        callbacks=callbacks,
        model_kwargs={"model_name": "MLP", "hidden": [3], "dropout": 0.1},
        criterion_kwargs={"criterion_name": "MSELoss"},
        training_config={"max_epochs": 3, "metrics": [], **training},
        checkpoint_config={"every_steps": 1, "background": False},
        logging_config={"terminal_display": "off"},
        device="cpu",
    )


class CutShort(Exception):
    """End a training where no checkpoint has seen its last step."""


class CutAt(Callback):
    """Raise after a step, before its checkpoint."""

    def after_step(self, trainer: TrainerLike, step: Step) -> None:
        if trainer.state.step == CUT_AT:
            raise CutShort


def bits(trainer: TrainerLike) -> dict[str, Any]:
    """Return a copy of all that a callback has to leave as it is."""
    states = trainer.model.state_dict(), trainer.optimizer.state_dict(), RandomState().state_dict()
    return copy.deepcopy(dict(zip(("model", "optimizer", "random"), states, strict=True)))


def same(one: Any, other: Any) -> bool:
    """Tell whether two states are equal bit by bit."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


class CallbackContract:
    """The tests; a subclass names the class, and says how to have one called in a training."""

    kind: type[Callback]
    training: dict[str, Any] = {}  # noqa: RUF012

    def made(self, folder: Path) -> list[Callback]:
        """Return the callbacks to give to a trainer; none for what the config brings."""
        return []

    def trainer(self, folder: Path, *others: Callback) -> Trainer:
        return small(folder, [*self.made(folder), *others], self.training)

    def of(self, trainer: Trainer) -> Any:
        """Return the callback of a trainer that was fitted."""
        (one,) = (one for one in trainer.session.callbacks.in_order if type(one) is self.kind)
        return one

    def train(self, folder: Path) -> "Trained":
        """Train in one go; copy what others are compared with."""
        trainer = self.trainer(folder)
        trainer.fit()
        callback = self.of(trainer)
        state = callback.state_dict() if is_stateful(callback) else {}
        return Trained(trainer, callback, copy.deepcopy(state), bits(trainer))

    @pytest.fixture(scope="class")
    @classmethod
    def whole(cls, tmp_path_factory: pytest.TempPathFactory) -> "Trained":
        return cls().train(tmp_path_factory.mktemp("whole"))

    def test_its_hooks_take_what_is_documented(self) -> None:
        for name in NAMES:
            documented = inspect.signature(getattr(Callback, name)).parameters.values()
            own = inspect.signature(getattr(self.kind, name)).parameters.values()
            known = [(p.name, p.kind) for p in documented]
            known += [("split", p.kind) for p in own if name == "after_evaluate"][len(known) :]
            assert [(p.name, p.kind) for p in own] == known, name
        called = {name for name in vars(self.kind) if name.startswith(("before_", "after_", "on_"))}
        assert called <= {*NAMES}, "some are never called"

    def test_its_state_is_whole_and_its_own(self, whole: "Trained", tmp_path: Path) -> None:
        trainer, callback, state, _ = whole
        halves = [hasattr(callback, one) for one in ("state_dict", "load_state_dict")]
        assert all(halves) or not any(halves), "it has one half of a state"
        if not is_stateful(callback):
            return
        again = self.trainer(tmp_path)
        again.check()
        taken = self.of(again)
        taken.load_state_dict(copy.deepcopy(state))
        assert same(taken.state_dict(), state), "it does not take what it has given"
        with torch.no_grad():
            for parameter in trainer.model.parameters():
                parameter.add_(1)
        trainer.metrics.clear()
        trainer.results.clear()
        trainer.state.step += 1
        assert same(callback.state_dict(), state), "it holds what is the trainer's"

    def test_no_hook_changes_a_bit_of_a_short_training(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        changed = self.guard(monkeypatch)
        self.trainer(tmp_path).fit({"training_config.evaluate_every": 2}, max_steps=4)
        assert changed == []

    def test_a_training_that_is_cut_and_resumed_is_that_of_one_go(
        self, whole: "Trained", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        changed = self.guard(monkeypatch)
        with pytest.raises(CutShort):
            self.trainer(tmp_path, CutAt()).fit()
        again = self.trainer(tmp_path)
        again.fit(resume=0)
        assert again.results["last"]["step"] > CUT_AT
        assert same(bits(again), whole.bits), "the training is another"
        if whole.state:
            assert same(self.of(again).state_dict(), whole.state), "its state is another"
        paths = whole.trainer.run.paths, again.run.paths
        assert compare_runs(*paths, steps=None).identical
        assert changed == []

    def guard(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Return where it is noted which hooks have changed a bit, or raised, in each call."""
        changed: list[str] = []
        for name in NAMES:
            hook = getattr(self.kind, name)
            if hook is not getattr(Callback, name):
                monkeypatch.setattr(self.kind, name, guarded(hook, changed))
        return changed


class Trained(NamedTuple):
    """A trainer that was fitted, its callback, and copies of their states at that moment."""

    trainer: Trainer
    callback: Any
    state: dict[str, Any]
    bits: dict[str, Any]


def guarded(hook: Callable[..., None], changed: list[str]) -> Callable[..., None]:
    @functools.wraps(hook)
    def checked(self: Callback, trainer: TrainerLike, *arguments: Any) -> None:
        before = bits(trainer)
        try:
            hook(self, trainer, *arguments)
        except Exception as error:  # that of `on_exception` is not passed on
            changed.append(f"{hook.__name__} raises {error!r}")
            return
        if not same(bits(trainer), before):
            changed.append(hook.__name__)

    return checked


class TestBestWeights(CallbackContract):
    kind = BestWeights


class TestCheckpoints(CallbackContract):
    kind = Checkpoints


class TestEarlyStopping(CallbackContract):
    kind = EarlyStopping
    training = {"early_stopping": True, "patience": 2, "min_delta": 9.0, "max_epochs": 5}  # noqa: RUF012


class TestOverfittingAlarm(CallbackContract):
    kind = OverfittingAlarm
    training = {"overfitting_window": 2}  # noqa: RUF012


class TestLossForecast(CallbackContract):
    kind = LossForecast
    training = {"predict_final_loss": True}  # noqa: RUF012


class TestWeightDigests(CallbackContract):
    kind = WeightDigests
    training = {"digest_every": 2}  # noqa: RUF012


class TestWeightAverage(CallbackContract):
    kind = WeightAverage

    def made(self, folder: Path) -> list[Callback]:
        return [WeightAverage(AverageConfig(kind="ema", decay=0.5, every_steps=2))]


class TestBroadcastMetrics(CallbackContract):
    kind = BroadcastMetrics

    def made(self, folder: Path) -> list[Callback]:
        return [BroadcastMetrics()]


class TestRequireMetrics(CallbackContract):
    kind = RequireMetrics

    def made(self, folder: Path) -> list[Callback]:
        return [Smoothed()]  # which may add metrics


class TestStopAt(CallbackContract):
    kind = StopAt

    def made(self, folder: Path) -> list[Callback]:
        return [StopAt(7)]


class TestDiesAt(CallbackContract):
    kind = DiesAt

    def made(self, folder: Path) -> list[Callback]:
        return [DiesAt(Task(str(folder), every=1, until=1000))]


class TestBudget(CallbackContract):
    kind = Budget

    def made(self, folder: Path) -> list[Callback]:
        return [Budget("1h")]


class TestTrialWatch(CallbackContract):
    kind = TrialWatch

    def made(self, folder: Path) -> list[Callback]:
        storage, pruner = optuna.storages.InMemoryStorage(), optuna.pruners.NopPruner()
        study = optuna.create_study(storage=storage, pruner=pruner)
        trial = OpenTrial(study, storage, study.ask().number, {})
        watch = TrialWatch(trial, None, "validation/epoch_loss", by_step=False, state=TrainState)
        return [watch]


class Smoothed(Callback):
    """What a user writes: a moving average of the loss, which goes on after a resume."""

    def __init__(self) -> None:
        self.mean = torch.zeros(())

    def after_step(self, trainer: TrainerLike, step: Step) -> None:
        self.mean = 0.9 * self.mean + 0.1 * step.loss.detach()

    def after_evaluate(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        metrics["train/smoothed"] = float(self.mean)

    def state_dict(self) -> dict[str, Any]:
        return {"mean": self.mean}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.mean = state["mean"]


@pytest.mark.slow  # each starts a process
class TestAsyncEvaluator(CallbackContract):
    kind = AsyncEvaluator

    def made(self, folder: Path) -> list[Callback]:
        return [AsyncEvaluator()]


class TestSmoothed(CallbackContract):
    kind = Smoothed

    def made(self, folder: Path) -> list[Callback]:
        return [Smoothed()]


def concrete(kind: type[Callback]) -> Iterator[type[Callback]]:
    for one in kind.__subclasses__():
        yield from concrete(one)
        if not inspect.isabstract(one):
            yield one


def test_every_callback_of_strides_has_its_contract() -> None:
    own = {one for one in concrete(Callback) if one.__module__.startswith("stride.")}
    # Those of a kind of training change it: the contract of kinds holds them.
    own = {one for one in own if not one.__module__.startswith("stride.trainers.")}
    assert own == {one.kind for one in CallbackContract.__subclasses__()} & own


class Renamed(Callback):
    """Take other arguments than the hook is given."""

    def after_epoch(self, trainer: TrainerLike) -> None:  # type: ignore[override]
        """Do nothing."""


class Mistyped(Callback):
    """Define a hook that is never called."""

    def after_epochs(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Do nothing."""


class Halved(Callback):
    """Give a state that cannot be put back."""

    def state_dict(self) -> dict[str, Any]:
        return {}


class Forgetful(Smoothed):
    """Give a state, and take none."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Do nothing."""


class Borrowing(Forgetful):
    """Hold the weights that are trained, not a copy."""

    def after_epoch(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        self.weights = next(trainer.model.parameters()).detach()

    def state_dict(self) -> dict[str, Any]:
        return {"weights": getattr(self, "weights", None)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.weights = state["weights"]


class Raising(Callback):
    """Fail in an epoch that is not whole."""

    def after_epoch(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        if trainer.state.position:
            raise ArithmeticError


class Pruning(Callback):
    """Change a weight."""

    def after_epoch(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        next(trainer.model.parameters()).data[0].zero_()


class Slowing(Callback):
    """Change the optimizer by a count that is in no state."""

    steps = 0

    def after_step(self, trainer: TrainerLike, step: Step) -> None:
        self.steps += 1
        for group in trainer.optimizer.param_groups:
            group["lr"] = 0.01 / self.steps


class Drawing(Callback):
    """Draw from a generator of the training."""

    def before_epoch(self, trainer: TrainerLike) -> None:
        torch.rand(1)


HOOKS, STATE = "its_hooks_take_what_is_documented", "its_state_is_whole_and_its_own"
BITS = "no_hook_changes_a_bit_of_a_short_training"
RESUMED = "a_training_that_is_cut_and_resumed_is_that_of_one_go"


@pytest.mark.parametrize(
    ("test", "broken", "what"),
    [
        (HOOKS, Renamed, "after_epoch"),
        (HOOKS, Mistyped, "some are never called"),
        (STATE, Halved, "it has one half of a state"),
        (STATE, Forgetful, "it does not take what it has given"),
        (STATE, Borrowing, "it holds what is the trainer's"),
        (BITS, Raising, "after_epoch raises ArithmeticError"),
        (BITS, Pruning, "after_epoch"),
        (BITS, Drawing, "before_epoch"),
        (RESUMED, Slowing, "the training is another"),
        (RESUMED, Forgetful, "its state is another"),
    ],
)
def test_a_broken_callback_fails(
    test: str,
    broken: type[Callback],
    what: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contract: Any = CallbackContract()
    contract.kind, contract.made = broken, lambda folder: [broken()]
    found = getattr(contract, f"test_{test}")
    wanted = inspect.signature(found).parameters
    fixtures: dict[str, Any] = {"tmp_path": tmp_path / "cut", "monkeypatch": monkeypatch}
    if "whole" in wanted:
        fixtures["whole"] = contract.train(tmp_path / "whole")
    with pytest.raises(AssertionError, match=what):
        found(**{name: fixtures[name] for name in wanted})
