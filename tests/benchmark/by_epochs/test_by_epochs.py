"""Trainers of the user's: their epochs are steps of an ordinary run, saved, resumed, refused."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from stride import BatchedTrainer, DataBlock, load_run, run_benchmark
from stride.benchmark.by_epochs.trainer import ByEpochsTrainer
from stride.errors import ComponentError
from stride.runs.run import Run
from tests.benchmark.small import MODEL, QUIET, equal, given, log, network, weights


class Mine:
    """Trains by an optimiser of its own, in batches that it draws itself; with the other names."""

    def __init__(self, model: nn.Module, killed_in: int = 0) -> None:
        self.optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
        self.killed_in, self.epochs = killed_in, 0
        self.train: DataBlock | None = None

    def setDataSets(self, train: DataBlock, val: DataBlock) -> None:
        self.inputs = train.inputs

    def doEpoch(self, model: nn.Module) -> Any:
        self.epochs += 1
        for inputs in self.inputs[torch.randperm(len(self.inputs))].split(8):
            self.optimizer.zero_grad()
            (model(inputs) - inputs).abs().mean().backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            if self.epochs == self.killed_in:
                raise KeyboardInterrupt
        return model

    def finalizeTraining(self, model: nn.Module) -> nn.Module:
        return model


class Telling(Mine):
    """Says and sets its whole state."""

    def state_dict(self) -> dict[str, Any]:
        return {"optimizer": self.optimizer.state_dict(), "epochs": self.epochs}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.optimizer.load_state_dict(state["optimizer"])
        self.epochs = state["epochs"]


def run(folder: Path, made: type[Mine], epochs: int = 3, killed_in: int = 0, **more: Any) -> Path:
    """Train a network of given weights by a trainer of the user's."""
    model = network()
    trainer = made(model, killed_in)
    return run_benchmark(*given(), model, trainer, epochs, folder, overrides=QUIET, **more)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a run by such a trainer that was never stopped."""
    return run(tmp_path_factory.mktemp("whole"), Mine)


def resumed(folder: Path, made: type[Mine]) -> Path:
    """Train, are killed in the last epoch, and go on."""
    with pytest.raises(KeyboardInterrupt):
        run(folder, made, killed_in=3)
    assert json.loads((folder / "0" / "status.json").read_text())["state"] == "interrupted"
    return run(folder, made, resume=0)


def test_its_epochs_are_steps_of_a_run(whole: Path) -> None:
    recorded = Run(whole)
    assert recorded.config.trainer == "by_epochs"
    assert recorded.provenance["classes"]["given_trainer"].endswith(":Mine")
    rows = [row for row in recorded.metrics() if "train/epoch_loss" in row]
    assert [(row["step"], row["epoch"]) for row in rows] == [(1, 1), (2, 2), (3, 3)]
    assert not [name for row in rows for name in row if name.startswith("lr")]
    measured = (whole / "errors.csv").read_text().splitlines()
    at = measured[0].split(",").index("train/l1")
    assert [float(line.split(",")[at]) for line in measured[2:]] == pytest.approx(
        [row["train/epoch_loss"] for row in rows], rel=1e-5
    )
    model = network()
    torch.manual_seed(0)
    mine = Mine(model)
    mine.setDataSets(*given()[:2])
    for _ in range(3):
        mine.doEpoch(model.train())
    assert equal(dict(model.state_dict()), weights(whole))


@pytest.mark.parametrize("made", [Mine, Telling])
def test_killed_and_resumed_it_has_the_same_bits(
    tmp_path: Path, whole: Path, made: type[Mine]
) -> None:
    folder = resumed(tmp_path, made)
    assert equal(weights(folder), weights(whole))
    said = "given_trainer.epochs: changed while training and is not restored" in log(folder)
    assert said == (made is Mine)
    assert ("given_trainer," in log(folder)) == (made is Telling)  # a part that was restored


class Copying(Mine):
    """Trains a copy, and returns that."""

    def __init__(self, model: nn.Module, killed_in: int = 0) -> None:
        self.own = copy.deepcopy(model)
        super().__init__(self.own)

    def doEpoch(self, model: nn.Module) -> nn.Module:
        assert self.epochs == 0 or model is self.own
        return super().doEpoch(self.own)


def test_another_module_that_is_returned_gives_its_weights(tmp_path: Path, whole: Path) -> None:
    assert equal(weights(run(tmp_path, Copying)), weights(whole))


class Silent(Mine):
    def doEpoch(self, model: nn.Module) -> None:
        super().doEpoch(model)


class Other(Mine):
    def doEpoch(self, model: nn.Module) -> nn.Module:
        return nn.Linear(2, 2)


class Broken(Mine):
    def doEpoch(self, model: nn.Module) -> nn.Module:
        raise ZeroDivisionError("by hand")


@pytest.mark.parametrize(
    ("made", "error", "said"),
    [
        (Silent, ComponentError, "returns NoneType, not the model"),
        (Other, ComponentError, "another model, Linear: only one of the two has"),
        (Broken, ZeroDivisionError, "by hand"),
    ],
)
def test_an_epoch_that_gives_no_model_fails_the_run(
    tmp_path: Path, made: type[Mine], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        run(tmp_path, made)
    status = json.loads((tmp_path / "0" / "status.json").read_text())
    assert status["state"] == "failed" and said.split(",")[0] in status["reason"]


class Apart(Mine):
    """Trains a network of its own, and gives back the one that it was given."""

    def __init__(self, model: nn.Module, killed_in: int = 0) -> None:
        self.own = copy.deepcopy(model)
        super().__init__(self.own, killed_in)

    def doEpoch(self, model: nn.Module) -> nn.Module:
        super().doEpoch(self.own)
        return model


def test_who_trains_another_network_than_the_one_of_the_run_is_told(
    tmp_path: Path, whole: Path
) -> None:
    told = "Apart.do_epoch has changed no weight of its model: does it train another?"
    folder = run(tmp_path, Apart, epochs=2)
    assert log(folder).count(told) == 1 and "no weight" not in log(whole)


class Half:
    def do_epoch(self, model: nn.Module) -> nn.Module:
        return model

    def setDataSets(self, train: DataBlock, val: DataBlock) -> None: ...


def test_a_trainer_without_a_method_is_refused_before_a_run(tmp_path: Path) -> None:
    half: Any = Half()
    with pytest.raises(ComponentError, match="Mine is a class"):
        run_benchmark(*given(), network(), Mine, path=tmp_path)
    with pytest.raises(ComponentError, match="no method finalize_training or finalizeTraining"):
        run_benchmark(*given(), network(), half, path=tmp_path)
    assert not [*tmp_path.iterdir()]


class Scaled(Mine):
    """Leaves half of each weight at the end; is given what the network is given."""

    seen: Tensor
    before: dict[str, Tensor]

    def setDataSets(self, train: DataBlock, val: DataBlock) -> None:
        super().setDataSets(train, val)
        Scaled.seen = train.inputs

    def finalizeTraining(self, model: nn.Module) -> nn.Module:
        Scaled.before = copy.deepcopy(model.state_dict())
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(0.5)
        return model


def test_data_come_normalised_and_the_end_is_the_trainers(tmp_path: Path) -> None:
    model, options = network(), {**QUIET, "dataset_kwargs.normalize": "standard"}
    folder = run_benchmark(*given(), model, Scaled(model), 1, tmp_path, overrides=options)
    seen = Scaled.seen
    assert seen.mean().abs() < 1e-3 and abs(seen.std() - 1) < 1e-2
    assert equal(weights(folder), {name: one / 2 for name, one in Scaled.before.items()})
    record = json.loads((folder / "reconstruction.json").read_text())
    error = (model.eval()(seen) - seen).abs().mean().item()
    assert record["splits"]["train"]["errors"]["l1"]["mean"] == pytest.approx(error, rel=1e-5)


def test_such_a_run_can_be_read_and_is_reproduced_with_its_trainer(whole: Path) -> None:
    assert load_run(whole).load_model(model=network()) is not None
    again, model = ByEpochsTrainer(whole.parent), network()
    again.set_model(model)
    with pytest.raises(ComponentError, match=r"stride\.run_benchmark\(\.\.\., trainer="):
        again.fit({"training_config.max_epochs": 4}, resume="0")
    again.set_epochs(Mine(model))
    assert again.reproduce(whole.name).identical


class Counting(BatchedTrainer):
    """A BatchedTrainer whose epochs are its own."""

    epochs = 0

    def do_epoch(self, model: Any) -> nn.Module:
        self.epochs += 1
        return super().do_epoch(model)


def test_a_subclass_with_epochs_of_its_own_has_the_bits_of_the_loop(tmp_path: Path) -> None:
    ours = BatchedTrainer(MODEL, lr=0.3, overrides=QUIET)
    whole = run_benchmark(*given(), MODEL, ours, n_epochs=4, path=tmp_path)
    counting = Counting(MODEL, lr=0.3, overrides=QUIET)
    folder = run_benchmark(*given(), MODEL, counting, n_epochs=4, path=tmp_path)
    assert counting.epochs == 4 and Run(folder).config.trainer == "by_epochs"
    assert equal(weights(folder), weights(whole))
