"""The sections of a config: their keys with types, bounds, defaults and meanings.

A section `<x>_kwargs` is open: beside the declared fields, which are STRIDE's own, it holds the
arguments of a constructor that the user chooses by `<x>_name`. A section `<x>_config` is closed.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from stride.config.metrics import canonical, infer_mode, split_name_fault
from stride.config.short_forms import EXPERIMENT, KEEP_BEST, MILESTONE_EVERY
from stride.config.validation_errors import typed_table
from stride.config.values import show, whole_number
from stride.errors import ConfigError

DEFAULT_EPOCHS = 20


def _normalization(value: Any) -> Any:
    if isinstance(value, bool):
        return "standard" if value else "none"
    return {"true": "standard", "false": "none"}.get(value, value) if value else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


# Bounds stand before the validator, or a JSON Schema would have "ge" for "minimum".
NotNegative = Annotated[int, Field(ge=0), BeforeValidator(whole_number)]
Positive = Annotated[int, Field(ge=1), BeforeValidator(whole_number)]
Window = Annotated[int, Field(ge=2), BeforeValidator(whole_number)]
Text = Annotated[str, Field(min_length=1)]
Seed = Annotated[int, Field(ge=0, lt=2**63), BeforeValidator(whole_number)]
MetricName = Annotated[Text, AfterValidator(canonical)]
Mode = Literal["min", "max"]
Normalization = Annotated[Literal["none", "standard", "minmax"], BeforeValidator(_normalization)]
Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)]


class Section(BaseModel):
    """Base of config sections: frozen, and without extra keys unless it allows them."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())


class OpenSection(Section):
    """A section of STRIDE's own fields plus the arguments of a chosen constructor."""

    model_config = ConfigDict(extra="allow")

    name_field: ClassVar[str] = ""
    of_constructor: ClassVar[tuple[str, ...]] = ()
    """Declared keys whose values are meant for the chosen constructor, as all others are."""

    @property
    def constructor_kwargs(self) -> dict[str, Any]:
        """Return the constructor's arguments; those typed as text are `Raw` until bound."""
        return dict(self.model_extra or {})


def require_patterns(table: Mapping[str, Any], key: str) -> None:
    """Refuse a table whose `match` is not a pattern of parameter names, or a list of them.

    Raises:
        ConfigError: says so; or its `name` is not text.
    """
    match, name = table.get("match"), table.get("name", "-")
    patterns = match if isinstance(match, list) else [match]
    if not patterns or not all(isinstance(one, str) and one for one in patterns):
        hint = 'as {"match": "*.bias", "weight_decay": 0}'
        what = f"{key}.match must be a pattern of parameter names, or a list of them"
        raise ConfigError(f"{what}, not {show(match)}", key=f"{key}.match", hint=hint)
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{key}.name must be text, not {show(name)}", key=f"{key}.name")


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
                raise ConfigError(f"{key} has the name {name!r}, {fault}", key=key)
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


