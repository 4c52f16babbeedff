"""The whole config: its root keys and sections, to and from plain JSON."""

import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from stride.config.metrics import group_name_fault
from stride.config.names.fields import section_type
from stride.config.sections.active import ActiveConfig
from stride.config.sections.average import AverageConfig
from stride.config.sections.checkpoint import CheckpointConfig
from stride.config.sections.data import DatasetKwargs, LoadDataKwargs
from stride.config.sections.distributed import DistributedConfig
from stride.config.sections.frozen import Networks
from stride.config.sections.logging import LoggingConfig
from stride.config.sections.lr_find import LrFindConfig
from stride.config.sections.model import CriterionKwargs, ModelKwargs
from stride.config.sections.optimizer import (
    NamedOptimizer,
    OptimizerKwargs,
    SchedulerKwargs,
    require_patterns,
)
from stride.config.sections.reconstruction import ReconstructionConfig
from stride.config.sections.rl import RLConfig
from stride.config.sections.section import OpenSection, RunName, Section, Seed, Text
from stride.config.sections.training import TrainingConfig
from stride.config.short_forms import fold_config
from stride.config.validation_errors import config_error, key_of_optimizer, typed_table
from stride.config.values import Raw, flatten, plain
from stride.errors import ConfigError, nearest_name


