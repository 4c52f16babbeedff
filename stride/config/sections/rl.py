"""The section of reinforcement learning: environments, algorithm, rollouts and evaluation."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from stride.config.sections.section import NotNegative, Positive, Section, Text
from stride.config.validation_errors import typed_tables


class EvaluationEnvironment(Section):
    """An environment that is evaluated beside that of the training."""

    env_name: Text = Field(description="an id of gymnasium, or an import path")
    env_kwargs: dict[str, Any] = Field({}, description="arguments of the environment")


def _tables(value: Any) -> Any:
    """Read each table by itself; a text is the environment's name alone."""
    return typed_tables(value, EvaluationEnvironment, "rl_config.eval_envs", "env_name")


EvaluationEnvironments = Annotated[dict[str, EvaluationEnvironment], BeforeValidator(_tables)]


class RLConfig(Section):
    """Options of reinforcement learning; what is null, the algorithm knows."""

    env_name: Text | None = Field(
        None, description="an id of gymnasium, or an import path of a class or function"
    )
    env_kwargs: dict[str, Any] = Field({}, description="arguments of the environment")
    wrappers: list[Text | dict[str, Any]] = Field(
        [],
        description="wrappers round each environment, the innermost first: names of gymnasium's, "
        "import paths, or tables with `name` and arguments",
    )
    num_envs: Positive | None = Field(None, description="environments side by side")
    vectorization: Literal["auto", "vector", "sync", "async"] = Field(
        "auto",
        description="how they are stepped: by one vectorised environment, one after the other, or "
        "in processes of their own; auto: vectorised where there is such a one, else sync",
    )
    normalize_observations: bool = Field(
        False, description="by running mean and deviation, which are part of the state"
    )
    normalize_rewards: bool = Field(
        False, description="by the running deviation of the discounted return, likewise"
    )
    algorithm: Text = Field("PPO", description="PPO, DQN, SAC, REINFORCE or an import path")
    algorithm_kwargs: dict[str, Any] = Field({}, description="arguments of the algorithm")
    rollout_steps: Positive | None = Field(
        None, description="steps of each environment before the updates that follow them"
    )
    rollouts_per_epoch: Positive | None = Field(
        None, description="rollouts, each with its updates, that make an epoch"
    )
    init_steps: NotNegative | None = Field(
        None,
        description="random steps before the first rollout, over all environments; they belong to "
        "the first epoch",
    )
    eval_episodes: Positive = Field(20, description="episodes of an evaluation in the training")
    test_episodes: Positive = Field(100, description="episodes at the end, of other seeds")
    eval_envs: EvaluationEnvironments = Field(
        {},
        description="further environments that are evaluated, by name: each a name, or a table "
        "with env_name and env_kwargs",
    )
    deterministic_evaluation: bool = Field(
        True, description="evaluate the best action of each observation; false: as in the training"
    )
    target_return: float | None = Field(
        None, description="end the training at the first evaluation whose mean return reaches it"
    )
    save_buffer: bool = Field(
        True, description="keep what was stored of rollouts in checkpoints; false: not exact"
    )
    memmap_buffer: bool = Field(
        False,
        description="keep what a replay buffer has observed in files of the run that are mapped "
        "into memory, for more than memory holds",
    )
    evaluator: Literal["sync", "async"] = Field(
        "sync", description="who evaluates: the training, or a process beside it"
    )
