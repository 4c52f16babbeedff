"""`stride evaluate --episodes`, `--render`, `--stochastic`: whole episodes of a run's policy."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stride.tables.table import Column, Table, numbers
from stride.tables.words import number
from stride_cli.address import find
from stride_cli.output import print_json, print_table, tell

if TYPE_CHECKING:
    from stride.rl.evaluation import Evaluation
    from stride.trainers.rl.recorded import Filmed, Played

VIDEO = "video"
QUIET = {"SDL_VIDEODRIVER": "dummy", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
"""Has pygame draw without a window, and greet nobody on stdout."""


@dataclass(frozen=True)
class Asked:
    """What is asked of episodes, as it was typed.

    Attributes:
        episodes: how many are played; None: as many as the run's config says.
        render: `video`, or None.
        stochastic: whether actions are drawn as in the training.
    """

    episodes: int | None
    render: str | None
    stochastic: bool

    def __bool__(self) -> bool:
        return self.episodes is not None or self.render is not None or self.stochastic

    def overrides(self, split: str) -> list[str]:
        """Return what it changes of the run's config."""
        from stride.config.metrics import split_name

        key = "eval_episodes" if split_name(split) == "validation" else "test_episodes"
        changed = [] if self.episodes is None else [f"rl_config.{key}={self.episodes}"]
        return [*changed, *(["rl_config.deterministic_evaluation=false"] * self.stochastic)]


def run(
    text: str,
    split: str,
    asked: Asked,
    overrides: list[str],
    *,
    trust: bool,
    json: bool,
) -> None:
    """Play episodes with a run's best weights, beside some by chance, and film one if asked."""
    _require_known(asked)
    folder = find(text)
    os.environ.update({key: value for key, value in QUIET.items() if key not in os.environ})

    from stride.trainer.starts.loaded import load_run
    from stride.trainers.rl.recorded import RecordedPolicy

    overrides = [*overrides, *asked.overrides(split)]
    policy = RecordedPolicy(load_run(folder), split, overrides=overrides, trust_code=trust)
    played, filmed = [*policy.play()], [*policy.film()] if asked.render else []
    if json:
        environments = [_plain(one) for one in played]
        videos = [_video(one) for one in filmed]
        told = {"split": policy.split, "deterministic": policy.deterministic}
        print_json(told | {"environments": environments, "videos": videos})
        return
    print_table(_table(played, f"{policy.kept} weights"))
    how = "the best of the policy" if policy.deterministic else "drawn as in the training"
    tell(f"episodes of {policy.split}, each to its end; actions: {how}")
    tell("IQM: mean of the middle half; 95 %: the bootstrap over episodes of these weights")
    for one in filmed:
        (total,), (length,) = one.episode.returns, one.episode.lengths
        tell(f"video of an episode, return {number(total)} in {length} steps: {one.path}")


def refuse_beside(**options: object) -> None:
    """Refuse options of `stride evaluate` that mean nothing of episodes.

    Raises:
        UserError: one was given.
    """
    from stride.errors import UserError

    for name, value in options.items():
        if value:
            what = f"--{name} does not go with --episodes, --render or --stochastic"
            raise UserError(what, hint=f"leave out --{name}, or those")


def _require_known(asked: Asked) -> None:
    from stride.errors import UserError

    if asked.render not in (None, VIDEO):
        raise UserError(f"--render {asked.render} is not known", hint="type: --render video")


def _table(played: "Sequence[Played]", whose: str) -> Table:
    several, told = len(played) > 1, any(one.weights.success is not None for one in played)
    columns = [
        *([Column("name", str)] if several else []),
        Column("environment", str),
        Column("policy", str),
        Column("episodes", numeric=True),
        *(numbers(title) for title in ("return", "deviation", "IQM")),
        Column("IQM, 95 %", str),
        *(numbers(title) for title in ("min", "max", "length")),
        *([Column("success", "{:.0%}".format, numeric=True)] if told else []),
    ]
    rows = [
        [
            *([one.name or "-"] if several else []),
            *(one.env_name, policy, len(found.returns), found.mean, found.std, found.iqm),
            *(_interval(found), found.min, found.max, found.length),
            *([found.success] if told else []),
        ]
        for one in played
        for policy, found in ((whose, one.weights), ("random", one.chance))
    ]
    return Table(columns, rows)


def _interval(found: "Evaluation") -> str | None:
    bounds = found.interval
    return None if bounds is None else f"[{number(bounds.low)}, {number(bounds.high)}]"


def _plain(one: "Played") -> dict[str, Any]:
    names = {"name": one.name, "env_name": one.env_name}
    return names | {"weights": _episodes(one.weights), "random": _episodes(one.chance)}


def _episodes(found: "Evaluation") -> dict[str, Any]:
    moments = {name: getattr(found, name) for name in ("mean", "std", "iqm", "min", "max")}
    rest = {"length": found.length, "success": found.success}
    each = {"returns": list(found.returns), "lengths": list(found.lengths)}
    return each | moments | {"iqm_interval": found.interval} | rest


def _video(one: "Filmed") -> dict[str, Any]:
    (total,), (length,) = one.episode.returns, one.episode.lengths
    return {"name": one.name, "path": str(one.path), "return": total, "length": length}
