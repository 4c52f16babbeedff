"""What it costs to start: the command line, and a training up to its first step."""

import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.scale import Scale
from benchmarks.table import Row, ratio_row
from benchmarks.timing import cpu_seconds, take_turns

HELLO = """
import typer

app = typer.Typer()


@app.command()
def main(name: str) -> None:
    print(f"hello {name}")


app()
"""
OPTIMISER = "import torch; torch.optim.AdamW([torch.zeros(1, requires_grad=True)])"


def script() -> str:
    """Return the path of the `stride` that belongs to this interpreter."""
    return str(Path(sys.executable).parent / "stride")


def hello(folder: Path) -> list[str]:
    """Write the bare Typer program into a folder; return the command that runs it."""
    path = folder / "hello.py"
    path.write_text(HELLO)
    return [sys.executable, str(path), "world"]


def startup_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of `stride --help`, and of a run that ends with its first step.

    The run counts from the process's start to its end, with validation, test and all files: more
    than the way to the first step.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands = {"help": [script(), "--help"], "hello": hello(folder)}
        seconds = _run(commands, folder, scale.of(15))
        yield ratio_row(
            *("startup", "stride --help / bare Typer hello program"),
            *(seconds["help"], seconds["hello"], 1.2),
        )
        stride = [sys.executable, "-m", "stride", "--config", f"work_dir={folder / 'runs'}"]
        stride += ["--config", "training_config.max_steps=1"]
        commands = {"stride": stride, "torch": [sys.executable, "-c", OPTIMISER]}
        seconds = _run(commands, folder, scale.of(7))
        yield ratio_row(
            *("startup", "run of one step / import torch, make one AdamW"),
            *(seconds["stride"], seconds["torch"], 1.15),
        )


def _run(commands: dict[str, list[str]], folder: Path, repeats: int) -> dict[str, list[float]]:
    parties = {
        name: partial(_seconds, command, folder, folder / "cache")
        for name, command in commands.items()
    }
    return take_turns(parties, repeats)


def _seconds(command: list[str], folder: Path, cache: Path) -> float:
    return cpu_seconds(command, folder=folder, cache=cache)[0]
