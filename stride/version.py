"""The versions of STRIDE and of the run folder format."""

from typing import Final, NamedTuple

__version__ = "0.1.0"

FORMAT_VERSION: Final = 3
"""The version of the run folder that this STRIDE writes; it reads this one and all older ones."""


class Change(NamedTuple):
    """One change of the run folder format.

    Attributes:
        version: the first that has it.
        what: in a few words.
        bits: whether steps computed since may have other bits than the same steps had before.
    """

    version: int
    what: str
    bits: bool


FORMAT_CHANGES: Final = (
    Change(2, "fingerprints of the steps, origins, cut rows", bits=False),
    Change(3, "checkpoints and start weights are known by digests, run and config", bits=False),
    Change(3, "the position in an epoch counts samples, whatever size steps have", bits=False),
    Change(3, "generators that data holds are seeded by epoch and sample", bits=True),
    Change(3, "means are weighted by what the criterion divides by", bits=True),
    Change(3, "tensors keep their order in memory, modules all that they hold", bits=False),
)
"""Every change of the format, the oldest first."""


def changes_between(older: int, newer: int = FORMAT_VERSION) -> list[Change]:
    """Return what was changed after one version of the format, up to another."""
    return [change for change in FORMAT_CHANGES if older < change.version <= newer]
