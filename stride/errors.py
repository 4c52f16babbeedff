"""Every error that STRIDE raises on purpose, as one tree.

StrideError                  exit code 1
├── UserError                exit code 2: the user's mistake, reported in one line
│   ├── ConfigError          a wrong key or value
│   ├── ComponentError       a name that is not found, or a constructor that refuses
│   ├── DataError            a dataset's file, columns, split or shapes
│   ├── RunError             a run's name, an existing or missing run
│   │   └── BrokenRecord     a run whose files make no sense
│   ├── DeviceError          a device that is not there
│   └── MissingExtra         an optional package that is not installed
└── RunFailed                exit code 1: a run that began and could not continue
    ├── NonFiniteError       the loss is NaN or infinite
    ├── LostProcess          another of the processes that train together is gone
    ├── DissolvedPack        what trains several runs as one stack was found to be wrong
    └── LostRun              a newer segment writes this run now
"""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches

from stride import installed
from stride.visible import visible


class StrideError(Exception):
    """Base of STRIDE's own errors: what is wrong, where, and what to type instead."""

    exit_code = 1
    code = "stride"
    """The word by which a program tells this class of errors from others; it stays the same."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, where, hint
        super().__init__(what, where, hint)

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        hint = f"; {self.hint}" if self.hint else ""
        return visible(f"{self.what}{place}{hint}", lines=True)


class UserError(StrideError):
    """Mark a mistake that the user can fix: exit code 2."""

    exit_code = 2
    code = "user"


class ConfigError(UserError):
    """Refuse a wrong key or value, or several at once.

    Attributes:
        key: the dotted key, of several the first.
        each: the error for every single key.
    """

    code = "config"

    def __init__(self, what: str, *, key: str = "", where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.key = key
        self.each: tuple[ConfigError, ...] = (self,)

    @classmethod
    def combine(cls, errors: Iterable["ConfigError"]) -> "ConfigError":
        """Return one error that tells all; of a single one, that one."""
        each = tuple(one for error in errors for one in error.each)
        if len(each) == 1:
            return each[0]
        told = (f"({n}) {one}" for n, one in enumerate(each, start=1))
        whole = cls(f"{len(each)} mistakes in the config: {' '.join(told)}", key=each[0].key)
        whole.each = each
        return whole


class ComponentError(UserError):
    """Refuse a name that is not found, or arguments that a constructor does not take."""

    code = "component"


class DataError(UserError):
    """Refuse a dataset's file, columns, split or shapes."""

    code = "data"


class RunError(UserError):
    """Refuse a run's name, or an existing or missing run."""

    code = "run"


class BrokenRecord(RunError):
    """Refuse a run whose files are damaged or make no sense."""

    code = "broken"


class DeviceError(UserError):
    """Refuse a device that is not there."""

    code = "device"


class MissingExtra(UserError):
    """Name the optional package that is asked for and not installed."""

    code = "missing_extra"

    def __init__(self, package: str, extra: str, *, where: str = "") -> None:
        what = f"the package {package!r} is not installed"
        super().__init__(what, where=where, hint=installed.install_hint(extra, [package]))


class RunFailed(StrideError):
    """End a run that began and could not continue: exit code 1."""

    code = "run_failed"


class NonFiniteError(RunFailed):
    """Report the first step whose loss is NaN or infinite."""

    code = "non_finite"


class LostProcess(RunFailed):
    """End a process whose peer process died without reporting an error."""

    code = "lost_process"


class DissolvedPack(RunFailed):
    """Leave a run to be trained alone from its checkpoint: its pack was found to be wrong."""

    code = "dissolved_pack"


class LostRun(RunFailed):
    """Stop a process whose run is now written by a newer segment."""

    code = "lost_run"


def nearest(word: str, options: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the option nearest to word, or the empty text."""
    matches = get_close_matches(word, list(options), n=1, cutoff=0.6)
    return f"did you mean {matches[0]!r}?" if matches else ""


def nearest_name(name: object, allowed: Callable[[str], object]) -> str:
    """Return "did you mean 'a_b'?" for the allowed name nearest to one that is not, or nothing."""
    kept, plain = (re.sub(rf"[^{letters}]+", "_", str(name)) for letters in (r"\w.-", r"\w"))
    digits_after = f"_{plain}" if plain[:1].isdigit() else ""
    near = (one.strip("-.") for one in (kept.strip("_"), plain.strip("_"), digits_after))
    return next((f"did you mean {one!r}?" for one in near if one and allowed(one)), "")
