"""Choose which runs are trained as one stack: `auto`, `off`, or so many at most."""

import json
from collections.abc import Sequence

from stride.config import Resolved
from stride.config.pack import Pack, require_pack
from stride.config.values import flatten, plain
from stride.trainer.packs.prospect import Prospect, prospect_of
from stride.trainer.trainer import Trainer

WIDTH = 32  # of `auto`, at most: beyond, a stack leaves the fast memory of a processor
WORTH = 1.1  # what `auto` wants a pack to gain, at least

_FREE = (
    *("seed", "run", "logging_config.", "model_kwargs.model_seed", "model_kwargs.dropout"),
    *("optimizer_kwargs.lr", "optimizer_kwargs.weight_decay", "optimizer_kwargs.betas"),
    *("optimizer_kwargs.eps", "scheduler_kwargs.", "dataset_kwargs.split_seed"),
    *("training_config.max_", "training_config.stopping_", "training_config.clip_grad_norm"),
    "active_config.strategy",
)
"""Beginnings of keys in which the runs of one pack may differ."""


def likeness(resolved: Resolved) -> str:
    """Return what two configs have in common that can be trained in one pack."""
    values = {k: v for k, v in flatten(plain(resolved.config)) if not k.startswith(_FREE)}
    return json.dumps(values, sort_keys=True, default=str)


class Choice:
    """Say of runs that are to be trained whether they are packed.

    Args:
        pack: `auto`: where that is measured to be faster; `off`; or how many runs at most,
            wherever they can be packed.

    Raises:
        UserError: it is none of them.
    """

    def __init__(self, pack: Pack) -> None:
        self._pack = require_pack(pack)
        self._known: dict[tuple[str, int], Prospect] = {}

    @property
    def most(self) -> int:
        """Return how many runs may be packed at most; 1: none."""
        if self._pack == "auto":
            return WIDTH
        return 1 if self._pack == "off" else self._pack

    def are_packed(self, trainer: Trainer, configs: Sequence[Resolved], count: int) -> bool:
        """Tell whether runs of these configs, and as many more as make a count, make a pack.

        Args:
            trainer: that would train any of them.
            configs: of some.
            count: of all.
        """
        runs = min(count, self.most)
        if runs < 2 or len({*map(likeness, configs)}) > 1:
            return False
        found = self.prospect(trainer, configs[0], runs)
        return not found.why_not and (self._pack != "auto" or found.speedup >= WORTH)

    def prospect(self, trainer: Trainer, config: Resolved, runs: int) -> Prospect:
        """Return what is to be expected of a pack of so many runs of a config."""
        width = 1 << (runs.bit_length() - 1)  # nearly as many tell enough
        key = likeness(config), width
        if key not in self._known:
            self._known[key] = prospect_of(trainer, config, width)
        return self._known[key]