class Config(Section):
    """The complete config of a run.

    Equal configs have equal JSON; `Config.from_json(config.to_json()) == config`.
    """

    work_dir: Text = Field(description="the folder of the experiment, which holds its runs")
    run: RunName = Field(None, description="a name for the run; null: the next number")
    trainer: Text = Field("supervised", description="a built-in trainer or an import path")
    seed: Seed = Field(0, description="seed of weights, order of samples and augmentation")
    device: Text = Field("auto", description="auto, cpu, cuda, cuda:1, gpu or mps")
    dataset_kwargs: DatasetKwargs = Field(default_factory=DatasetKwargs, description="the dataset")
    load_data_kwargs: LoadDataKwargs = Field(
        default_factory=LoadDataKwargs, description="the loaders"
    )
    frozen: Networks = Field(
        {}, description="networks that are not trained, for the model's steps: name -> a run"
    )
    model_kwargs: ModelKwargs = Field(default_factory=ModelKwargs, description="the network")
    criterion_kwargs: CriterionKwargs = Field(
        default_factory=CriterionKwargs, description="the loss"
    )
    optimizer_kwargs: OptimizerKwargs = Field(
        default_factory=OptimizerKwargs, description="the optimiser"
    )
    scheduler_kwargs: SchedulerKwargs = Field(
        default_factory=SchedulerKwargs, description="the schedule"
    )
    optimizers: dict[str, dict[str, Any]] = Field(
        {},
        description="several optimisers by name, in place of optimizer_kwargs and "
        "scheduler_kwargs: for each the keys of optimizer_kwargs, `match` and `scheduler_kwargs`",
    )
    training_config: TrainingConfig = Field(
        default_factory=TrainingConfig, description="the training"
    )
    average_config: AverageConfig = Field(
        default_factory=AverageConfig, description="an average of the weights"
    )
    checkpoint_config: CheckpointConfig = Field(
        default_factory=CheckpointConfig, description="checkpoints"
    )
    distributed_config: DistributedConfig = Field(
        default_factory=DistributedConfig, description="several processes"
    )
    logging_config: LoggingConfig = Field(
        default_factory=LoggingConfig, description="logs and display"
    )
    active_config: ActiveConfig = Field(
        default_factory=ActiveConfig, description="active learning, with trainer=active"
    )
    lr_find_config: LrFindConfig = Field(
        default_factory=LrFindConfig, description="a range test, with trainer=lr_find"
    )
    reconstruction_config: ReconstructionConfig = Field(
        default_factory=ReconstructionConfig, description="with trainer=reconstruction"
    )
    rl_config: RLConfig = Field(
        default_factory=RLConfig, description="reinforcement learning, with trainer=rl"
    )

    @model_validator(mode="before")
    @classmethod
    def _fold(cls, given: Any) -> Any:
        return fold_config(plain(given)) if isinstance(given, Mapping) else given

    @model_validator(mode="after")
    def _have_one_or_several_optimizers(self) -> Self:
        if self.optimizers:
            _refuse_beside("optimizer_kwargs", self.optimizer_kwargs, OptimizerKwargs())
            _refuse_beside("scheduler_kwargs", self.scheduler_kwargs, SchedulerKwargs())
        sections = {f"optimizers.{name}": one for name, one in self.named_optimizers().items()}
        for key, section in {"optimizer_kwargs": self.optimizer_kwargs, **sections}.items():
            for number, group in enumerate(section.groups):
                require_patterns(group, f"{key}.groups.{number}")
        return self

    def named_optimizers(self) -> dict[str, NamedOptimizer]:
        """Return the sections of `optimizers` by name; none where there is one optimiser.

        Raises:
            ConfigError: a name, key or value of them is wrong.
        """
        return {name: _named_optimizer(name, one) for name, one in self.optimizers.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Validate plain values and return the config.

        Raises:
            ConfigError: a key or value is wrong; names the dotted key.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise config_error(error, cls) from None

    def to_json(self) -> dict[str, Any]:
        """Return the complete config as plain JSON.

        Raises:
            ConfigError: an argument is still text whose type its constructor has not decided.
        """
        values: dict[str, Any] = plain(self)
        for key, value in flatten(values):
            if isinstance(value, Raw):
                what = f"{key}={value} is still text: its constructor has not been asked"
                raise ConfigError(what, key=key)
        return values

    def with_sections(self, sections: Mapping[str, Mapping[str, Any]]) -> "Config":
        """Return the config with the constructors' arguments replaced by resolved ones.

        Args:
            sections: for each open section its arguments, as `stride.components.bind` returns
                them; they are written as plain JSON. Declared fields stay, or may be among them.
        """
        values: dict[str, Any] = plain(self)
        for name, arguments in sections.items():
            declared = {k: v for k, v in values[name].items() if k in declared_keys(name)}
            values[name] = {**declared, **plain(arguments, name)}
        return type(self).from_json(values)


def _named_optimizer(name: str, values: Mapping[str, Any]) -> NamedOptimizer:
    key = f"optimizers.{name}"
    if not _names_optimizer(name):
        what, rule = f"an optimizer cannot be called {name!r}", "use letters, digits, - and _"
        hint = nearest_name(name, _names_optimizer) or f"{rule}, a letter first, and not epoch_"
        raise ConfigError(what, key=key, hint=hint)
    return typed_table(values, NamedOptimizer, key)


def _names_optimizer(name: str) -> bool:
    """Tell whether a part of a checkpoint, and rates in rows, can be called so."""
    return bool(re.fullmatch(r"[A-Za-z_][\w-]*", name)) and not group_name_fault(name)


def _refuse_beside(section: str, given: OpenSection, unset: OpenSection) -> None:
    """Refuse a section that `optimizers` takes the place of."""
    values, default = plain(given), plain(unset)
    if values != default:
        name = next(name for name in values if values[name] != default.get(name, ...))
        what = f"{section}.{name} is set beside `optimizers`, which take its place"
        place = key_of_optimizer("NAME", f"{section}.{name}")
        hint = f"give each of them its own, as {place}, and leave it out"
        raise ConfigError(what, key=f"{section}.{name}", hint=hint)


OPEN_SECTIONS: dict[str, type[OpenSection]] = {
    name: field.annotation
    for name, field in Config.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, OpenSection)
}


def declared_keys(section: str) -> tuple[str, ...]:
    """Return STRIDE's own keys of a section; other keys of an open one are the constructor's."""
    kind = section_type(Config.model_fields[section])
    return tuple(kind.model_fields) if kind else ()