def _step_as_text(value: Any) -> Any:
    """Write the number of a step as a name is written, that it may be typed as either."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class StartWeights(Section):
    """Which weights a network starts from, and what of them."""

    run: Text = Field(description="a run's folder, or a safetensors file")
    at: Annotated[Text, BeforeValidator(_step_as_text)] = Field(
        "best", description="best, last, a checkpoint's name or its step"
    )
    keys: dict[str, str] = Field({}, description="prefixes of names there -> here; {}: all as is")
    strict: bool = Field(True, description="refuse names that are missing, unknown or misshapen")


INIT_FROM = "model_kwargs.init_from"


def _start_weights(value: Any) -> Any:
    """Read a table by itself: the errors of a union name none of its keys."""
    return typed_table(value, StartWeights, INIT_FROM) if isinstance(value, Mapping) else value


class ModelKwargs(OpenSection):
    """The network."""

    name_field = "model_name"

    model_name: Text | None = Field(
        None, description="a built-in network or an import path; null: CNN for images, else MLP"
    )
    model_seed: Seed | None = Field(None, description="seed of the weights; null: the run's seed")
    init_from: Annotated[
        Text | list[Text | None] | StartWeights | None, BeforeValidator(_start_weights)
    ] = Field(
        None,
        description="a run or safetensors file to start from, or a table of `run`, `at`, `keys` "
        "and `strict`; of candidates one for each",
    )
    freeze: list[Text] = Field(
        [], description="modules and parameters that are not trained: names, `*` for any text"
    )


class CriterionKwargs(OpenSection):
    """The loss."""

    name_field = "criterion_name"

    criterion_name: Text | None = Field(None, description="a loss; null: by the kind of targets")


class OptimizerKwargs(OpenSection):
    """The optimiser."""

    name_field = "optimizer_name"
    of_constructor = ("groups",)

    optimizer_name: Text = Field("AdamW", description="one of torch.optim or an import path")
    groups: list[dict[str, Any]] = Field(
        [], description="`match`: pattern of parameter names, or a list; with options of its own"
    )


class SchedulerKwargs(OpenSection):
    """The learning rate schedule."""

    name_field = "scheduler_name"

    scheduler_name: Text | None = Field(None, description="a torch scheduler or an import path")
    interval: Literal["epoch", "step"] | None = Field(
        None, description="when it is stepped; null: as torch's own schedulers need it"
    )


class NamedOptimizer(OptimizerKwargs):
    """One of several optimisers: what it moves, and its schedule."""

    of_constructor = ("groups",)

    match: Text | list[Text] = Field(
        description="pattern of the names of its parameters, or a list"
    )
    scheduler_kwargs: SchedulerKwargs = Field(
        default_factory=SchedulerKwargs, description="its schedule, which counts its own updates"
    )


class TrainingConfig(Section):
    """Length, precision, metrics and stopping of the training."""

    with_validation: bool = Field(True, description="evaluate on the validation split")
    with_test: bool = Field(True, description="evaluate the best weights on the test split")
    experiment: str = Field(
        EXPERIMENT, pattern=r"^\w[\w.-]*$", description="a word for the names of checkpoints"
    )
    max_epochs: Positive | None = Field(
        None, description=f"passes over the data; {DEFAULT_EPOCHS} when max_steps is null too"
    )
    max_steps: Positive | None = Field(None, description="optimiser steps at most")
    metrics: list[Text | dict[str, Any]] | None = Field(
        None,
        description="what to evaluate, by name or as a section with metric_name, arguments and "
        "as; null: accuracy for classes, mae for numbers",
    )
    early_stopping: bool = Field(False, description="stop when the stopping metric stalls")
    stopping_metric: MetricName | None = Field(None, description="the metric watched for stopping")
    patience: Positive = Field(10, description="evaluations without improvement before stopping")
    min_delta: float = Field(0.0, ge=0, description="what counts as improvement must exceed this")
    delta_mode: Literal["absolute", "relative"] = Field(
        "absolute", description="min_delta as it is, or times the best value's size"
    )
    mode: Mode | None = Field(None, description="which way is better; null: by the metric's name")
    overfitting_window: Window | None = Field(
        None, description="evaluations over which losses that move apart lead to a warning"
    )
    save_best: bool = Field(True, description="keep the best weights; false: keep_best=0")
    saving_metric: MetricName | None = Field(
        None, description="the metric of the best weights; null: the stopping metric"
    )
    saving_mode: Mode | None = Field(None, description="mode of the saving metric, likewise")
    use_milestones: bool = Field(
        False, description="keep a checkpoint every milestone_every epochs"
    )
    milestone_every: Positive = Field(MILESTONE_EVERY, description="epochs between milestones")
    evaluate_every: Positive = Field(1, description="epochs between evaluations")
    evaluate_every_steps: Positive | None = Field(
        None, description="steps between evaluations inside epochs, beside those at their ends"
    )
    evaluate_batches: Positive | None = Field(
        None, description="first batches of the validation split evaluated in training; null: all"
    )
    limit_train_batches: Positive | None = Field(
        None, description="batches of an epoch at most, of each process; null: all"
    )
    overfit_batches: Positive | None = Field(
        None, description="train and validate on these first batches alone, the same in each epoch"
    )
    log_interval: Positive = Field(50, description="steps between two reports")
    precision: Literal["fp32", "bf16", "fp16"] = Field("fp32", description="type to compute in")
    compile: bool = Field(False, description="compile the network with torch.compile")
    accumulate: Positive = Field(1, description="microbatches in a step")
    clip_grad_norm: float | None = Field(None, gt=0, description="largest norm of the gradient")
    log_grad_norm: bool = Field(
        False, description="record the norm of the gradient; clip_grad_norm does so too"
    )
    deterministic: bool = Field(False, description="use deterministic algorithms only")
    nonfinite: Literal["stop", "skip", "raise"] = Field(
        "stop", description="what a NaN or infinite loss leads to"
    )
    callbacks: list[Text] = Field([], description="import paths of callbacks")
    digest_every: Positive | None = Field(
        None, description="steps between digests of all weights in fingerprints.jsonl"
    )

    @property
    def measures_grad_norm(self) -> bool:
        """Tell whether each step computes the norm of its gradient."""
        return self.log_grad_norm or self.clip_grad_norm is not None

    @model_validator(mode="before")
    @classmethod
    def _set_an_end(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        endless = given.get("max_epochs") is None and given.get("max_steps") is None
        return {**given, "max_epochs": DEFAULT_EPOCHS} if endless else given

    @model_validator(mode="after")
    def _overfit_alone(self) -> Self:
        for name in ("limit_train_batches", "evaluate_batches"):
            if self.overfit_batches and getattr(self, name):
                key = f"training_config.{name}"
                what = f"{key} and overfit_batches both say which batches there are"
                raise ConfigError(what, key=key, hint=f"leave {name} out: type {key}=null")
        return self

    @model_validator(mode="after")
    def _know_which_way_is_better(self) -> Self:
        if self.stopping_metric and self.mode is None:
            infer_mode(self.stopping_metric, key="training_config.mode")
        if self.saving_metric and self.saving_mode is None:
            infer_mode(self.saving_metric, key="training_config.saving_mode")
        return self


class AverageConfig(Section):
    """An average of the weights over the steps."""

    kind: Literal["ema", "swa"] | None = Field(
        None, description="an exponential moving average, the mean of the weights, or none"
    )
    decay: float = Field(0.999, ge=0, lt=1, description="of ema: what is left of it in a step")
    start_step: NotNegative = Field(0, description="steps done before the first that is averaged")
    every_steps: Positive = Field(1, description="steps between two that are averaged")
    evaluate: Literal["average", "model"] = Field(
        "average", description="what is validated, kept as the best weights and tested"
    )

    @model_validator(mode="after")
    def _need_a_kind(self) -> Self:
        fields = {name: one.default for name, one in type(self).model_fields.items()}
        given = [name for name, default in fields.items() if getattr(self, name) != default]
        if self.kind is None and given:
            what = f"average_config.{given[0]} is set, and there is no average"
            key, hint = f"average_config.{given[0]}", "type: average_config.kind=ema"
            raise ConfigError(what, key=key, hint=hint)
        if self.kind == "swa" and "decay" in given:
            what, key = "a mean has no decay", "average_config.decay"
            raise ConfigError(
                f"{key} is set: {what}", key=key, hint="type: average_config.kind=ema"
            )
        return self


class CheckpointConfig(Section):
    """When checkpoints are written, and which are kept."""

    every_epochs: Positive | None = Field(None, description="epochs between checkpoints")
    every_steps: Positive | None = Field(None, description="steps between checkpoints")
    every_minutes: float | None = Field(10.0, gt=0, description="minutes between checkpoints")
    keep_last: Positive = Field(2, description="newest checkpoints kept")
    keep_best: NotNegative = Field(
        KEEP_BEST, description="best checkpoints kept; 0: the best may be deleted"
    )
    keep_every: Positive | None = Field(None, description="epochs between those never deleted")
    background: bool = Field(True, description="write while the training continues")
    grace_seconds: float | None = Field(
        None,
        gt=0,
        description="what a signal leaves for the step and its checkpoint; null: all they take",
    )


class DistributedConfig(Section):
    """How several processes train together."""

    backend: Literal["auto", "gloo", "nccl"] = Field(
        "auto", description="what gradients travel by; auto: nccl on CUDA, else gloo"
    )
    timeout_seconds: float = Field(
        600.0, gt=0, description="how long a process waits for the others before it gives up"
    )
    strategy: Literal["auto", "flat", "ddp", "fsdp"] = Field(
        "auto",
        description="one flat sum of gradients, torch's DDP, or a model divided among the "
        "processes (FSDP), which the training waits for when a checkpoint is written; "
        "auto: flat or ddp, by the model's size",
    )
    agree_every: Positive = Field(
        50,
        description="steps between two that ask all processes whether to stop; fewer if slow",
    )
    find_unused_parameters: bool = Field(False, description="as DDP has it")
    static_graph: bool = Field(False, description="as DDP has it")
    gradient_as_bucket_view: bool = Field(False, description="as DDP has it")
    sync_batchnorm: bool = Field(
        False,
        description="batch normalisation by the statistics of all processes' samples, on CUDA",
    )


class LoggingConfig(Section):
    """Where metrics and messages go."""

    loggers: list[Text] = Field([], description="csv, tensorboard, wandb or import paths")
    terminal_display: Literal["auto", "rich", "minimal", "off"] = Field(
        "auto", description="a live display, plain lines or nothing; auto: by the terminal"
    )
    keep_artifacts: Positive | None = Field(
        None, description="of each name the newest N images, texts, figures, histograms; null: all"
    )
    level: Level = Field("INFO", description="least level of messages in the text log")
    wandb_kwargs: dict[str, Any] = Field({}, description="keys for wandb.init, without `settings`")
    timing_name: Text | None = Field(
        None, description="under which `stride stats --scaling` puts the timings of runs together"
    )
