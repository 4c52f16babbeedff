"""Play episodes with the weights of a recorded run, and film one."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, cast

from stride.config import Overrides
from stride.config.metrics import split_name
from stride.errors import DataError, UserError
from stride.rl.algorithms.algorithm import Algorithm
from stride.rl.evaluation import Evaluation, Evaluator
from stride.runs.files.durable import make_folder, os_errors_as
from stride.runs.files.safe_open import require_inside
from stride.trainer.process_state import drawing
from stride.trainer.starts.loaded import LoadedRun
from stride.trainers.rl.evaluation import evaluators
from stride.visible import quoted

NUM_EPISODES: Mapping[str, str] = {"validation": "eval_episodes", "test": "test_episodes"}
"""Which key of `rl_config` says how many episodes a split has."""


class Played(NamedTuple):
    """Hold what the episodes of one environment gave.

    Attributes:
        name: of the environment in `rl_config.eval_envs`; "" of the training's own.
        env_name: its id or import path.
        weights: what the run's policy got.
        chance: what one gets that takes each action as likely as any other.
    """

    name: str
    env_name: str
    weights: Evaluation
    chance: Evaluation


class Filmed(NamedTuple):
    """Hold where the video of an environment is, and what its episode gave."""

    name: str
    path: Path
    episode: Evaluation


class RecordedPolicy:
    """The weights that a run has kept, and the environments in which it is evaluated.

    Args:
        run: of reinforcement learning.
        split: `validation` or `test`, whose seeds and number the episodes have.
        overrides: changes to the run's config, as `rl_config.test_episodes=500`.
        trust_code: as for `LoadedRun.load_model`.

    Attributes:
        split: by its whole name.
        deterministic: whether each action is the one that the policy holds for the best.
        kept: which weights the run has, `best`, or `last` where it has chosen none.

    Raises:
        UserError: the run plays no episodes, or there is no such split; or its model or environment
            cannot be built.
    """

    def __init__(
        self,
        run: LoadedRun,
        split: str = "test",
        *,
        overrides: Overrides = None,
        trust_code: bool = False,
    ) -> None:
        if run.config.rl_config.env_name is None:
            what = f"{run.path} was trained on data: there are no episodes to play"
            raise UserError(what, hint=f"type: stride evaluate {quoted(run.path)}")
        split = split_name(split)
        if split not in NUM_EPISODES:
            what, hint = f"episodes are no split {split!r}", "type one of: validation, test"
            raise DataError(what, hint=hint)
        resolved, self._assembly = run.assemble(overrides=overrides, trust_code=trust_code)
        self.deterministic = resolved.config.rl_config.deterministic_evaluation
        found = bool(run.status.get("metrics", {}).get("best"))
        self.kept = "best" if found and run.config.checkpoint_config.keep_best else "last"
        self._run, self.split = run, split
        self._policy = cast(Algorithm, self._assembly.model)

    def play(self) -> Iterator[Played]:
        """Yield what the episodes of each environment gave, the training's own first."""
        for name, evaluator in self._evaluators():
            with drawing():
                found, chance = evaluator.evaluate(self._policy), evaluator.evaluate(None)
            yield Played(name, evaluator.env_name, found, chance)

    def film(self) -> Iterator[Filmed]:
        """Film an episode of each environment into the run's folder `videos`, and say what it gave.

        A video that is there is replaced.
        """
        folder = self._run.paths.videos
        for name, evaluator in self._evaluators():
            path = self._run.paths.video(self.split, name)
            with os_errors_as("cannot write", path):
                make_folder(folder)
            require_inside(str(folder), str(self._run.path))
            with drawing():
                episode = evaluator.record(self._policy, path)
            yield Filmed(name, path, episode)

    def _evaluators(self) -> Iterator[tuple[str, Evaluator]]:
        """Yield the name of each environment and what evaluates in it."""
        for prefix, evaluator in evaluators(self._assembly, self.split):
            yield prefix.partition("/")[2], evaluator
