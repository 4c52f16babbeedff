"""What it costs to start: the command line, and a training up to its first step."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
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


def one_step(work_dir: Path) -> list[str]:
    """Return the command of a run on the built-in data that ends with its first step."""
    values = (f"work_dir={work_dir}", "training_config.max_steps=1")
    return [sys.executable, "-m", "stride", *(f"--config={value}" for value in values)]


def startup_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of `stride --help`, and of a run that ends with its first step.

    The run counts from its process's start to its end, with validation, test and all files: more
    than the way to the first step.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        helps = {"stride": [script(), "--help"], "hello": hello(folder)}
        seconds = _run(helps, folder, scale.of(15))
        what = "stride --help / bare Typer hello program"
        yield ratio_row("startup", what, seconds["stride"], seconds["hello"], 1.2)
        torch = [sys.executable, "-c", OPTIMISER]
        seconds = _run({"stride": one_step(folder / "runs"), "torch": torch}, folder, scale.of(7))
        what = "run of one step / import torch, make one AdamW"
        yield ratio_row("startup", what, seconds["stride"], seconds["torch"], 1.15)


def _run(commands: Mapping[str, list[str]], folder: Path, repeats: int) -> dict[str, list[float]]:
    parties = {name: partial(_seconds, command, folder) for name, command in commands.items()}
    return take_turns(parties, repeats)


def _seconds(command: list[str], folder: Path) -> float:
    return cpu_seconds(command, folder=folder)[0]
