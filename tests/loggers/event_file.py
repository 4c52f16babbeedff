"""What the TensorBoard logger has written, by tensorboard's own reader."""

from pathlib import Path
from typing import Any


def events(folder: Path) -> list[Any]:
    """Return all events of a folder."""
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    return [e for file in sorted(folder.iterdir()) for e in LegacyEventFileLoader(str(file)).Load()]
