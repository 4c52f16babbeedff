"""The description of a sweep: the trials that are listed, or the space that is searched."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import product
from typing import Annotated, Any, Literal, Self, final

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from stride.config.metrics import infer_mode
from stride.config.overrides import FullKey, overrides_tree
from stride.config.sections.section import (
    MetricName,
    Mode,
    OpenSection,
    Positive,
    RunName,
    Section,
    Seed,
)
from stride.config.sections.section import Text as Word
from stride.config.sweep.space import Choice, Dimension
from stride.config.sweep.value_lists import require_distinct
from stride.config.sweep.whole_keys import with_whole_keys
from stride.config.typed_keys import declared_key
from stride.config.validation_errors import config_error, typed_table
from stride.config.values import flatten, plain, show
from stride.errors import ConfigError, nearest

Tree = dict[str, Any]
Search = dict[str, Dimension]

_PLACES = ("work_dir", "run", "training_config.results_dir")
"""Keys that say where a run is: every trial is a run of the sweep's work_dir."""


class SamplerSection(OpenSection):
    """How a search chooses the next trial; other keys go to the sampler."""

    name_field = "sampler_name"

    sampler_name: Word = Field("tpe", description="a sampler by its short name or class")


class PrunerSection(OpenSection):
    """Which trials are stopped early; other keys go to the pruner."""

    name_field = "pruner_name"

    pruner_name: Word = Field("nop", description="a pruner by its short name or class")


@final
class ListedRun(Section):
    """A trial that is written out: the name of its run, titles, and overrides, dotted or nested."""

    run: RunName = Field(None, description="a name for the run; null: the next number")
    titles: dict[str, Word] = Field(
        {}, description="what tables call its `model` and its `dataset`, where not by what they are"
    )
    config: Tree = Field(description="overrides of this trial")


def _listed_runs(value: Any) -> Any:
    """Read each table by itself: its errors name the key inside."""
    if not isinstance(value, list):
        return value
    return [typed_table(one, ListedRun, f"runs.{n}") for n, one in enumerate(value)]


def _require_condition(key: str, other: str, values: list[Any], search: Search) -> None:
    """Refuse a condition on what is not searched, or on a value that is never chosen."""
    if other not in search:
        what = f"{key}: its condition is on {other}, which is not searched"
        others = [one for one in search if one != key]
        hint = nearest(other, others) or f"search it too: {other}=choice(...)"
        raise ConfigError(what, key=key, hint=hint)
    for value in values:
        if not search[other].contains(value):
            known = search[other]
            texts = [str(one) for one in known.values] if isinstance(known, Choice) else []
            what = f"{key}: its condition is on {other}={show(value)}, which is never chosen"
            raise ConfigError(what, key=key, hint=nearest(str(value), texts) or f"it is {known}")


def _seeds(value: Any) -> Any:
    if isinstance(value, list):
        require_distinct(value, "seeds")
    return value


