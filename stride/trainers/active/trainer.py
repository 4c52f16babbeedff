"""The trainer of active learning."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from torch import nn

from stride.active.curves.curve import Curve
from stride.active.pool.candidates import Candidates
from stride.models.model import Model
from stride.trainer.trainer import Trainer
from stride.trainers.active.kind import Active


class ActiveTrainer(Trainer):
    """Train on few labelled samples, ask for labels that tell most, and train again.

    The pool is the training split: a sample's id is its number there. Validation and test split
    are never queried. Steps and epochs count on over the rounds, each of which trains as long as
    `training_config` says; early stopping and the best weights start over. What each round was
    trained on, measured and asked for is a row of rounds.jsonl.

    Args:
        work_dir: as of `Trainer`.
        model: a network or Model in place of the one that the config builds, or a list of them
            (or of what differs from `model_kwargs` in each): candidates, of which each round trains
            the one that `active_config.model_selection` names, or all as a committee.
        **arguments: as of `Trainer`; `active_config` says how to query.

    Raises:
        UserError: a wrong key or value.
    """

    kind = Active

    def __init__(
        self,
        work_dir: Any = None,
        *,
        model: Model | nn.Module | Sequence[Any] | None = None,
        **arguments: Any,
    ) -> None:
        if isinstance(model, (list, tuple)) and all(isinstance(one, Mapping) for one in model):
            active = {**arguments.get("active_config", {}), "models": list(model)}
            model, arguments = None, {**arguments, "active_config": active}
        if not (isinstance(work_dir, dict) and "trainer" in work_dir):
            arguments.setdefault("trainer", "active")
        super().__init__(work_dir, **arguments)
        if isinstance(model, (list, tuple)):
            selection = self.config.active_config.model_selection
            model = Candidates(model, together=selection is None)
        if model is not None:
            self.set_model(model)

    @property
    def curve(self) -> Curve:
        """Return the learning curve of the last or current `fit`.

        Raises:
            DataError: no round has come to its end.
        """
        return cast(Active, self.builder.kind).cycle.curve()
