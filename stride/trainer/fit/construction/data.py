"""Build the data of a config, or wrap the loaders given."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from stride.config.resolve import Resolved
from stride.data import (
    Data,
    Normalization,
    build_data,
    data_from_loaders,
    user_batches,
    validation_loaders,
)
from stride.trainer.fit.assembly import Given
from stride.trainer.fit.config_paths import placed_data
from stride.trainer.fit.open_sections import ignored_target


def build_data_of(
    resolved: Resolved,
    sections: Mapping[str, Any],
    objects: Given,
    device: torch.device,
    splits: tuple[str, ...],
    normalization: Normalization | None,
) -> Data:
    """Build the config's data, or wrap the loaders given; a single one replaces its split."""
    loaders = {f"{split}_loader": loader for split, loader in objects.loaders.items()}
    ignored = ignored_target(resolved.config)
    if "train_loader" in loaders:
        return data_from_loaders(**loaders, device=device, ignored=ignored)
    data = build_data(
        placed_data(sections["dataset_kwargs"], resolved),
        sections["load_data_kwargs"],
        seed=resolved.config.seed,
        device=device,
        splits=splits,
        normalization=normalization,
        ignored=ignored,
    )
    extra: dict[str, Any] = dict(data.extra_loaders)
    if "val_loader" in loaders:
        loaders["val_loader"], others = validation_loaders(loaders["val_loader"])
        extra |= {name: user_batches(one, device, "val_loader") for name, one in others.items()}
    wrapped: dict[str, Any] = {
        name: user_batches(one, device, name) for name, one in loaders.items()
    }
    return replace(data, extra_loaders=extra, **wrapped)