@final
class SweepSpec(Section):
    """Which trials a sweep makes; equal specs have equal JSON.

    Keys are whole dotted keys of the config. Exactly one of grid, runs and search is given.
    """

    overrides: Tree = Field({}, description="dotted key -> value, for every trial")
    grid: dict[str, list[Any]] = Field(
        {}, description="dotted key -> values; a trial for each combination, the last key fastest"
    )
    runs: Annotated[list[ListedRun], BeforeValidator(_listed_runs)] = Field(
        [], description="trials one by one: `run`, a name or null, and `config`, its overrides"
    )
    search: Search = Field({}, description="dotted key -> int, float or choice, as text or table")
    trials: Positive | None = Field(
        None, description="trials at most; null: all that are listed, of a search without end"
    )
    sampler_kwargs: SamplerSection = Field(
        default_factory=SamplerSection, description="how a search chooses"
    )
    pruner_kwargs: PrunerSection = Field(
        default_factory=PrunerSection, description="which trials are stopped early"
    )
    seeds: Annotated[Positive | list[Seed], BeforeValidator(_seeds)] = Field(
        1, description="how many seeds each trial is trained with, or which"
    )
    seed: Seed = Field(0, description="seed of the search itself")
    metric: MetricName | None = Field(
        None, description="what the best trial has the best of; null: what the config monitors"
    )
    mode: Mode | None = Field(None, description="min or max; null: by the metric's name")
    stop_on_error: bool = Field(False, description="end the sweep at the first failed trial")

    @field_validator("search")
    @classmethod
    def _order(cls, search: Search) -> Search:
        """Put each dimension behind those that its conditions name."""
        for key, dimension in search.items():
            for other, values in dimension.when.items():
                _require_condition(key, other, values, search)
        needs = {key: dimension.when.keys() for key, dimension in search.items()}
        try:
            return {key: search[key] for key in TopologicalSorter(needs).static_order()}
        except CycleError as error:
            circle = " needs ".join(reversed(error.args[1]))
            key = error.args[1][0]
            raise ConfigError(f"conditions run in a circle: {circle}", key=key) from None

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        self._require_one_kind()
        self._require_one_source()
        if self.metric and self.mode is None:
            infer_mode(self.metric, key="mode")
        if self.mode and self.metric is None:
            raise ConfigError("mode is given, and no metric", key="mode", hint="type a metric too")

        if not self.search and self.sampler_kwargs != SamplerSection():
            what = "sampler_kwargs is set, and only a search has a sampler"
            raise ConfigError(what, key="sampler_kwargs", hint="leave it out, or type --search")
        return self

    def _require_one_kind(self) -> None:
        given = [name for name in ("grid", "runs", "search") if getattr(self, name)]
        if not given:
            hint = "type --grid KEY=VALUE,VALUE or --search 'KEY=float(LOW,HIGH)'"
            raise ConfigError("a sweep needs a grid, runs or a search", key="grid", hint=hint)
        if len(given) > 1:
            what = f"{' and '.join(given)} are given, and a sweep is one of them"
            hint = "as one search: values that are listed are choice(VALUE,VALUE)"
            raise ConfigError(what, key=given[1], hint=hint)
        names = [one.run for one in self.runs if one.run is not None]
        if len({*names}) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ConfigError(f"runs has the name {twice!r} twice", key="runs")

    def _require_one_source(self) -> None:
        """Refuse keys that two parts of the spec give, and those of the place of a run."""
        listed = (key for point in self.points() for key in point) if self.runs else ()
        varied = {*self.grid, *self.search, *listed}
        for key in [*self.overrides, *varied]:
            if key in _PLACES:
                hint = "a trial is a run of the sweep's work_dir; `runs` gives it a name"
                raise ConfigError(f"a sweep cannot set {key}", key=key, hint=hint)
            if key in self.overrides and key in varied and not self.runs:
                what = f"{key} is among the overrides and is varied too"
                raise ConfigError(what, key=key, hint="leave out one of the two")
        if self.seeds != 1 and "seed" in {*self.overrides, *varied}:
            what = "both `seed` of the config and `seeds` say with which seeds a trial is trained"
            raise ConfigError(what, key="seeds", hint="leave out one of the two")

    @property
    def kind(self) -> Literal["grid", "list", "search"]:
        """Return which trials there are: all of a grid, those of a list, or those of a search."""
        return "grid" if self.grid else "list" if self.runs else "search"

    def points(self) -> list[Tree]:
        """Return what differs in each trial of a grid or list, as dotted keys; none of a search."""
        if self.grid:
            return [
                dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values())
            ]
        return [dict(flatten(overrides_tree(one.config))) for one in self.runs]

    @classmethod
    def from_json(cls, values: Mapping[str, Any], full_key: FullKey = declared_key) -> Self:
        """Validate plain values and return the spec.

        Args:
            values: the fields; keys may be short, and tables nested as in a config file; a
                dimension is a text or a table.
            full_key: gives the whole key that a typed one means.

        Raises:
            ConfigError: a key or value is wrong; names it.
        """
        try:
            return cls.model_validate(with_whole_keys(plain(values), full_key))
        except ValidationError as error:
            raise config_error(error, cls) from None

    def to_json(self) -> Tree:
        """Return the complete spec as plain JSON; `from_json` makes an equal one of it."""
        return self.model_dump(by_alias=True)
