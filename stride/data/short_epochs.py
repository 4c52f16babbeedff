"""Shorten the epochs of a training: a limit of batches, or the same few in every one."""

from dataclasses import replace

from stride.config.sections.training import TrainingConfig
from stride.data.batches.repeated import RepeatedBatches, first_batches
from stride.data.build import Data


def shorten(data: Data, training: TrainingConfig, seed: int) -> Data:
    """Return data whose training epochs are as short as a config says.

    Under `overfit_batches` the validation split is those batches too.

    Raises:
        DataError: there is no batch to train on.
    """
    loader = data.train_loader
    if loader is None:
        return data
    loader.limit(training.limit_train_batches)
    if training.overfit_batches is None:
        return data
    drawn = first_batches(loader, training.overfit_batches, seed)
    trained, validated = RepeatedBatches(drawn, loader), RepeatedBatches(drawn, loader)
    return replace(data, train_loader=trained, val_loader=validated)
