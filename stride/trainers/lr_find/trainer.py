"""The trainer of a range test."""

from typing import Any, cast

from stride.trainer.fit.open_sections import values_of
from stride.trainer.trainer import Trainer
from stride.trainers.lr_find.curve import LrCurve
from stride.trainers.lr_find.kind import LrFind
from stride.trainers.lr_find.range_test import base_rate


class LrFindTrainer(Trainer):
    """Find a learning rate: let it grow from step to step, and see where the loss falls.

    The test is a run like any other, of the data, model and optimiser that the config says, without
    its length, schedule, evaluation and average. After it the model has the weights that it began
    with.

    Args:
        work_dir: as of `Trainer`.
        **arguments: as of `Trainer`; `lr_find_config` says which rates are tried.

    Raises:
        UserError: a wrong key or value.
    """

    kind = LrFind

    def __init__(self, work_dir: Any = None, **arguments: Any) -> None:
        if not (isinstance(work_dir, dict) and "trainer" in work_dir):
            arguments.setdefault("trainer", "lr_find")
        super().__init__(work_dir, **arguments)

    @property
    def curve(self) -> LrCurve:
        """Return losses over rates of the last or current `fit`."""
        return cast(LrFind, self.builder.kind).test.curve

    @property
    def suggestion(self) -> float | None:
        """Return the learning rate that the curve suggests, None where it suggests none."""
        return self.curve.suggest().lr

    @property
    def suggested_overrides(self) -> dict[str, Any]:
        """Return what to give a training: the rate in two digits, that of groups in proportion.

        It is empty where no rate is suggested.
        """
        if self.suggestion is None:
            return {}
        section = values_of(self.config.optimizer_kwargs)
        share = self.suggestion / base_rate(self.config)
        groups = [
            {**group, "lr": _rounded(group["lr"] * share)} if "lr" in group else group
            for group in section["groups"]
        ]
        own = {"optimizer_kwargs.groups": groups} if groups != section["groups"] else {}
        return {"optimizer_kwargs.lr": _rounded(self.suggestion), **own}


def _rounded(rate: float) -> float:
    return float(f"{rate:.2g}")
