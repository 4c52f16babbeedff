"""Hold the versions, of STRIDE and of what it writes, in one place."""

from typing import Final

__version__ = "0.1.0"

FORMAT_VERSION: Final = 3
"""The version of the run folder that this STRIDE writes; it reads this one and all older ones."""

UPGRADE: Final = "type: pip install -U stride-trainer"
"""What to do about a file of a newer version."""
