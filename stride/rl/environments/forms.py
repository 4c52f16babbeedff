"""The ways in which environments of one name are stepped: by one object, or by many."""

from collections.abc import Callable, Sequence
from typing import Any, final

from stride.errors import ConfigError, nearest
from stride.rl.environments.process_env import ProcessEnv
from stride.rl.environments.source import Source
from stride.rl.environments.spaces import flat, flat_together
from stride.rl.environments.vectors import BatchedEnv, SeparateEnvs, Vector
from stride.rl.environments.wrappers import Wrapping, wrap, wrap_together

KEY = "rl_config.vectorization"
ALL = ("auto", "vector", "sync", "async")


@final
class Forms:
    """What can be built of an environment and its wrappers.

    Args:
        source: builds the environment.
        wrappings: the innermost first.
    """

    def __init__(self, source: Source, wrappings: Sequence[Wrapping]) -> None:
        self._source, self._wrappings = source, wrappings

    def choose(self, asked: str, num_envs: int) -> str:
        """Return `vector`, `sync` or `async`.

        A single environment is stepped by itself: what works on arrays is slower for one.

        Raises:
            ConfigError: what is asked for is none of them, or cannot be built.
        """
        if asked not in ALL:
            hint = nearest(asked, ALL) or f"type one of {', '.join(ALL)}"
            raise ConfigError(f"{KEY} cannot be {asked!r}", key=KEY, hint=hint)
        missing = {form: self._missing(form) for form in ("together", "single")}
        alone = num_envs == 1 and not missing["single"]
        best = "sync" if missing["together"] or alone else "vector"
        way = best if asked == "auto" else asked
        lacking = missing["together" if way == "vector" else "single"]
        if lacking and asked == "auto":
            what = " and ".join(missing.values())
            raise ConfigError(f"{what}: there is no way to do both", key=KEY, where=KEY)
        if lacking:
            hint = f"type {KEY}=auto"
            raise ConfigError(f"{KEY}={asked} cannot be: {lacking}", key=KEY, hint=hint)
        return way

    def _missing(self, form: str) -> str:
        """Return what has no such form, in words; "" where all have it."""
        what = {"single": "is for all environments at once", "together": "is for one at a time"}
        parts: list[Source | Wrapping] = [self._source, *self._wrappings]
        for one in parts:
            if getattr(one, form) is None:
                return f"{one.label} {what[form]}"
        return ""

    def build(self, way: str, num_envs: int) -> Vector:
        """Build environments in one of the ways."""
        from gymnasium import vector

        if way == "vector":
            return BatchedEnv(flat_together(self._together(num_envs), self._source.label))
        mode = vector.AutoresetMode.DISABLED  # no step is lost, and nothing is overwritten
        kind: Any = vector.SyncVectorEnv
        build: Callable[[], Any] = self._single
        if way == "async":
            kind, build = vector.AsyncVectorEnv, ProcessEnv(self._single)
        return SeparateEnvs(kind([build] * num_envs, copy=False, autoreset_mode=mode))

    def _together(self, num_envs: int) -> Any:
        assert self._source.together is not None
        return wrap_together(self._source.together(num_envs), self._wrappings)

    def _single(self) -> Any:
        from stride.rl.environments.state.stateful_env import StatefulEnv

        assert self._source.single is not None
        env = wrap(self._source.single(), self._wrappings)
        return StatefulEnv(flat(env, self._source.label))
