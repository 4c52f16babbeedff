"""A work_dir as a person has it after a day: seeds, a fork, what went wrong. None was trained."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stride.config import resolve_layers
from stride.runs.layout import RunPaths
from stride.runs.tags.tags_json import change_tags, write_note
from stride.runs.writer import RunWriter

NOW = 1_800_000_000.0
SEEDS = {0.01: (0.0512, 0.0498, 0.0534), 1e-5: (0.2512, 0.3107, 0.2754)}
FORKED = {"uuid": "a" * 32, "run": "W/1", "relation": "fork", "step": 100}
NONFINITE = "nonfinite: the loss is not finite (step 24); lower optimizer_kwargs.lr"
ORIGIN = {
    "git": {"commit": "0123456789abcdef" * 2 + "01234567", "branch": "main", "dirty": True},
    "devices": ["cpu"],
    "versions": {"torch": "2.13.0+cpu"},
    "data_fingerprint": "d" * 32,
}
RESOLVED = {"model_kwargs": {"model_name": "CNN"}, "optimizer_kwargs": {"lr": 1e-3}}
PROGRESS = {"step": 60, "epoch": 3, "total_steps": 2000, "total_epochs": 100, "memory": 412_000_000}
REACHED = {"best": {"validation/epoch_loss": 0.3}, "last": {"lr": 0.1}}
MONITOR = {"metric": "validation/epoch_loss", "mode": "min"}


class Day:
    """Write runs into the work_dir W of the current folder, each at its time.

    Args:
        patch: what the clock is set by.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        patch.setattr("time.time", lambda: self.now)
        patch.setattr("socket.gethostname", lambda: "here")

    def begin(self, ago: float, name: str | None, values: Mapping[str, Any], **more: Any) -> None:
        """Start a run so many seconds before the end of the day."""
        self.now = NOW - ago
        resolved = resolve_layers(work_dir="W", arguments=RESOLVED, overrides=values)
        typed = [f"{key}={value}" for key, value in values.items()]
        command = ["stride", "train", "-w", "W", *typed]
        provenance = {"command": command, "overrides": typed, "origins": resolved.origins}
        config = resolved.config.to_json()
        self.run = RunWriter.start("W", name, config=config, provenance=provenance | ORIGIN | more)
        self.run.status("running")

    def train(self, loss: float, epochs: int) -> None:
        """Write the rows of so many epochs, the last of which is the best."""
        for n in range(1, epochs + 1):
            row = {"step": 20 * n, "epoch": n, "time": self.now + n, "lr": 1.235 / 10**n}
            row |= {"train/epoch_loss": loss + 1 / n, "validation/epoch_loss": loss * epochs / n}
            self.run.append(self.run.paths.metrics, [row])

    def finish(
        self,
        loss: float,
        epochs: int,
        seconds: float,
        *,
        more: Mapping[str, float] = {},
        state: str = "done",
        reason: str = "",
    ) -> None:
        """Write what a training leaves that came to its end."""
        self.train(loss, epochs)
        place = {"step": 20 * epochs, "epoch": epochs}
        reached = {"validation/epoch_loss": loss, "validation/epoch_accuracy": 1 - loss, **more}
        results = {
            "format_version": 3,
            "best": place | reached,
            "last": place | reached | {"lr": 1.235 / 10**epochs},
            "test": {"test/loss": loss * 1.25, "test/accuracy": 0.95 - loss},
            "timings": {"wall_seconds": seconds + 4, "train_seconds": seconds},
            "monitor": {**MONITOR, "value": loss},
            "parameters": 53_098,
        }
        results["timings"]["samples_per_second"] = 25_140 * epochs / seconds
        self.run.commit(self.run.paths.results, results)
        self.end(seconds, state, reason)

    def end(self, seconds: float, state: str, reason: str = "") -> None:
        """End the run so many seconds after its start."""
        self.now += seconds
        self.run.close(state, reason)


@contextmanager
def the_day() -> Iterator[None]:
    """Write the work_dir W into the current folder; it is the end of that day while this holds."""
    with pytest.MonkeyPatch.context() as patch:
        day = Day(patch)
        for lr, losses in SEEDS.items():
            for seed, loss in enumerate(losses):
                values = {"optimizer_kwargs.lr": lr, "seed": seed, "training_config.max_epochs": 5}
                day.begin(90_000 - 5_000 * seed - 20_000 * (lr < 0.01), None, values)
                day.finish(loss, 5, 61.5 + seed)
        change_tags(RunPaths(Path("W/1")), ["paper"])
        write_note(RunPaths(Path("W/1")), "the one of figure 2")
        values = {"training_config.max_epochs": 12, "model_kwargs.model_name": "ResNet"}
        day.begin(7_300, "finetune-of-the-best-one", values, parent=FORKED)
        day.finish(0.0101, 12, 3_600, more={"validation/macro/f1_of_every_class": 0.98765})
        day.begin(1_800, None, {"optimizer_kwargs.lr": 1e30})
        day.end(5, "failed", NONFINITE)
        day.begin(900, None, {"training_config.max_epochs": 100})
        day.finish(0.3, 3, 30, state="interrupted", reason="SIGTERM")
        day.begin(120, None, {"training_config.max_epochs": 100})
        day.train(0.3, 3)
        day.now = NOW
        record = {"format_version": 3, "segment": 0, "time": NOW, **PROGRESS, "monitor": MONITOR}
        record |= {"steps_per_second": 5.25, "metrics": REACHED, "device_memory": None}
        day.run.commit(day.run.paths.progress, record)
        yield
        day.run.close("stopped")
