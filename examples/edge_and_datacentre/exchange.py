"""Hand tensors from one process to another as files: whole or not at all, and no pickles."""

import os
import time
from pathlib import Path

from safetensors.torch import load_file, save
from torch import Tensor

SECONDS = 60  # after which the other process is taken to be gone


def send(folder: Path, name: str, tensors: dict[str, Tensor]) -> None:
    """Write a file under another name first: who looks for it never sees a part of it."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{name}.{os.getpid()}"
    with unfinished.open("wb") as file:
        file.write(save({key: tensor.contiguous() for key, tensor in tensors.items()}))
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / name)


def receive(folder: Path, *names: str) -> tuple[str, dict[str, Tensor]]:
    """Wait for one of these files; return its name and its tensors."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for name in names:
            if (folder / name).exists():
                return name, load_file(folder / name)
        time.sleep(0.05)
    raise SystemExit(f"none of {', '.join(names)} came into {folder} in {SECONDS} seconds")
