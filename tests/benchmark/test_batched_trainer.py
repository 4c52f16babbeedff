"""Training on batches, by hand and as a run: the same bits, drawn anew, and what is refused."""

from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from stride import BatchedTrainer, Block, DataBlock, run_benchmark
from stride.errors import ConfigError, DataError, UserError
from tests.benchmark.small import MODEL, QUIET, arrays, equal, given, network, weights

RATE = 0.1  # so large that some epochs make the loss higher, and later ones lower than before


def trained(trainer: BatchedTrainer, epochs: int, model: Any = MODEL) -> nn.Module:
    """Train by hand."""
    trainer.set_data_sets(arrays("train"), arrays("val"))
    for _ in range(epochs):
        model = trainer.do_epoch(model)
    return trainer.finalize_training(model)


def rows(folder: Path, column: str) -> list[str]:
    """Return a column of errors.csv."""
    header, *lines = ((folder / "errors.csv").read_text()).splitlines()
    at = header.split(",").index(column)
    return [line.split(",")[at] for line in lines]


@pytest.mark.parametrize("state", ["keep", "restore"])
def test_epochs_by_hand_have_the_bits_of_a_run(tmp_path: Path, state: Any) -> None:
    def made() -> BatchedTrainer:
        return BatchedTrainer(MODEL, batch_size=4, lr=RATE, optimizer_state=state, overrides=QUIET)

    folder = run_benchmark(*given(), MODEL, made(), n_epochs=6, path=tmp_path)
    swapped = rows(folder, "swapped")
    assert "1" in swapped and (swapped[-1] == "0" or state != "keep")
    before = torch.get_rng_state()
    assert equal(dict(trained(made(), 6).state_dict()), weights(folder))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("history", ["restore_best", "off"])
def test_the_history_says_what_weights_are_left(tmp_path: Path, history: Any) -> None:
    made = [BatchedTrainer(MODEL, lr=RATE, history=history, overrides=QUIET) for _ in range(2)]
    folder = run_benchmark(*given(), MODEL, made[0], n_epochs=5, path=tmp_path)
    assert equal(dict(trained(made[1], 5).state_dict()), weights(folder))


def test_a_network_of_the_users_is_trained_as_it_stands(tmp_path: Path) -> None:
    model, twin = network(), network()
    trainer = BatchedTrainer(model, overrides=QUIET)
    folder = run_benchmark(*given(), model, trainer, n_epochs=2, path=tmp_path)
    assert trained(BatchedTrainer(twin), 2, twin) is twin
    assert equal(dict(twin.state_dict()), weights(folder))


