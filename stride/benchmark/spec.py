"""Make the sweep of a benchmark: a trial for each model on each data set."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Self, final

from pydantic import BeforeValidator, Field, ValidationError

from stride.config import Resolved
from stride.config.layers import Layer, merge_layers
from stride.config.overrides import overrides_tree
from stride.config.schema import OPEN_SECTIONS
from stride.config.sections.section import OpenSection, Section, Text
from stride.config.sweep.assembly import assemble
from stride.config.sweep.spec import SweepSpec
from stride.config.sweep.whole_keys import dotted
from stride.config.sweep.words import calls, named_call
from stride.config.typed_keys import TypedKeys, declared_key
from stride.config.validation_errors import config_error, typed_table
from stride.config.values import plain
from stride.errors import ConfigError

Tree = dict[str, Any]

NAME = "benchmark"
"""What the sweep of a benchmark is called."""

TRAINER = "reconstruction"
"""The kind of training where nobody names another one."""

_DATA, _MODEL = "dataset_kwargs", "model_kwargs"
_KEYS = {
    "models": f"{_MODEL}.model_name",
    "baselines": f"{_MODEL}.model_name",
    "datasets": f"{_DATA}.dataset_name",
}


class Entry(OpenSection):
    """A model or a data set of a benchmark; other keys are overrides of its trials."""

    name: Text = Field(description="a built-in name or an import path")
    title: Text | None = Field(None, description="what tables call it; null: by what it is")


def _entries(option: str) -> Callable[[Any], Any]:
    """Return what reads each entry by itself: a name, a call or a table."""

    def read(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return [_entry(one, option, n) for n, one in enumerate(value)]

    return read


def _entry(given: Any, option: str, number: int) -> Entry:
    if isinstance(given, str):
        name, arguments = named_call(given, f"--{option}")
        given = {"name": name, **arguments}
    return typed_table(given, Entry, f"{option}.{number}")


Models = Annotated[list[Entry], BeforeValidator(_entries("models"))]
Baselines = Annotated[list[Entry], BeforeValidator(_entries("baselines"))]
Datasets = Annotated[list[Entry], BeforeValidator(_entries("datasets"))]


@final
class Benchmark(Section):
    """Which models are trained on which data sets, and with how many seeds."""

    models: Models = Field([], description="names, `NAME(KEY=VALUE)`, or tables with `name`")
    baselines: Baselines = Field(
        [], description="likewise: models that arguments for all models are not meant for"
    )
    datasets: Datasets = Field(description="likewise; their keys are those of dataset_kwargs")
    overrides: Tree = Field({}, description="key -> value, for every trial")
    seeds: int | list[int] = Field(1, description="how many seeds each is trained with, or which")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Validate plain values, as a file has them.

        Raises:
            ConfigError: a key or value is wrong; names it.
        """
        for names in (("models", "baselines"), ("datasets",)):
            if not any(map(values.get, names)):
                hint = f"type --{names[0]} NAME,NAME, or list them in the file of --file"
                raise ConfigError(f"there are no {names[0]}", key=names[0], hint=hint)
        try:
            return cls.model_validate(plain(values))
        except ValidationError as error:
            raise config_error(error, cls) from None

    def sweep(self, below: Resolved) -> SweepSpec:
        """Return the sweep, whose trials have one data set after the other.

        Args:
            below: the config that the trials are overrides of.

        Raises:
            ConfigError: a key is unknown or in the wrong place, or an entry stands twice.
        """
        self._require_free()
        rows = [*self.models, *self.baselines]
        models = [_overrides(one, "models", self._keys(one, below)) for one in rows]
        datasets = [_overrides(one, "datasets", _dataset_key) for one in self.datasets]
        _require_distinct(rows, models, "models")
        _require_distinct(self.datasets, datasets, "datasets")
        runs = [
            {"config": {**data, **model}, "titles": _titles(of_model, of_data)}
            for of_data, data in zip(self.datasets, datasets, strict=True)
            for of_model, model in zip(rows, models, strict=True)
        ]
        own = {} if "trainer" in below.origins else {"trainer": TRAINER}
        fields = {"overrides": {**own, **self.overrides}, "runs": runs, "seeds": self.seeds}
        spec = assemble([Layer("", fields)], below.layers)
        takes = [one in self.models for one in rows]
        return _with_arguments(spec, takes * len(self.datasets))

    def _require_free(self) -> None:
        """Refuse overrides that name a model or a data set, which entries do."""
        for key in self.overrides:
            for option, chosen in _KEYS.items():
                if declared_key(key) == chosen:
                    what = f"{key} is set for every trial, and {option} says it for each"
                    raise ConfigError(what, key=key, hint=f"list it among {option}")

    def _keys(self, model: Entry, below: Resolved) -> Callable[[str], str]:
        """Return what gives the whole keys of a model's entry, by the constructors that it has."""
        shared = self.overrides if model in self.models else {}
        typed = {**shared, **(model.model_extra or {})}
        chosen = {declared_key(key): value for key, value in typed.items()}
        chosen[_KEYS["models"]] = model.name
        layers = [*below.layers, Layer("", overrides_tree(chosen))]
        return TypedKeys(lambda: [merge_layers(layers).values]).full


