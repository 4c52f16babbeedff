"""The trainer of reinforcement learning."""

from typing import Any, cast

from stride.trainer.trainer import Trainer
from stride.trainers.rl.batches import RolloutBatches
from stride.trainers.rl.kind import RL
from stride.trainers.rl.rollouts import Rollout


class RLTrainer(Trainer):
    """Act in environments, learn from what became of it, and go on.

    An epoch is a rollout, or `rl_config.rollouts_per_epoch` of them, each followed by its updates.
    A step is an update; `training_config.max_steps` counts steps of environments, over all of them.

    Args:
        work_dir: as of `Trainer`.
        **arguments: as of `Trainer`; `rl_config` names environment and algorithm.

    Raises:
        UserError: a wrong key or value.
    """

    kind = RL

    def __init__(self, work_dir: Any = None, **arguments: Any) -> None:
        if not (isinstance(work_dir, dict) and "trainer" in work_dir):
            arguments.setdefault("trainer", "rl")
        super().__init__(work_dir, **arguments)

    def collect_rollouts(self, *, add_to_buffer: bool = True) -> Rollout:
        """Act in each environment for `rollout_steps`, as the loop does before each run of updates.

        A training that begins after it has environments of its own, which have not moved.

        Args:
            add_to_buffer: whether the steps are stored for updates.
        """
        batches = self._batches()
        self.builder.mark_used()
        return batches.rollouts.collect(add_to_buffer=add_to_buffer)

    def get_num_updates(self) -> int:
        """Return how many updates follow each rollout."""
        return self._batches().num_updates

    def _batches(self) -> RolloutBatches:
        self.comprehend_config()
        return cast(RL, self.builder.kind).batches
