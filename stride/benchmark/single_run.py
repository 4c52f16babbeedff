"""Train one model on three data blocks as an ordinary run, by any trainer that has epochs."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from torch import nn

from stride.benchmark.batched_trainer import BatchedTrainer, ModelLike, configured, named
from stride.benchmark.by_epochs.trainer import ByEpochsTrainer
from stride.benchmark.data_block import DataBlock
from stride.benchmark.data_file import StoredBlocks
from stride.config import Overrides
from stride.errors import UserError
from stride.runs.work_dir import WorkDir
from stride.trainer.starts.resume import ResumedRun


def run_benchmark(
    train: DataBlock,
    val: DataBlock,
    test: DataBlock,
    model: ModelLike,
    trainer: BatchedTrainer | Any,
    n_epochs: int = 40,
    path: str | PathLike[str] = "work_dirs/benchmark",
    *,
    milestone_every: int | None = 10,
    examples: int = 3,
    resume: str | int | None = None,
    overrides: Overrides = None,
) -> Path:
    """Train a model as a run of a work_dir, and return the run's folder.

    The run is one of `trainer=reconstruction`: errors and areas of all splits after each epoch,
    milestones, examples. It gets the next number; no run that is there is touched. Arrays are kept
    in the work_dir, so that the run can be resumed and reproduced from its folder and that file.

    Args:
        train: what is trained on; `BatchedTrainer.set_data_sets` may change it.
        val: what is validated on, likewise.
        test: what is tested on.
        model: a block, a name, or a network.
        trainer: a `BatchedTrainer` for the same model, or any object with its three methods.
        n_epochs: after which the training ends.
        path: the work_dir.
        milestone_every: epochs between two milestones; None: the first and the final model alone.
        examples: how many of the worst, best and most average series of each split are kept.
        resume: a run of this work_dir to go on with, by number or name.
        overrides: other keys of the config, stronger than all here.

    Raises:
        UserError: a wrong key, value, name, shape or trainer; no run was made.
        RunFailed: the training could not go on; the run says so.
    """
    work_dir = Path(path)
    sections, blocks = _sections(trainer, model), {"train": train, "val": val, "test": test}
    own = [trainer.overrides] if isinstance(trainer, BatchedTrainer) else []
    if isinstance(trainer, BatchedTrainer) and trainer.trains_on_the_loop:
        trainer.set_data_sets(train, val)
        blocks |= trainer.given_on
    stored = StoredBlocks(blocks)
    sections["dataset_kwargs"] = stored.section
    kept = {"milestone_every": milestone_every, "examples": examples}
    _add(sections, "reconstruction_config", kept)
    _add(sections, "training_config", {"max_epochs": n_epochs})
    made = configured(work_dir, model, sections, *own)
    if isinstance(made, ByEpochsTrainer):
        made.set_epochs(trainer)
    folder = None if resume is None else WorkDir(work_dir).find(resume)
    stored.write(work_dir)  # once no key, value or method is wrong
    if folder is None:
        made.fit(overrides)
    else:
        made.fit_from(ResumedRun.of(folder, {**sections, **named(model)}, *own, overrides))
    return Path(made.run.paths.path)


def _sections(trainer: object, model: ModelLike) -> dict[str, Any]:
    """Return the config that a trainer stands for; of one of the user's, little."""
    if not isinstance(trainer, BatchedTrainer):
        return {**_BY_EPOCHS, "device": str(getattr(trainer, "device", "cpu"))}
    _require_same(model, trainer)
    if trainer.trains_on_the_loop:
        return trainer.sections
    kept = ("device", "seed", "criterion_kwargs")
    return {**_BY_EPOCHS, **{key: trainer.sections[key] for key in kept}}


_BY_EPOCHS: Mapping[str, Any] = {
    "trainer": "by_epochs",
    "reconstruction_config": {"history": "off"},  # what to go on with is the trainer's to say
    "checkpoint_config": {"every_epochs": 1},  # a step is as long as an epoch
}


def _add(sections: dict[str, Any], name: str, values: Mapping[str, Any]) -> None:
    sections[name] = {**sections.get(name, {}), **values}


def _require_same(model: ModelLike, trainer: BatchedTrainer) -> None:
    """Refuse a model that is not the trainer's own."""
    own = trainer.model
    by_name = not isinstance(model, nn.Module) and not isinstance(own, nn.Module)
    if model is not own and not (by_name and named(model) == named(own)):
        what = "the trainer was made for another model"
        hint = "give both the same: run_benchmark(..., model, BatchedTrainer(model))"
        raise UserError(what, where="run_benchmark", hint=hint)