def cell_name(spec: SweepSpec, number: int) -> str:
    """Return what a trial of a benchmark is called where it is refused: model and data set."""
    config = spec.runs[number].config
    return f"{config[_KEYS['models']]} on {config[_KEYS['datasets']]}"


def from_words(typed: Mapping[str, str]) -> Tree:
    """Return the fields that a command line gives, each as `A,B(key=value)`.

    Raises:
        ConfigError: a bracket is not closed.
    """
    return {name: calls(text, f"--{name}") for name, text in typed.items()}


def _overrides(entry: Entry, option: str, full_key: Callable[[str], str]) -> Tree:
    """Return the overrides of an entry by whole keys."""
    own = dotted(dict(entry.model_extra or {}), full_key, lambda value: False)
    of_data = {key for key in own if key.partition(".")[0] == _DATA}
    if misplaced := (own.keys() - of_data if option == "datasets" else of_data):
        key = min(misplaced)
        place = "an entry of models, or to overrides" if option == "datasets" else "a data set"
        what = f"{key} is set by {entry.name!r} of {option}"
        raise ConfigError(what, key=key, hint=f"it belongs to {place}")
    return {_KEYS[option]: entry.name, **own}


def _dataset_key(text: str) -> str:
    section = text.partition(".")[0]
    known = section == _DATA or section in OPEN_SECTIONS or section.endswith("_config")
    return text if known else f"{_DATA}.{text}"


def _require_distinct(entries: Sequence[Entry], found: Sequence[Tree], option: str) -> None:
    """Refuse entries that are one, and titles that several have."""
    for number, one in enumerate(found):
        name, title = entries[number].name, entries[number].title
        if one in found[:number]:
            raise ConfigError(f"{option} has {name!r} twice", key=option, hint="leave out one")
        if title is not None and title in [each.title for each in entries[:number]]:
            what, hint = f"{option} has the title {title!r} twice", "give each a title of its own"
            raise ConfigError(what, key=option, hint=hint)


def _titles(model: Entry, dataset: Entry) -> dict[str, str]:
    titles = {"model": model.title, "dataset": dataset.title}
    return {part: title for part, title in titles.items() if title is not None}


def _with_arguments(spec: SweepSpec, takes: Sequence[bool]) -> SweepSpec:
    """Put arguments of constructors from all trials into each.

    Below a trial that names a constructor they would be another's, and count for nothing.

    Args:
        spec: of the sweep.
        takes: of each trial, whether its model takes those that are meant for all models.
    """
    shared = {key: one for key, one in spec.overrides.items() if _is_argument(key)}
    others = {key: one for key, one in shared.items() if not key.startswith(f"{_MODEL}.")}
    kept = {key: one for key, one in spec.overrides.items() if key not in shared}
    runs = [
        one.model_copy(update={"config": one.config | (shared if own else others) | one.config})
        for one, own in zip(spec.runs, takes, strict=True)
    ]
    return spec.model_copy(update={"overrides": kept, "runs": runs})


def _is_argument(key: str) -> bool:
    section, _, name = key.partition(".")
    model = OPEN_SECTIONS.get(section)
    return model is not None and (name not in model.model_fields or name in model.of_constructor)
