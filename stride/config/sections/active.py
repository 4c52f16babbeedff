"""The section of active learning: pool, queries, rounds and who gives the labels."""

from typing import Any, Literal

from pydantic import Field

from stride.config.sections.section import MetricName, Mode, NotNegative, Positive, Section, Text


class ActiveConfig(Section):
    """Options of active learning: query strategy, rounds, budget and oracle."""

    strategy: Text = Field("EntropySampling", description="a built-in strategy or an import path")
    strategy_kwargs: dict[str, Any] = Field({}, description="arguments of the strategy")
    class_weights: list[float] | dict[str, float] | None = Field(
        None, description="largest share of each predicted class in a query, then refilled"
    )
    num_queries: Positive = Field(10, description="samples asked for in a round")
    num_rounds: NotNegative = Field(10, description="queries; before the first one is round 0")
    start: Literal["random", "stratified"] | list[NotNegative] = Field(
        "random", description="how the first labelled samples are chosen, or their ids"
    )
    start_size: Positive = Field(
        10, description="labelled samples of round 0, unless start has ids"
    )
    budget: Positive | None = Field(None, description="labels at most, the start's among them")
    metric: MetricName | None = Field(
        None, description="of the learning curve; null: test/accuracy, or the loss"
    )
    metric_mode: Mode | None = Field(
        None, description="which way of it is better; null: by its name"
    )
    target: float | None = Field(None, description="value of the metric that is good enough")
    min_score: float | None = Field(
        None, description="stop when no sample of the pool scores as much"
    )
    weights: Literal["reset", "keep", "shrink_perturb"] = Field(
        "reset", description="what a round begins with: start weights, the last best, or between"
    )
    shrink: float = Field(0.6, ge=0, le=1, description="factor of the weights in shrink_perturb")
    perturb: float = Field(0.01, ge=0, description="deviation of the noise added there")
    optimizer: Literal["reset", "keep"] = Field(
        "reset", description="whether the optimiser's state lasts from round to round"
    )
    schedule: Literal["reset", "keep"] = Field(
        "reset", description="whether the learning rate's schedule continues from round to round"
    )
    models: list[dict[str, Any]] = Field(
        [], description="candidates: keys of model_kwargs that differ, for each of them"
    )
    model_selection: Literal["LogME", "LEEP", "NCE", "HScore", "NLEEP", "accuracy"] | None = Field(
        None, description="how the candidate of a round is chosen; null: all train"
    )
    feature_layer: Text | None = Field(
        None, description="the layer that features come from; null: the penultimate"
    )
    temperature_scaling: bool = Field(
        False, description="score by probabilities that are calibrated on the validation split"
    )
    oracle: Literal["dataset", "person"] = Field(
        "dataset", description="who gives labels: the dataset, or a person by stride label"
    )
