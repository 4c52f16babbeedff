"""Reinforcement learning as a kind of training: one loop, whose batches come from rollouts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, cast

import torch

from stride.components.bind import construct
from stride.config import Resolved
from stride.config.metrics import split_name
from stride.config.schema import Config
from stride.data import Data, Normalization
from stride.data.data_info import DataInfo
from stride.data.seeding import mix
from stride.distributed import world_size
from stride.engine.loop import Loop
from stride.engine.probe.last_batch import LastBatch
from stride.engine.stopping import Limits
from stride.errors import ConfigError, DataError
from stride.metrics.choice import MetricSpec
from stride.models.build import seeded
from stride.models.model import Model
from stride.rl.algorithms.algorithm import Algorithm
from stride.rl.spaces import Spaces
from stride.trainer.evaluation.async_evaluator import AsyncEvaluator
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.kind import EVALUATED, Kind
from stride.trainer.fit.session import Session
from stride.trainers.rl.aside import take_best
from stride.trainers.rl.batches import RolloutBatches
from stride.trainers.rl.buffer_files import open_files, require_files
from stride.trainers.rl.defaults import KWARGS, algorithm_class, completed
from stride.trainers.rl.environments import environments_of, fingerprint
from stride.trainers.rl.evaluation import evaluate_policy, require_playable
from stride.trainers.rl.statistics import KeptStatistics, NoStatistics, Statistics
from stride.trainers.rl.target import TargetReturn

ENV_STEPS = "env_steps"
"""The name under which steps of environments are recorded."""

ROLLOUTS = 20  # which of the random streams of a seed


class RL(Kind):
    """Act in environments, learn from what became of it, and go on.

    An epoch is a rollout, or some of them, each followed by its updates; a step is one update.
    """

    evaluates = EVALUATED

    batches: RolloutBatches

    def complete(self, resolved: Resolved) -> Resolved:
        """Write down what the algorithm knows where nothing was typed.

        Where another process evaluates, it decides which weights are the best, and keeps them.
        """
        self.has_best = resolved.config.rl_config.evaluator == "sync"
        return completed(resolved)

    def limits(self, config: Config) -> Limits:
        """Return the epochs in which `max_steps` of environments are done; they end as wholes."""
        whole, rl = Limits.of(config.training_config), config.rl_config
        if whole.max_steps is None:
            return whole
        counts = (rl.num_envs, rl.rollout_steps, rl.rollouts_per_epoch)
        per_epoch = prod(number or 1 for number in counts)  # none is null in a complete config
        left = whole.max_steps - (rl.init_steps or 0)
        epochs = max(1, -(-left // per_epoch))
        if whole.max_epochs is not None and whole.max_epochs < epochs:
            return replace(whole, max_steps=None)
        return replace(whole, max_epochs=epochs, max_steps=None, epochs_key="max_steps")

    def build_data(
        self, config: Config, device: torch.device, normalization: Normalization | None
    ) -> Data:
        """Return batches from rollouts, with what networks have to know of the spaces."""
        environments = environments_of(config)
        seed = mix(ROLLOUTS, config.seed)
        self.batches = RolloutBatches(environments, config.rl_config, seed=seed, device=device)
        name = str(config.rl_config.env_name)
        return Data(
            self.batches,
            None,
            None,
            _info(environments.spaces, name),
            normalization,
            fingerprint(config.rl_config, environments.spaces),
            inferred={"dataset_name": name},
        )

    def wrap(self, config: Config, data: Data, model: Model) -> Model:
        """Return the algorithm round the network."""
        environments = self.batches.environments
        algorithm = _algorithm(config, environments.spaces, model)
        statistics: Statistics | NoStatistics = NoStatistics()
        if config.rl_config.normalize_observations:
            statistics = Statistics(algorithm, environments, data.normalization)
        self.batches.adopt(algorithm, statistics)
        return algorithm

    def set_up(self, session: Session) -> None:
        """Watch for the return that is aimed at.

        Raises:
            ConfigError: there are several processes.
            UserError: steps cannot be kept, in files or at all, or the policy not be evaluated.
        """
        if world_size() > 1:
            hint = "train in one process, and several runs at once: stride sweep"
            what = "reinforcement learning trains in one process"
            raise ConfigError(what, key="trainer", where="trainer", hint=hint)
        self.batches.require_storable()
        require_playable(session.assembly)
        rl, watching = session.assembly.config.rl_config, session.callbacks.in_order
        if rl.memmap_buffer:
            require_files(self.batches.rollouts)
        if rl.target_return is not None:
            target = TargetReturn(rl.target_return)
            watching.append(target)
            session.state.register("target_return", target)
        if rl.normalize_observations:
            watching.append(KeptStatistics(session))
        if rl.evaluator == "async":
            watching.append(AsyncEvaluator())

    def last_batch(self, assembly: Assembly) -> LastBatch | None:
        """Return None: each batch has as many steps as the algorithm says."""
        return None

    def loops(self, session: Session) -> Iterator[Loop]:
        """Yield the one loop; its rows have what the rollouts were."""
        rollouts, rates = self.batches.rollouts, session.optimizers.rates
        if session.assembly.config.rl_config.memmap_buffer:
            open_files(rollouts, session)
        yield replace(
            session.loop(),
            rates=lambda: {**rates(), ENV_STEPS: rollouts.env_steps},
            own_values=rollouts.epoch_values,
        )
        evaluators = [one for one in session.callbacks.in_order if isinstance(one, AsyncEvaluator)]
        if evaluators and not session.stop.signal:
            session.callbacks.checkpoints.finish(session.trainer)  # what they wait for stands
            for one in evaluators:
                one.finish()
            if session.assembly.config.rl_config.evaluator == "async":
                take_best(session)
                for watching in session.callbacks.in_order:
                    if isinstance(watching, KeptStatistics):
                        watching.write()  # those of these weights

    def evaluate(
        self, assembly: Assembly, split: str, metrics: Sequence[MetricSpec] | None = None
    ) -> dict[str, float]:
        """Return what whole episodes gave, of seeds that are the split's own.

        Raises:
            DataError: the split is none that is evaluated, or metrics are asked for.
        """
        split = split_name(split)
        if split not in EVALUATED:
            what, hint = f"episodes are no split {split!r}", f"type one of: {', '.join(EVALUATED)}"
            raise DataError(what, hint=hint)
        if metrics:
            what = f"there are no metrics of episodes ({', '.join(map(str, metrics))})"
            raise DataError(what, hint="leave them out: returns and lengths are measured")
        return evaluate_policy(assembly, split)


def _info(spaces: Spaces, name: str) -> DataInfo:
    counts: Mapping[str, Any] = dict.fromkeys(("num_train", "num_val", "num_test"))
    shape, classes = spaces.action_shape, spaces.num_actions
    kind: Any = "class" if spaces.discrete else "float"
    return DataInfo(spaces.observation_shape, shape, kind, classes, dataset=name, **counts)


def _algorithm(config: Config, spaces: Spaces, model: Model) -> Algorithm:
    """Return the config's algorithm round a model's network, or the one that was given.

    Raises:
        ConfigError: an algorithm was given, and it is for other spaces.
    """
    if isinstance(model, Algorithm):
        if model.spaces != spaces:
            what = f"the algorithm is for {model.spaces}, and the environments have {spaces}"
            raise ConfigError(what, key="rl_config.env_name", where="rl_config.env_name")
        return model
    made_by, rl = algorithm_class(config.rl_config.algorithm), config.rl_config
    with seeded(config.seed):
        made = construct(made_by, model.network, spaces, section=KWARGS, **rl.algorithm_kwargs)
    return cast(Algorithm, made)
