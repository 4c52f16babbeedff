"""What holds for every kind of training, of STRIDE's or of a user's: derive from KindContract."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from examples.pendulums import PendulumTrainer
from stride.callbacks.base import Callback
from stride.engine.loop import Loop
from stride.models.steps.step import Step
from stride.runs.reproduction.compare import compare_runs
from stride.runs.run import Run
from stride.trainer.fit.kind import Kind
from stride.trainer.fit.session import Session
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer
from stride.trainers.active.trainer import ActiveTrainer
from stride.trainers.lr_find.trainer import LrFindTrainer
from tests.trainers.reconstruction.trainings import made as made_reconstruction
from tests.trainers.rl.trainings import made as made_rl

QUIET = {"terminal_display": "off"}
SMALL: dict[str, Any] = {
    "dataset_kwargs": {"subsample_rate": 0.1},
    "model_kwargs": {"model_name": "MLP", "hidden": [4]},
    "load_data_kwargs": {"batch_size": 16},
}


class Stop(Callback):
    """Ask for the end after a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def after_step(self, trainer: Any, step: Step) -> None:
        if trainer.state.step == self.step:
            trainer.stop("enough")


class KindContract:
    """The tests; a subclass says how to make a trainer, and a step in the middle of an epoch.

    It says too whether its best weights are tested.
    """

    stop_at = 5
    tests = True

    def make(self, folder: Path, callbacks: Sequence[Callback] = ()) -> Trainer:
        raise NotImplementedError

    def test_a_resumed_run_has_the_bits_of_one_that_never_stopped(self, tmp_path: Path) -> None:
        whole = self.make(tmp_path / "whole")
        whole.fit()
        self.make(tmp_path / "cut", [Stop(self.stop_at)]).fit()
        again = self.make(tmp_path / "cut")
        again.fit(resume=0)
        pair = Run(tmp_path / "whole" / "0").paths, Run(tmp_path / "cut" / "0").paths
        assert compare_runs(*pair, steps=None).identical
        assert again.results["test"] == whole.results["test"]
        assert bool(whole.results["test"]) == self.tests

    def test_a_run_is_done_again_with_the_same_bits(self, tmp_path: Path) -> None:
        self.make(tmp_path).fit()
        assert self.make(tmp_path).reproduce(0).identical

    def test_a_run_that_is_brought_back_is_evaluated_as_it_was(self, tmp_path: Path) -> None:
        made = self.make(tmp_path)
        made.fit()
        before = made.evaluate("test")
        assert before and made.results["test"] == (before if self.tests else {})
        assert load_run(tmp_path, 0).evaluate("test", trust_code=True) == before

    def test_a_check_finds_a_step_and_makes_no_folder(self, tmp_path: Path) -> None:
        found = self.make(tmp_path / "none").check()
        assert found["loss"] > 0 and not (tmp_path / "none").exists()

    def test_the_random_state_is_put_back_last(self, tmp_path: Path) -> None:
        made = self.make(tmp_path)
        made.check()
        assert list(made.state.parts)[-1] == "random"


class TestSupervised(KindContract):
    def make(self, folder: Path, callbacks: Sequence[Callback] = ()) -> Trainer:
        return Trainer(
            folder,
            callbacks=callbacks,
            logging_config=QUIET,
            **SMALL,
            training_config={"max_epochs": 2},
        )


class TestActive(KindContract):
    def make(self, folder: Path, callbacks: Sequence[Callback] = ()) -> Trainer:
        active = {"start_size": 12, "num_queries": 6, "num_rounds": 2}
        return ActiveTrainer(
            folder,
            callbacks=callbacks,
            logging_config=QUIET,
            **SMALL,
            training_config={"max_epochs": 3},
            active_config=active,
        )


class TestLrFind(KindContract):
    tests = False

    def make(self, folder: Path, callbacks: Sequence[Callback] = ()) -> Trainer:
        return LrFindTrainer(
            folder,
            callbacks=callbacks,
            logging_config=QUIET,
            **SMALL,
            lr_find_config={"num_steps": 12},
        )


