"""Read what is recorded of the run that a card is about."""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from stride.config.metrics import split_key, split_name
from stride.errors import BrokenRecord, RunError
from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths
from stride.runs.listing.facts import Facts, with_all_metrics
from stride.runs.listing.rows.read import read_row
from stride.runs.provenance.imported import words_of
from stride.runs.records.provenance import ProvenanceRecord
from stride.runs.records.record import Versioned
from stride.runs.records.results import ResultsRecord
from stride.runs.records.segment import SegmentRecord
from stride.runs.status import segment_numbers

Kind = TypeVar("Kind", bound=Versioned)

KINDS = {
    "supervised": "supervised learning",
    "active": "active learning",
    "rl": "reinforcement learning",
    "reconstruction": "reconstruction",
    "lr_find": "a range test of learning rates",
}
"""What the kinds of training are called."""


class Score(NamedTuple):
    """Hold what a metric is on a split.

    Attributes:
        split: as metrics name it: `validation`.
        metric: without its split: `accuracy`.
        name: under which it is recorded: `validation/epoch_accuracy`.
        value: of the kept weights.
    """

    split: str
    metric: str
    name: str
    value: float


class Subject:
    """The run that a card is about, its records checked.

    Args:
        path: the run folder.

    Raises:
        RunError: a record is broken, or the run has no config as yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.paths = RunPaths(path)
        self.row = with_all_metrics(read_row(path))
        if self.row.broken is not None:
            raise BrokenRecord(self.row.broken, where=str(path))
        self.facts = Facts(self.row)
        if self.facts.config_error is not None:
            what = self.facts.config_error or f"it is {self.row.state}, without a config as yet"
            raise RunError(what, where=str(path))
        self.provenance = _read(ProvenanceRecord, self.paths.provenance)
        self.results = _read(ResultsRecord, self.paths.results)

    @property
    def config(self) -> Mapping[str, Any]:
        """Return the values of the config by dotted key."""
        return self.facts.config

    def setting(self, key: str) -> str:
        """Return a text of the config, empty where there is none."""
        value = self.config.get(key)
        return value if isinstance(value, str) else ""

    def recorded(self, key: str) -> Any:
        """Return what provenance.json has beside what every run has; None for nothing."""
        return self.facts.provenance.get(key)

    @property
    def is_done(self) -> bool:
        """Tell whether the training came to its end."""
        return self.row.state == "done"

    @property
    def imported(self) -> str:
        """Return what an imported run is called where it was recorded, empty of STRIDE's own."""
        return words_of(self.facts.provenance.get("imported"))

    @property
    def acts(self) -> bool:
        """Tell whether it is one of reinforcement learning."""
        return self.setting("trainer") == "rl"

    @property
    def has_own_loaders(self) -> bool:
        """Tell whether its data came from loaders of the user's, which no config describes."""
        return self.provenance.permutation == "" and not self.acts

    @property
    def kind(self) -> str:
        """Return what its kind of training is called."""
        return KINDS.get(self.setting("trainer"), self.setting("trainer"))

    @property
    def network(self) -> str:
        """Return what its network is called: the name of its class, or of what made it."""
        classes = self.recorded("classes")
        built = classes.get("network") if isinstance(classes, Mapping) else None
        return _last(built if isinstance(built, str) else self.setting("model_kwargs.model_name"))

    @property
    def data(self) -> str:
        """Return what its data is called, or the environment."""
        key = "rl_config.env_name" if self.acts else "dataset_kwargs.dataset_name"
        return self.setting(key)

    @property
    def title(self) -> str:
        """Return what the model is called: `CNN on digits`."""
        made = self.setting("rl_config.algorithm") if self.acts else self.network
        known = filter(None, (_last(made), _last(self.data)))
        return " on ".join(known) or self.imported or f"run {self.row.name}"

    @cached_property
    def segments(self) -> Sequence[SegmentRecord]:
        """Return its starts, the oldest first."""
        return [SegmentRecord.read(self.paths.segment(n)) for n in segment_numbers(self.paths)]

    @cached_property
    def labelled(self) -> Sequence[int]:
        """Return on how many samples each round of active learning trained."""
        counts = [row.get("labelled") for row in read_lines(self.paths.rounds)]
        return [count for count in counts if isinstance(count, int)]

    def size(self, split: str) -> int | None:
        """Return how many samples or episodes a split has; None where that is not recorded."""
        if self.acts:
            found = self.config.get(_EPISODES.get(split, ""))
            return found if isinstance(found, int) else None
        return (self.provenance.samples or {}).get(split_key(split))

    def is_held_out(self, split: str) -> bool:
        """Tell whether nothing was trained on a split."""
        return split in _ORDER or (split != TRAIN and self.size(split) is not None)

    @cached_property
    def scores(self) -> Sequence[Score]:
        """Return the metrics of the kept weights on held-out splits, those of the test last.

        Of a run that kept no best weights they are those of its last ones.
        """
        measured = {**(self.row.best or self.row.last), **self.row.test}
        found = [one for one in _scores(measured) if self.is_held_out(one.split)]
        return sorted(found, key=lambda one: (_ORDER.get(one.split, _BETWEEN), one.split))


TRAIN = "train"
_EPISODES = {"validation": "rl_config.eval_episodes", "test": "rl_config.test_episodes"}
_ORDER = {"validation": 0, "test": 2}
_BETWEEN = 1  # where further splits stand


def _scores(values: Mapping[str, float]) -> Iterator[Score]:
    for name, value in values.items():
        split, slash, metric = name.partition("/")
        if slash:
            yield Score(split_name(split), metric.removeprefix("epoch_"), name, value)


def _last(path: str) -> str:
    """Return the name at the end of an import path, or of the path of a file."""
    return path.rpartition(":")[2].rpartition("/")[2]


def _read(kind: type[Kind], path: Path) -> Kind:
    """Return a record; an empty one where there is no file."""
    return kind.read(path) if os.path.lexists(path) else kind()
