"""The range test of a session: give each step its learning rate, and end when the loss diverges."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from stride.callbacks.protocols import TrainerLike
from stride.callbacks.stopping import StoppingCallback
from stride.config.schema import Config
from stride.errors import ConfigError
from stride.trainer.fit.open_sections import values_of
from stride.trainer.fit.session import Session
from stride.trainers.lr_find.curve import LrCurve

LOSS = "train/loss"
SUGGESTION = "lr_find/suggestion"
"""The name under which the suggested rate is recorded."""


class RangeTest(StoppingCallback):
    """Set the rates of all groups in proportion, and take the losses, as a part of the state.

    The rate of a step follows from its number: a resumed test has the rates of one that never
    stopped.

    Args:
        session: as it was built, before anything is restored.

    Attributes:
        curve: of the steps so far.

    Raises:
        ConfigError: there are several optimisers, or one whose rate nobody knows.
    """

    def __init__(self, session: Session) -> None:
        self._session, self._reason = session, ""
        self.curve = LrCurve(session.assembly.config.lr_find_config)
        base = base_rate(session.assembly.config)
        groups = session.optimizers.only.param_groups
        self._shares = [float(group["lr"]) / base for group in groups]

    def before_step(self, trainer: TrainerLike, batches: Sequence[Any]) -> None:
        """Set the rates of the step."""
        rate, groups = self.curve.rate(trainer.state.step), trainer.optimizer.param_groups
        for group, share in zip(groups, self._shares, strict=False):  # a hook may have added some
            if isinstance(group["lr"], Tensor):  # which a compiled or captured step goes on reading
                group["lr"].fill_(share * rate)
            else:
                group["lr"] = share * rate

    def record(self, values: Mapping[str, float]) -> None:
        """Record what a step or an epoch gave; end where the loss of a step says so."""
        self._session.record(values)
        if LOSS in values:
            self._take(values[LOSS])

    def _take(self, loss: float) -> None:
        rate = f"{self.curve.rate(self._session.state.step):.2g}"
        if not math.isfinite(loss):
            self._reason = f"the loss is not finite at lr {rate}"
        else:
            self.curve.add(loss)
            if self.curve.has_diverged():
                self._reason = f"the smoothed loss is beyond 4 times its best at lr {rate}"
        self.judge(self._session.trainer)

    @property
    def reason(self) -> str:
        """Return why the test has ended before its last step, empty where it has not."""
        return self._reason

    def conclude(self) -> None:
        """Record the rate that the curve suggests; let the run end as done, and say so."""
        found, stop = self.curve.suggest(), self._session.stop
        if found.lr is not None:
            self._session.record({SUGGESTION: found.lr})
        told = f"no lr: {found.reason}" if found.lr is None else f"lr {found.lr:.2g} is suggested"
        reason = "; ".join(filter(None, (told, stop.reason)))
        stop.load_state_dict({"reason": reason, "status": "done"})

    def state_dict(self) -> dict[str, Any]:
        """Return the losses so far, and why they ended the test, empty where they did not."""
        return {"losses": list(self.curve.losses), "reason": self._reason}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the losses, and why they had ended the test."""
        self.curve = LrCurve(self.curve.config, state["losses"])
        self._reason = state["reason"]


def base_rate(config: Config) -> float:
    """Return the learning rate of the config, in proportion to which those of groups are.

    Raises:
        ConfigError: there are several optimisers, one without a rate, or the rate is 0.
    """
    if config.optimizers:
        what = "a range test moves the rate of one optimiser, and there are several"
        hint = "leave them out, and set optimizer_kwargs"
        raise ConfigError(what, key="optimizers", where="optimizers", hint=hint)
    key, section = "optimizer_kwargs.lr", values_of(config.optimizer_kwargs)
    if "lr" not in section:
        what = f"{section['optimizer_name']} takes no `lr`, which a range test moves"
        raise ConfigError(what, key=key, where=key, hint="type: optimizer=AdamW")
    rate = section["lr"]
    if not isinstance(rate, int | float) or not 0 < rate < math.inf:
        what = f"rates of a range test are in proportion to {key}, which is {rate!r}"
        raise ConfigError(what, key=key, where=key, hint=f"type: {key}=1e-3")
    return float(rate)