class TestReconstruction(KindContract):
    stop_at = 7

    def make(self, folder: Path, callbacks: Sequence[Callback] = ()) -> Trainer:
        return made_reconstruction(folder, callbacks)

    def test_a_run_that_is_brought_back_is_evaluated_as_it_was(self, tmp_path: Path) -> None:
        made = self.make(tmp_path)
        made.fit()
        loss = made.evaluate("test")
        assert load_run(tmp_path, 0).evaluate("test") == loss
        assert made.results["test"]["test/loss"] == loss["test/loss"]


class TestRL(KindContract):
    stop_at = 6  # within the updates that follow the second rollout

    def make(self, folder: Path, callbacks: Sequence[Callback] = ()) -> Trainer:
        return made_rl(folder, callbacks=callbacks)


class Collected:
    """Batches that a kind fills between two loops, and that say where they are."""

    batch_size = 4

    def __init__(self) -> None:
        self.samples, self.given = torch.ones(8, 2), 0

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        while self.given < 2:
            inputs = self.samples[4 * self.given :][:4]
            self.given += 1
            yield inputs, inputs.sum(1, keepdim=True)
        self.given = 0

    def state_dict(self) -> dict[str, Any]:
        return {"samples": self.samples, "given": self.given}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.samples, self.given = state["samples"], state["given"]


class Collecting(Kind):
    """Three loops of an epoch; before each the network is asked for what it is trained on."""

    evaluates = ("validation", "test")

    def loaders(self, config: Any) -> dict[str, Any]:
        self.buffer = Collected()
        return {"train": self.buffer}

    def set_up(self, session: Session) -> None:
        self.session, self.began = session, [0, 0]
        session.state.register("collecting", self, first=True)

    def state_dict(self) -> dict[str, Any]:
        return {"began": self.began}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.began = state["began"]
        self.session.count_limits_from(*self.began)

    def has_next_loop(self) -> bool:
        return self.began[0] < 2

    def loops(self, session: Session) -> Iterator[Loop]:
        yield session.loop()
        while self.has_next_loop() and not session.stop:
            self.load_state_dict({"began": [session.state.epoch, session.state.step]})
            asked = session.assembly.model.predict(self.buffer.samples)
            self.buffer.samples = torch.randn(8, 2) + asked
            yield session.loop()

    def evaluate(self, assembly: Any, split: str, metrics: Any = None) -> dict[str, float]:
        return {f"{split}/size": float(assembly.model.predict(torch.ones(1, 2)).abs().sum())}


class CollectingTrainer(Trainer):
    kind = Collecting


def own(
    trainer: type[Trainer],
    folder: Path,
    callbacks: Sequence[Callback],
    module: str,
    metric: str,
    epochs: int,
) -> Trainer:
    """Make a trainer of a user's kind, whose own metric decides."""
    return trainer(
        folder,
        trainer=f"{module}:{trainer.__name__}",
        callbacks=callbacks,
        logging_config=QUIET,
        model_kwargs={"model_name": "MLP", "hidden": [4]},
        criterion_kwargs={"criterion_name": "MSELoss"},
        training_config={"max_epochs": epochs, "saving_metric": metric, "saving_mode": "min"},
    )


class TestCollecting(KindContract):
    stop_at = 2  # where the first loop ends: what lies between two is done by who resumes

    def make(self, folder: Path, callbacks: Sequence[Callback] = ()) -> Trainer:
        return own(CollectingTrainer, folder, callbacks, __name__, "validation/size", 1)


class TestPendulums(KindContract):
    def make(self, folder: Path, callbacks: Sequence[Callback] = ()) -> Trainer:
        module = "examples.pendulums"
        return own(PendulumTrainer, folder, callbacks, module, "validation/drift", 2)
