"""Runs to report, and the tables of a page as lists of texts."""

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from stride.config import resolve_layers
from stride.runs.layout import RunPaths
from stride.runs.writer import RunWriter

MakeRun = Callable[..., RunPaths]
EPOCHS = 5


@pytest.fixture
def make_run(make_runs: Callable[[Path], MakeRun], tmp_path: Path) -> MakeRun:
    """Return a function that writes a run into the work_dir `w` of the test's folder."""
    return make_runs(tmp_path)


@pytest.fixture(scope="session")
def make_runs() -> Callable[[Path], MakeRun]:
    """Return a function that gives what writes runs into work_dirs of a folder."""
    return _maker


def _maker(folder: Path) -> MakeRun:
    def make(
        name: str | None = None,
        *,
        lr: float = 0.001,
        seed: int = 0,
        loss: float | None = 0.5,
        state: str = "done",
        reason: str = "",
        work_dir: str = "w",
        **provenance: Any,
    ) -> RunPaths:
        values = {"optimizer_kwargs.lr": lr, "seed": seed}
        resolved = resolve_layers(work_dir=work_dir, overrides=values)
        told = {"origins": resolved.origins, "command": ["stride", "train"], **provenance}
        overrides = [f"{key}={value}" for key, value in values.items()]
        writer = RunWriter.start(
            folder / work_dir,
            name,
            config=resolved.config.to_json(),
            provenance={"overrides": overrides, **told},
        )
        writer.status("running")
        if loss is not None:
            writer.append(writer.paths.metrics, [_row(epoch, loss) for epoch in range(EPOCHS)])
            writer.commit(writer.paths.results, _results(loss))
        writer.close(state, reason)
        return writer.paths

    return make


def _row(epoch: int, loss: float) -> dict[str, Any]:
    values = {"train/epoch_loss": loss / (epoch + 1), "validation/epoch_loss": loss + 4 - epoch}
    return {"step": 10 * (epoch + 1), "epoch": epoch + 1, "time": 1.7e9 + epoch, **values}


def _results(loss: float) -> dict[str, Any]:
    best = {"step": 50, "epoch": 5, "validation/epoch_loss": loss, "train/epoch_loss": loss / 5}
    return {
        "format_version": 1,
        "best": best,
        "last": best,
        "test": {"test/loss": loss * 2, "test/accuracy": 1 - loss / 10},
        "timings": {"wall_seconds": 2.0, "train_seconds": 1.0, "samples_per_second": 1234.5},
        "monitor": {"metric": "validation/epoch_loss", "mode": "min", "value": loss},
    }


class Tables(HTMLParser):
    """Read the tables of a page: by the name of their region, rows of cells.

    A cell is its text, or its number where it tells one.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] = []
        self._value: str | None = None
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a table, a row or a cell."""
        given = dict(attrs)
        if tag == "div" and given.get("role") == "region":
            self._rows = self.found[given["aria-label"] or ""] = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
            self._inside, self._value = True, given.get("data-value")

    def handle_endtag(self, tag: str) -> None:
        """End a cell."""
        if tag in ("td", "th"):
            self._rows[-1][-1] = self._value or self._rows[-1][-1]
            self._inside = False

    def handle_data(self, data: str) -> None:
        """Take the text of a cell."""
        if self._inside:
            self._rows[-1][-1] += data


@pytest.fixture
def tables() -> Callable[[str], dict[str, list[list[str]]]]:
    """Return a function that gives the tables of a page."""
    return lambda text: Tables(text).found
