"""Say how many trials there are, and what one tries: to be read, or to be typed again."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stride.config.names.short import ALIASES
from stride.config.sweep.value_lists import declared_type, value_text
from stride.runs.deciding.settings import named, short_names
from stride.tables.words import number
from stride.visible import quoted

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from stride.sweeps.following.standing import Standing

_SHORT = {whole: short for short, whole in ALIASES.items()}


def counted(standing: "Standing") -> str:
    """Return how many trials there are, by how they ended."""
    ended, total = len(standing.ended), standing.total
    of = "" if total is None else f" of {total}"
    states = {name: count for name, count in standing.counts.items() if count}
    parts = ", ".join(f"{count} {name}" for name, count in states.items())
    return f"{ended}{of} trials ended" + (f": {parts}" if parts else "")


def overrides_of(trial: "FrozenTrial") -> dict[str, Any]:
    """Return what a trial tries; nothing before that is chosen."""
    return dict(trial.user_attrs.get("overrides") or {})


def short_key(key: str) -> str:
    """Return the short name of a key that any command takes, the key itself where it has none."""
    return _SHORT.get(key, key)


def words_of(overrides: Mapping[str, Any]) -> list[str]:
    """Return overrides as `key=value` words, with the short keys that any command takes."""
    return [f"{short_key(key)}={_typed(key, one)}" for key, one in overrides.items()]


def _typed(key: str, value: Any) -> str:
    """Return a value as it is typed: text where the schema says so is text, elsewhere JSON."""
    declared = isinstance(value, str) and declared_type(key) is not Any
    return value if declared else value_text(value)


def shown(overrides: Mapping[str, Any]) -> str:
    """Return overrides to be read: short keys, numbers with four digits."""
    values = {k: float(number(v)) if isinstance(v, float) else v for k, v in overrides.items()}
    return named(values, short_names(values, values))


def train_command(
    work_dir: Path, overrides: Mapping[str, Any], config_file: str | None = None
) -> str:
    """Return what to type to train with these overrides.

    Args:
        work_dir: of the runs.
        overrides: dotted key -> value.
        config_file: from which some of the config was.
    """
    file = [] if config_file is None else ["--config-file", config_file]
    typed = ["-w", near(work_dir), *file, *words_of(overrides)]
    return " ".join(["stride train", *map(quoted, typed)])


def near(folder: Path) -> str:
    """Return a folder as one would type it here: what is below the current folder by that."""
    here = Path.cwd()
    return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)