class Noted(nn.Module):
    """Gives its inputs back times a number, and notes the first point of each in training."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(1))
        self.seen: list[list[float]] = []

    def forward(self, inputs: Tensor) -> Tensor:
        if self.training:
            self.seen.append(inputs[:, 0, 0].tolist())
        return self.factor * inputs


def batches_seen(epochs: int, **options: Any) -> list[list[float]]:
    """Return the batches of a training of 20 series, without those that it was tried with."""
    noted = Noted()
    trainer = BatchedTrainer(noted, batch_size=8, **options)
    trainer.set_data_sets(arrays("train"), arrays("val"))
    trainer.do_epoch(noted)
    first = len(noted.seen)
    for _ in range(epochs - 1):
        trainer.do_epoch(noted)
    each = (len(noted.seen) - first) // (epochs - 1)
    return noted.seen[first - each :]


def test_batches_of_an_epoch_are_drawn_anew_under_the_seed() -> None:
    seen = batches_seen(3, batches_per_epoch=2)
    assert [len(batch) for batch in seen] == [8] * 6
    assert len({tuple(sorted(seen[n] + seen[n + 1])) for n in (0, 2, 4)}) == 3
    assert batches_seen(3, batches_per_epoch=2) == seen
    assert batches_seen(3, batches_per_epoch=2, seed=1) != seen


def test_more_batches_than_the_data_gives_are_all_of_them() -> None:
    seen = batches_seen(2, batches_per_epoch=99)
    assert [len(batch) for batch in seen] == [8, 8, 4] * 2
    every = sorted(arrays("train").inputs[:, 0, 0].tolist())
    assert sorted(chain(*seen[:3])) == sorted(chain(*seen[3:])) == every


class Noisy(BatchedTrainer):
    """Augments what is trained on."""

    def setDataSets(self, train: DataBlock, val: DataBlock) -> None:
        super().setDataSets(DataBlock(torch.cat([train.inputs, -train.inputs])), val)


def test_a_subclass_augments_by_either_name(tmp_path: Path) -> None:
    trainer = Noisy(MODEL, overrides=QUIET)
    folder = run_benchmark(*given(), MODEL, trainer, n_epochs=1, path=tmp_path)
    assert len(trainer.data_sets["train"]) == 40
    assert '"dataset_name": "series_arrays"' in (folder / "config.json").read_text()
    trainer.set_data_sets(arrays("train"), arrays("val"))
    assert len(trainer.data_sets["train"]) == 40


class Silent(BatchedTrainer):
    """Gives nothing on."""

    def set_data_sets(self, train: DataBlock, val: DataBlock) -> None:
        pass


class Breaking(nn.Module):
    """Is broken off in one of its calls, where that is counted down."""

    def __init__(self) -> None:
        super().__init__()
        self.network, self.calls = network(), 0

    def forward(self, inputs: Tensor) -> Any:
        self.calls -= 1
        if self.calls == 0:
            raise KeyboardInterrupt
        return self.network(inputs)


@pytest.mark.parametrize("calls", [1, 2, 3], ids=["first batch", "last batch", "validation"])
def test_an_epoch_that_was_broken_off_is_ended_by_the_next_call(calls: int) -> None:
    breaking, whole = Breaking(), Breaking()
    trainer = BatchedTrainer(breaking, batch_size=10, history="off")
    trainer.set_data_sets(arrays("train"), arrays("val"))
    trainer.do_epoch(breaking)
    breaking.calls = calls
    with pytest.raises(KeyboardInterrupt):
        trainer.do_epoch(breaking)
    for _ in range(2):
        trainer.do_epoch(breaking)
    trainer.finalize_training(breaking)
    trained(BatchedTrainer(whole, batch_size=10, history="off"), 3, whole)
    assert equal(dict(breaking.state_dict()), dict(whole.state_dict()))


def test_a_state_goes_on_as_if_there_had_been_no_stop() -> None:
    whole = trained(BatchedTrainer(MODEL, lr=RATE, optimizer_state="restore"), 5)
    first = BatchedTrainer(MODEL, lr=RATE, optimizer_state="restore")
    trained(first, 3)
    second = BatchedTrainer(MODEL, lr=RATE, optimizer_state="restore")
    assert second.state_dict() == {}
    second.set_data_sets(arrays("train"), arrays("val"))
    second.load_state_dict(first.state_dict())
    model: Any = MODEL
    for _ in range(2):
        model = second.do_epoch(model)
    assert equal(dict(second.finalize_training(model).state_dict()), dict(whole.state_dict()))


def test_what_is_wrong_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'L1Loss'"):
        BatchedTrainer(MODEL, loss="L1oss")
    with pytest.raises(UserError, match="did you mean 'Adam'"):
        BatchedTrainer(MODEL, optimizer="Adm")
    some: Any = torch.optim.Adam
    with pytest.raises(UserError, match="neither a name nor a block of the kind optimizer"):
        BatchedTrainer(MODEL, optimizer=some)
    with pytest.raises(UserError, match="neither a name nor a block of the kind criterion"):
        BatchedTrainer(MODEL, loss=Block("Adam", "optimizer"))
    with pytest.raises(DataError, match="call set_data_sets"):
        BatchedTrainer(MODEL).do_epoch(MODEL)
    series: Any = arrays("val").inputs
    with pytest.raises(DataError, match="val is of the type Tensor, not a DataBlock"):
        run_benchmark(given()[0], series, given()[2], MODEL, BatchedTrainer(MODEL), path=tmp_path)
    for model in (nn.Linear, None, 3):
        some = model
        with pytest.raises(UserError, match="neither a name nor a block nor a network"):
            run_benchmark(*given(), some, BatchedTrainer(some), path=tmp_path)
    with pytest.raises(DataError, match=r"in an override that of super\(\)"):
        run_benchmark(*given(), MODEL, Silent(MODEL), path=tmp_path)
    with pytest.raises(UserError, match="no run '7'"):
        run_benchmark(*given(), MODEL, BatchedTrainer(MODEL), path=tmp_path, resume=7)
    history: Any = "swp"
    with pytest.raises(ConfigError, match=r"reconstruction_config\.history"):
        trained(BatchedTrainer(MODEL, history=history), 1)
    trainer = BatchedTrainer(MODEL)
    trained(trainer, 1)
    with pytest.raises(UserError, match="another model already"):
        trainer.do_epoch(network())
    with pytest.raises(UserError, match="another model already"):
        trainer.do_epoch("MLP")
    with pytest.raises(UserError, match="made for another model"):
        run_benchmark(*given(), Block("MLP"), BatchedTrainer(MODEL), path=tmp_path)
    with pytest.raises(ConfigError, match=r"training_config\.max_epochs"):
        run_benchmark(*given(), MODEL, BatchedTrainer(MODEL), n_epochs=0, path=tmp_path)
    assert not [*tmp_path.iterdir()]


def test_a_loss_and_an_optimizer_may_be_blocks(tmp_path: Path) -> None:
    trainer = BatchedTrainer(
        MODEL,
        loss=Block("HuberLoss", "criterion", delta=0.5),
        optimizer=Block("SGD", "optimizer", lr=0.1),
    )
    sections = trainer.sections
    assert sections["criterion_kwargs"]["delta"] == 0.5
    assert sections["optimizer_kwargs"]["optimizer_name"] == "SGD"
    assert (
        BatchedTrainer(MODEL, loss="L2").sections["criterion_kwargs"]["criterion_name"] == "MSELoss"
    )
