"""Train on batches of a fixed number of series: a config by Python's arguments, on the one loop."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from torch import nn

from stride.benchmark.block import Block
from stride.benchmark.data_block import DataBlock
from stride.benchmark.data_file import StoredBlocks
from stride.benchmark.epochwise import EpochwiseTraining
from stride.benchmark.interface import NAMES
from stride.config import Overrides
from stride.errors import DataError, UserError
from stride.trainer.trainer import Trainer

ModelLike = str | Block | nn.Module

_LOSSES = {"L2": "MSELoss"}


class BatchedTrainer:
    """Train a network to give its inputs back, on batches of a fixed number of series.

    The batches of each epoch are drawn anew under the seed. After each epoch the loss on the
    validation set is measured; where it is higher than the lowest so far, `history` says what
    becomes of the weights. `run_benchmark` makes a run of it, on the loop of every run; `do_epoch`
    trains by hand, in memory, with the same bits.

    A subclass may augment in `set_data_sets`, and give changed blocks on: these are what is trained
    and validated on. One with a `do_epoch` or `finalize_training` of its own is called by these.

    Args:
        model: a block, a name, or a network.
        device: "cpu", "gpu", or as of `device` in the config.
        batch_size: series in a batch.
        batches_per_epoch: how many batches an epoch has at most; None: all that the data gives.
        loss: by name (`L1`, `L2`, `SmoothL1`, `MSELoss`), import path or block.
        optimizer: by name, import path or block; a block has its own rate.
        lr: learning rate of an optimizer by name.
        history: `swap`, `restore_best` or `off`: see `reconstruction_config`.
        optimizer_state: at a swap: `keep`, `reset` or `restore`.
        seed: of weights, batches and draws.
        overrides: other keys of the config.

    Attributes:
        model: as it was given.
        data_sets: `train` and `val`, once they are set.
        overrides: as they were given.

    Raises:
        UserError: there is no such loss or optimizer, or it takes no such argument.
    """

    data_sets: Mapping[str, DataBlock]

    def __init__(
        self,
        model: ModelLike,
        device: str = "cpu",
        *,
        batch_size: int = 32,
        batches_per_epoch: int | None = None,
        loss: str | Block = "L1",
        optimizer: str | Block = "Adam",
        lr: float = 0.001,
        history: Literal["swap", "restore_best", "off"] = "swap",
        optimizer_state: Literal["keep", "reset", "restore"] = "keep",
        seed: int = 0,
        overrides: Overrides = None,
    ) -> None:
        self.model, self.overrides = model, overrides
        self.data_sets = {}
        self._training: EpochwiseTraining | None = None
        self._state: Mapping[str, Any] = {}  # to go on from, until there is a training
        if isinstance(loss, str):
            loss = Block(_loss_name(loss), "criterion")
        if isinstance(optimizer, str):
            optimizer = Block(optimizer, "optimizer", lr=lr)
        _require_kind(loss, "criterion", "loss")
        _require_kind(optimizer, "optimizer", "optimizer")
        self._sections: dict[str, Any] = {
            "trainer": "reconstruction",
            "device": device,
            "seed": seed,
            "criterion_kwargs": loss.section,
            "optimizer_kwargs": optimizer.section,
            "load_data_kwargs": {"batch_size": batch_size},
            "training_config": {"limit_train_batches": batches_per_epoch},
            "reconstruction_config": {"history": history, "optimizer_state": optimizer_state},
        }

    def __init_subclass__(cls) -> None:
        """Let a method that a subclass defines by one name be called by its other one too."""
        for names in NAMES.items():
            for one, other in (names, names[::-1]):
                if one in vars(cls) and other not in vars(cls):
                    setattr(cls, other, vars(cls)[one])

    @property
    def sections(self) -> dict[str, Any]:
        """Return the config that a run of it has, but for its model, data and length."""
        return deepcopy(self._sections)

    @property
    def trains_on_the_loop(self) -> bool:
        """Tell whether an epoch and the end are those of this class, which a run's loop has too."""
        own, theirs = vars(BatchedTrainer), type(self)
        names = ("do_epoch", "finalize_training")
        return all(getattr(theirs, name) is own[name] for name in names)

    def set_data_sets(self, train: DataBlock, val: DataBlock) -> None:
        """Take what is trained and validated on; a training by hand starts over."""
        self.data_sets = {"train": train, "val": val}
        self._training, self._state = None, {}

    @property
    def given_on(self) -> Mapping[str, DataBlock]:
        """Return what `set_data_sets` has given on.

        Raises:
            DataError: it was not called, or an override of it has given nothing on.
        """
        if not self.data_sets:
            hint = "call set_data_sets(train, val) first; in an override that of super()"
            raise DataError("there is nothing to train on", where="set_data_sets", hint=hint)
        return self.data_sets

    def do_epoch(self, model: ModelLike) -> nn.Module:
        """Train one epoch on a model, and return it; the first call may be given a block or name.

        Args:
            model: what the call before has returned, or the trainer's own at first.

        Raises:
            UserError: another model than before, no data sets, or a wrong value.
        """
        if self._training is None:
            self._training = self._begin(model)
        self._require_same(model, self._training)
        self._training.epoch()
        return self._training.network

    def finalize_training(self, model: nn.Module) -> nn.Module:
        """Return the model with the weights that the history has chosen."""
        if self._training is not None:
            self._require_same(model, self._training)
            self._training.finish()
        return model

    setDataSets, doEpoch, finalizeTraining = set_data_sets, do_epoch, finalize_training

    def state_dict(self) -> dict[str, Any]:
        """Return the state of a training by hand, empty before its first epoch."""
        return dict(self._state) if self._training is None else self._training.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, at once or with the next epoch."""
        self._state = state
        if self._training is not None and state:
            self._training.load_state_dict(state)

    def _begin(self, model: ModelLike) -> EpochwiseTraining:
        stored = StoredBlocks(self.given_on)
        sections = {**self.sections, "dataset_kwargs": stored.section}
        with TemporaryDirectory() as folder:  # of the arrays alone, which are in memory then
            trainer = configured(folder, model, sections, self.overrides)
            trainer.builder.splits = ("train", "val")
            stored.write(Path(folder))
            training = EpochwiseTraining(trainer)
        if self._state:
            training.load_state_dict(self._state)
        return training

    def _require_same(self, model: ModelLike, training: EpochwiseTraining) -> None:
        """Refuse a model that is not the one in training."""
        if isinstance(model, nn.Module):
            same = model is training.network
        else:
            same = named(model) == named(self.model)
        if not same:
            what = "this trainer trains another model already"
            hint = "give the one that do_epoch returned, or call set_data_sets to start over"
            raise UserError(what, where="do_epoch", hint=hint)


def configured(
    folder: str | Path, model: ModelLike, sections: Mapping[str, Any], overrides: Overrides = None
) -> Trainer:
    """Return the trainer of a work_dir for a model, by a config's sections.

    Raises:
        UserError: a wrong key or value.
    """
    trainer = Trainer(folder, overrides=overrides, **{**sections, **named(model)})
    if isinstance(model, nn.Module):
        trainer.set_model(model)
    return trainer


def named(model: ModelLike) -> dict[str, Any]:
    """Return how a config names a model; nothing for a network, which it cannot.

    Raises:
        UserError: it is something else.
    """
    if isinstance(model, nn.Module):
        return {}
    if not isinstance(model, (str, Block)):
        what = f"{model!r} is neither a name nor a block nor a network"
        raise UserError(what, where="model", hint="give Block(model, ...), or make a network of it")
    return {"model_kwargs": (Block(model) if isinstance(model, str) else model).section}


def _require_kind(given: object, kind: str, argument: str) -> None:
    """Refuse all but a block of a kind."""
    if not (isinstance(given, Block) and given.kind == kind):
        what = f"{argument} is {given!r}, neither a name nor a block of the kind {kind}"
        hint = f"give Block(NAME, {kind!r}, ...)"
        raise UserError(what, where="BatchedTrainer", hint=hint)


def _loss_name(loss: str) -> str:
    if ":" in loss or loss.endswith("Loss"):
        return loss
    return _LOSSES.get(loss, f"{loss}Loss")
