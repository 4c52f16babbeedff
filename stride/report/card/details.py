"""Say what a model is, and how one begins with it."""

import os
from collections.abc import Iterator
from typing import Any

from stride.config.import_paths import import_paths
from stride.report.card.blocks import Fact, bullets, code, code_block, heading, to_write, words
from stride.report.card.subject import Subject
from stride.runs.tags.tags_json import known_tags
from stride.tables.words import moment

_SET_MODEL = "set_model"  # the origin of the name of a network that was given from Python


def head(subject: Subject) -> Iterator[str]:
    """Yield the title and, of a training that did not come to its end, a warning."""
    yield heading(words(subject.title), 1)
    row = subject.row
    if not subject.is_done:
        why = f": {words(row.reason)}" if row.reason else ""
        yield (
            f"> **This training is not done. Its status is {words(row.state)}{why}.** "
            "The numbers below are what was recorded until then."
        )
    if note := known_tags(subject.path).note:
        yield words(note)


def details(subject: Subject) -> Iterator[str]:
    """Yield what the model is, and what it is for."""
    yield heading("Model details")
    yield bullets(_details(subject))
    yield to_write("Who made it, and whom one may ask; its licence; how it is cited.")
    yield heading("Uses")
    yield to_write("What it is meant for and by whom; what it must not be used for.")


def _details(subject: Subject) -> Iterator[Fact]:
    made_by, number = subject.setting("model_kwargs.model_name"), subject.results.parameters
    by = f" ({code(made_by)})" if made_by not in ("", subject.network) else ""
    yield "Network", f"{words(subject.network)}{by}" if subject.network else ""
    yield "Parameters", "" if number is None else f"{number:,}"
    yield "Input", _shape(subject.config.get("model_kwargs.input_shape"))
    yield "Output", _shape(subject.config.get("model_kwargs.output_shape"))
    yield "Kind of training", words(subject.kind)
    yield "Begun from", _parent(subject)
    yield "Begun on", "" if subject.row.started is None else moment(subject.row.started)


def _shape(value: Any) -> str:
    return words(" x ".join(map(str, value))) if isinstance(value, list) else ""


def _parent(subject: Subject) -> str:
    parent, started = subject.provenance.parent, subject.provenance.start_weights or []
    origins = [f"the weights {code(one.file)}" for one in started]
    if parent is not None and parent.relation != "weights":
        place = "" if parent.step is None else f" at step {parent.step:,}"
        origins.insert(0, f"{parent.relation} of {code(parent.run)}{place}")
    return "; ".join(origins)


def beginning(subject: Subject) -> Iterator[str]:
    """Yield how to load the model and its weights."""
    yield heading("How to get started with the model")
    if not os.path.isfile(subject.paths.weights):
        yield "No weights were kept of this run."
        return
    run, weights = str(subject.path), str(subject.paths.weights)
    yield "From the run folder, by STRIDE:"
    lines = ["from stride import load_run", "", f"run = load_run({run!r})"]
    yield code_block([*lines, f"network = {_network(subject)}"], "python")
    paths = dict.fromkeys(import_paths(subject.config).values())
    if paths and not _was_given(subject):
        yield f"Its config names code that has to be importable: {', '.join(map(code, paths))}."
    yield "The weights alone, by the names of `network.state_dict()`:"
    lines = ["from safetensors.torch import load_file", "", f"weights = load_file({weights!r})"]
    yield code_block(lines, "python")


def _network(subject: Subject) -> str:
    """Return what gives the network with its weights, in Python."""
    if _was_given(subject):
        return "run.load_model(model=...)  # one like that which was trained"
    if import_paths(subject.config):
        return "run.load_model(trust_code=True)  # you vouch for the code that it names"
    return "run.model  # a torch.nn.Module with these weights, in evaluation mode"


def _was_given(subject: Subject) -> bool:
    """Tell whether the network was an object given from Python, which no config builds."""
    return subject.provenance.origins.get("model_kwargs.model_name") == _SET_MODEL
