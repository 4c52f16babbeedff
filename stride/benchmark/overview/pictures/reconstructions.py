"""Draw examples: what the network was given, and what it gave back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stride.benchmark.overview.pictures.picture import BLUE, SMALL, Picture, evenly
from stride.benchmark.overview.recorded import FINAL, Recorded
from stride.benchmark.overview.tensors import Array
from stride.figures import GREY, LIGHT_RED, add_legend, new_figure
from stride.runs.records.reconstruction import Example
from stride.tables.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHANNELS, SAMPLES, EARLIER = 3, 3, 3
"""Channels, examples of a kind and earlier milestones that are drawn at most."""

_PANEL = 1.05  # inches


@dataclass(frozen=True)
class Shown:
    """One example as it is drawn.

    Attributes:
        example: as the record has it.
        inputs: (channels, points), as the network was given them.
        output: the final model's, of the same shape.
        earlier: those of earlier milestones.
        labels: (points,), whether each is anomalous.
    """

    example: Example
    inputs: Array
    output: Array
    earlier: Sequence[Array]
    labels: Array


def reconstructions(recorded: Recorded) -> Iterator[Picture]:
    """Yield a picture for each split and kind of example: a column an example, a row a channel."""
    for split, one in recorded.splits.items():
        for kind in dict.fromkeys(example.kind for example in one.examples):
            chosen = [(at, e) for at, e in enumerate(one.examples) if e.kind == kind]
            shown = [_shown(recorded, split, *pair) for pair in chosen[:SAMPLES]]
            channels = most_wrong(shown)
            words = _words(recorded, split, kind, shown, channels, len(chosen))
            title = f"{kind.capitalize()} of {split}"
            yield Picture(f"examples_{split}_{kind}", title, words, _draw(shown, channels))


def _shown(recorded: Recorded, split: str, at: int, example: Example) -> Shown:
    file, outputs = recorded.examples, f"{split}/outputs/"
    inputs = _channels(file.sample(f"{split}/inputs", at))
    names = [f"{outputs}{epoch}" for epoch in recorded.before_final]
    kept = [name for name in names if name in file.names]
    earlier = [_channels(file.sample(name, at)) for name in evenly(kept, EARLIER)]
    output = _channels(file.sample(f"{outputs}{FINAL}", at))
    labelled = f"{split}/labels" in file.names
    labels = file.sample(f"{split}/labels", at) if labelled else np.zeros(inputs.shape[-1])
    return Shown(example, inputs, output, earlier, labels)


def _channels(sample: Array) -> Array:
    """Return a sample of any shape as (channels, points)."""
    return sample.reshape(-1, sample.shape[-1])


def most_wrong(shown: Sequence[Shown]) -> list[int]:
    """Return the channels to draw in their order: of too many those with the largest error."""
    wrong = sum(np.abs(one.inputs - one.output).mean(-1) for one in shown)
    order = np.argsort(-np.nan_to_num(np.asarray(wrong), nan=np.inf), kind="stable")
    return sorted(int(channel) for channel in order[:CHANNELS])


def _draw(shown: Sequence[Shown], channels: Sequence[int]) -> "Figure":
    figure = new_figure(7.2, 1.35 + _PANEL * max(len(channels), 1.6))
    grid = figure.subplots(len(channels), len(shown), squeeze=False, sharex="col", sharey="row")
    for column, one in zip(grid.T, shown, strict=True):
        for axes, channel in zip(column, channels, strict=True):
            _draw_channel(axes, one, channel)
        column[0].set_title(_title(one.example), fontsize=SMALL)
        column[-1].set_xlabel("point")
    for row, channel in zip(grid, channels, strict=True):
        several = shown[0].inputs.shape[0] > 1
        row[0].set_ylabel(f"channel {channel}" if several else "value", fontsize=SMALL)
        _limit(row[0], shown, channel)
    _explain(grid[0][0], shown)
    add_legend(figure)
    return figure


def _draw_channel(axes: "Axes", one: Shown, channel: int) -> None:
    for place, output in enumerate(one.earlier, start=1):
        pale = 0.15 + 0.35 * place / len(one.earlier)
        axes.plot(output[channel], color=GREY, alpha=pale, linewidth=0.8)
    axes.plot(one.inputs[channel], color="black", linewidth=1.1)
    axes.plot(one.output[channel], color=BLUE, linewidth=1.3)
    whole: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "zorder": 0}
    axes.broken_barh(spans(one.labels), (0, 1), color=LIGHT_RED, alpha=0.6, **whole)
    axes.tick_params(labelsize=SMALL)
    axes.locator_params(axis="both", nbins=4)


def spans(labels: Array) -> list[tuple[float, float]]:
    """Return begin and width of each range of anomalous points, from half a point before it."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], labels.astype(bool), [0]])))
    return [(start - 0.5, stop - start) for start, stop in steps.reshape(-1, 2).tolist()]


def _limit(axes: "Axes", shown: Sequence[Shown], channel: int) -> None:
    """Let input and final output decide what is shown: an untrained network may be far off."""
    drawn = [part[channel] for one in shown for part in (one.inputs, one.output)]
    finite = np.concatenate([part[np.isfinite(part)] for part in drawn])
    if len(finite):
        margin = 0.06 * float(np.ptp(finite)) or 0.5
        axes.set_ylim(float(finite.min()) - margin, float(finite.max()) + margin)


def _title(example: Example) -> str:
    return f"no. {example.number}, rank {example.rank + 1}\n{number(example.error)}"


def _explain(axes: "Axes", shown: Sequence[Shown]) -> None:
    axes.plot([], [], color="black", linewidth=1.1, label="input")
    axes.plot([], [], color=BLUE, linewidth=1.3, label="output, final")
    if any(one.earlier for one in shown):
        axes.plot([], [], color=GREY, alpha=0.5, linewidth=0.8, label="output, earlier")
    if any(one.labels.any() for one in shown):
        axes.plot([], [], "s", color=LIGHT_RED, label="anomaly")


def _words(
    recorded: Recorded,
    split: str,
    kind: str,
    shown: Sequence[Shown],
    channels: Sequence[int],
    examples: int,
) -> str:
    """Return what is drawn, and what is left out."""
    told = [
        f"no. {one.example.number} ({number(one.example.error)}, "
        f"rank {one.example.rank + 1} of {recorded.splits[split].samples})"
        for one in shown
    ]
    words = f"{kind} samples of {split} by {recorded.score}: {', '.join(told)}"
    if examples > len(shown):
        words += f"; {examples - len(shown)} more are in examples.safetensors"
    left = shown[0].inputs.shape[0] - len(channels)
    if left:
        words += f"; the {len(channels)} channels with the largest errors, {left} are left out"
    return words
