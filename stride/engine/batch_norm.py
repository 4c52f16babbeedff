"""Normalise batches by the statistics of all processes' samples (torch's SyncBatchNorm)."""

import torch
from torch import nn

from stride.data.batches.windows import TrainingBatches
from stride.distributed import world_size
from stride.errors import ConfigError
from stride.models.model import Model

_KEY = "distributed_config.sync_batchnorm"


def share_statistics(model: Model, device: torch.device) -> None:
    """Put SyncBatchNorm in the place of each BatchNorm inside of a network; alone, do nothing.

    Parameters and buffers stay the same objects under the same names, so that weights fit the
    network with and without it.

    Raises:
        ConfigError: the processes do not train on CUDA devices, for which alone torch has it.
    """
    if world_size() == 1:
        return
    if device.type != "cuda":
        raise ConfigError(
            f"torch joins statistics of batches on CUDA alone, and the device is {device}",
            key=_KEY,
            where=_KEY,
            hint=f"type: {_KEY}=false, or device=cuda",
        )
    for module in (model.network, model.criterion):
        nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]


def require_shares(batches: TrainingBatches, position: int = 0) -> None:
    """Refuse an epoch whose last batch leaves a process without samples: others would wait for it.

    Args:
        batches: of all processes together, as `RankShards`; nothing is said of a stream.
        position: samples of the epoch that are consumed already.

    Raises:
        ConfigError: says how many samples are left over.
    """
    size, samples = batches.batch_size, getattr(batches, "num_samples", None)
    last = (samples - position) % size if size and samples else 0
    if 0 < last < world_size():
        raise ConfigError(
            f"the last batch of an epoch has {last} sample(s) for {world_size()} processes, which "
            "normalise it together",
            key=_KEY,
            where=_KEY,
            hint="type: load_data_kwargs.drop_last=true, or another batch_size",
        )
