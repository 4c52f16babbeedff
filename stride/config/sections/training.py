"""The section of the training: its length, precision, metrics and stopping."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from stride.config.metrics import infer_mode
from stride.config.sections.section import MetricName, Mode, Positive, Section, Text, Window
from stride.config.short_forms import EXPERIMENT, MILESTONE_EVERY
from stride.errors import ConfigError

DEFAULT_EPOCHS = 20


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
    max_steps: Positive | None = Field(
        None, description="optimiser steps at most; of trainer=rl steps of all environments"
    )
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
    predict_final_loss: bool = Field(
        False, description="forecast at each epoch which loss the training will end with"
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
