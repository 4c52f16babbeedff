"""Say on what a model was trained, how, and what that took."""

from collections.abc import Iterator
from typing import Any

from stride.config.changed import PLACE, changed, defaults
from stride.config.resolve import Resolved
from stride.config.secrets import MASK, is_secret
from stride.errors import UserError
from stride.report.card.blocks import Fact, bullets, code, heading, to_write, words
from stride.report.card.subject import Subject
from stride.report.parts.provenance import devices_of
from stride.runs.run import Run
from stride.tables.markdown import markdown
from stride.tables.table import Column, Table
from stride.tables.words import byte_size, duration, number, setting


def data(subject: Subject) -> Iterator[str]:
    """Yield what the model was trained on."""
    yield heading("Training data")
    yield bullets(_data(subject))
    yield to_write("Where it comes from, who is in it, who may use it, and what was done to it.")


def _data(subject: Subject) -> Iterator[Fact]:
    title = "Environment" if subject.acts else "Name"
    own = " (loaders of the author's own)" if subject.has_own_loaders else ""
    yield title, f"{words(subject.data)}{own}"
    sizes = subject.provenance.samples or {}
    yield "Samples", ", ".join(f"{words(split)} {count:,}" for split, count in sizes.items())
    if fingerprint := subject.provenance.data_fingerprint:
        yield "Fingerprint", code(fingerprint)
    yield from _acted(subject) if subject.acts else _labelled(subject)


def _acted(subject: Subject) -> Iterator[Fact]:
    steps = subject.row.last.get("env_steps")
    yield "Steps in it", "" if steps is None else f"{steps:,.0f}"


def _labelled(subject: Subject) -> Iterator[Fact]:
    if counts := subject.labelled:
        strategy = words(subject.setting("active_config.strategy"))
        yield "Labels", f"{counts[-1]:,}, after {len(counts) - 1} queries by {strategy}"


def procedure(subject: Subject) -> Iterator[str]:
    """Yield how the model was trained."""
    yield heading("Training procedure")
    yield bullets(_procedure(subject))
    found = [(key, MASK if is_secret(key, one) else setting(one)) for key, one in settings(subject)]
    if found:
        yield "Hyperparameters:" if subject.imported else "Settings that differ from the defaults:"
        yield markdown(Table([Column("setting", str), Column("value", str)], found))
    else:
        yield "All settings are the defaults."


def _procedure(subject: Subject) -> Iterator[Fact]:
    acts, optimizer = subject.acts, subject.setting("optimizer_kwargs.optimizer_name")
    rate = subject.config.get("optimizer_kwargs.lr")
    at = "" if rate is None else f", learning rate {words(number(rate))}"
    yield "Algorithm", words(subject.setting("rl_config.algorithm")) if acts else ""
    yield "Loss", "" if acts else words(subject.setting("criterion_kwargs.criterion_name"))
    yield "Optimiser", f"{words(optimizer)}{at}" if optimizer else ""
    yield "Schedule", words(subject.setting("scheduler_kwargs.scheduler_name"))
    if not subject.has_own_loaders and not acts:
        yield "Batch size", words(subject.config.get("load_data_kwargs.batch_size"))
    yield "Length", _length(subject)
    yield "Precision", words(subject.setting("training_config.precision"))
    seeds = subject.provenance.seeds.items()
    yield "Seeds", ", ".join(f"{words(name)} {seed}" for name, seed in seeds)


def _length(subject: Subject) -> str:
    last, progress = subject.results.last, subject.row.progress
    if progress is not None:
        return progress.position
    return "" if last.step is None else f"epoch {last.epoch or 0:,}, step {last.step:,}"


def settings(subject: Subject) -> list[tuple[str, Any]]:
    """Return by dotted key what differs from the defaults, as a person would type it.

    Of a config that this STRIDE does not understand, or of an imported run, it is all.
    """
    try:
        config = Run(subject.path).config
    except UserError:
        return [(key, value) for key, value in subject.config.items() if key not in PLACE]
    return [*changed(Resolved(config, dict(subject.provenance.origins)), defaults())]


def spent(subject: Subject) -> Iterator[str]:
    """Yield on what the training ran, and what it took."""
    if told := bullets(_spent(subject)):
        yield heading("Hardware and time", 3)
        yield told


def _spent(subject: Subject) -> Iterator[Fact]:
    timings = subject.results.timings
    yield "Devices", words(devices_of(subject.facts.provenance))
    yield "System", words(subject.recorded("platform"))
    if timings.train_seconds:
        whole = duration(timings.wall_seconds)
        yield "Time", f"{duration(timings.train_seconds)} of training, {whole} in all"
    rate = timings.samples_per_second
    yield "Speed", "" if rate is None else f"{rate:,.0f} samples a second"
    yield "Memory", "" if timings.memory is None else byte_size(timings.memory)
    on_device = timings.device_memory
    yield "Memory of the device", "" if on_device is None else byte_size(on_device)
