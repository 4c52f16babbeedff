"""The sections of the dataset and its loaders."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from stride.config.metrics import split_name_fault
from stride.config.sections.section import OpenSection, Positive, Seed, Text
from stride.errors import ConfigError, nearest_name


def _normalization(value: Any) -> Any:
    if isinstance(value, bool):
        return "standard" if value else "none"
    return {"true": "standard", "false": "none"}.get(value, value) if value else value


Normalization = Annotated[Literal["none", "standard", "minmax"], BeforeValidator(_normalization)]


class DatasetKwargs(OpenSection):
    """The dataset, and how it is split, subsampled, normalised and augmented."""

    name_field = "dataset_name"

    dataset_name: Text = Field("digits", description="a built-in dataset or an import path")
    val_fraction: float = Field(0.15, ge=0, lt=1, description="share of the samples to validate on")
    test_fraction: float = Field(0.15, ge=0, lt=1, description="share of the samples to test on")
    split_seed: Seed = Field(0, description="seed of the split into train, val and test")
    subsample_rate: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=False,
        description="how often an epoch has each training sample; below 1: share of them kept",
    )
    subsample_seed: Seed = Field(0, description="seed of the choice of the samples kept, or added")
    normalize: Normalization = Field("none", description="statistics of the training split to use")
    normalize_targets: Normalization = Field("none", description="likewise, for the targets")
    transform: Text | None = Field(
        None, description="import path of a transform of each training sample"
    )
    val_transform: Text | None = Field(None, description="one for validation and extra_splits")
    test_transform: Text | None = Field(None, description="one for the test split")
    extra_splits: dict[str, dict[str, Any]] = Field(
        {},
        description="further sets to evaluate: a name, and what differs in the dataset's arguments",
    )

    @field_validator("extra_splits")
    @classmethod
    def _name_splits(cls, splits: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name in splits:
            if fault := split_name_fault(name):
                key = "dataset_kwargs.extra_splits"
                hint = nearest_name(name, lambda one: not split_name_fault(one))
                raise ConfigError(f"{key} has the name {name!r}, {fault}", key=key, hint=hint)
        return splits

    @model_validator(mode="after")
    def _leave_some_to_train_on(self) -> Self:
        if self.val_fraction + self.test_fraction >= 1:
            key = "dataset_kwargs.val_fraction"
            what = f"{key} and test_fraction leave nothing to train on"
            raise ConfigError(what, key=key, hint="their sum must be below 1")
        return self


class LoadDataKwargs(OpenSection):
    """How batches are made; other keys go to torch's DataLoader."""

    batch_size: Positive = Field(64, description="samples in a batch of each process")
    global_batch_size: Positive | None = Field(
        None, description="samples in a batch of all processes together, in place of batch_size"
    )
    shuffle: bool = Field(True, description="reshuffle the training samples in each epoch")
    in_memory: bool | None = Field(None, description="keep the data on the device; null: by size")
    train_loader_kwargs: dict[str, Any] = Field({}, description="DataLoader keys, training only")
    val_loader_kwargs: dict[str, Any] = Field({}, description="DataLoader keys, validation only")
    test_loader_kwargs: dict[str, Any] = Field({}, description="DataLoader keys, test only")
