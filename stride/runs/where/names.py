"""Find what a name in a query means: a field of a run, a key of its config, or a metric."""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from stride.config.metrics import canonical
from stride.config.names.short import meanings
from stride.errors import UserError, nearest
from stride.runs.provenance.imported import TOOLS
from stride.runs.provenance.lineage import RELATIONS
from stride.runs.status import BROKEN, STATES

FIELDS: Mapping[str, str] = {
    "run": "text",
    "work_dir": "text",
    "status": "text",
    "reason": "text",
    "created": "time",
    "started": "time",
    "ended": "time",
    "duration": "span",
    "monitor": "text",
    "host": "text",
    "commit": "text",
    "branch": "text",
    "data": "text",
    "parent": "text",
    "relation": "text",
    "imported": "text",
    "sweep": "text",
    "trial": "number",
    "tag": "text",
    "note": "text",
}
"""What is known of every run beside its config and metrics, and of which kind it is."""

WORDS: Mapping[str, Collection[str]] = {
    "status": (*STATES, BROKEN),
    "relation": RELATIONS,
    "imported": TOOLS,
}
"""All values that a field may have, of the fields with few."""

LISTED = 8  # candidates that an error names


class Field(NamedTuple):
    """What a name means.

    Attributes:
        source: `field`, `config` or `metric`.
        key: its full name.
        aspect: of a metric: `best`, `last`, `min`, `max`; empty: the best, else the last.
    """

    source: str
    key: str
    aspect: str = ""

    @property
    def kind(self) -> str:
        """Return what its values are: text, time, span, number, any."""
        return {"field": FIELDS.get(self.key, "any"), "metric": "number"}.get(self.source, "any")

    @property
    def title(self) -> str:
        """Return how a table names it."""
        return f"{self.aspect} {self.key}".strip()


class Names:
    """All names that some runs have.

    Args:
        config: dotted keys of their configs; read when a name is first looked for among them.
        metrics: names of their metrics; likewise.
    """

    def __init__(self, config: Iterable[str], metrics: Iterable[str]) -> None:
        self._given = config, metrics

    @cached_property
    def _config(self) -> frozenset[str]:
        return frozenset(self._given[0])

    @cached_property
    def _metrics(self) -> frozenset[str]:
        return frozenset(self._given[1])

    def find(self, text: str, aspect: str = "") -> Field:
        """Return what a name means; a short one has to mean one thing alone.

        Raises:
            UserError: there is no such name, or there are several.
        """
        known = Names([], self._metrics) if aspect else self
        found = [one for one in known._candidates(text) if not aspect or one.source == "metric"]
        if len(found) == 1:
            return found[0]._replace(aspect=aspect)
        if not found:
            raise UserError(f"no run here has {text!r}", hint=self._near(text, aspect))
        names = [field.key for field in found]
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        listed = ", ".join(names[:LISTED])
        raise UserError(f"{text!r} may mean {listed}{more}", hint="type one of them")

    def _near(self, text: str, aspect: str) -> str:
        known = [*self._metrics] if aspect else [*FIELDS, *self._config, *self._metrics]
        tails = {name.rpartition(".")[2]: name for name in known}
        return nearest(text, known) or nearest(text, tails)

    def _candidates(self, text: str) -> Collection[Field]:
        if text in FIELDS:
            return [Field("field", text)]
        if text in self._config:
            return [Field("config", text)]
        metrics = [Field("metric", m) for m in (text, canonical(text)) if m in self._metrics]
        if metrics and "/" in metrics[0].key:
            return metrics[:1]
        keys = [Field("config", key) for key in meanings(text, self._config)]
        if metrics:  # `lr`: the key is meant, and the metric is asked for by last(lr)
            return keys or metrics[:1]
        return keys + [Field("metric", name) for name in _short(text, self._metrics)]


def _short(text: str, metrics: Iterable[str]) -> list[str]:
    """Return the metrics of which a text is the last part: `loss` is `validation/epoch_loss`."""
    ends = (f"/{text}", f"/epoch_{text}")
    return sorted(name for name in metrics if name.endswith(ends))
