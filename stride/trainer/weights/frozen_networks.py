"""Build the frozen networks of a config, each with the weights that its digest tells."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from torch import nn

from stride.config import Resolved
from stride.config.sections.frozen import FrozenNetwork
from stride.errors import ConfigError, RunError
from stride.models.build import build_network, resolve_model
from stride.models.frozen_networks import FrozenNetworks
from stride.models.initial import load_tensors
from stride.models.model import Model, OwnSteps
from stride.models.weights import read_weights
from stride.runs.files.digest import sha256
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import reading
from stride.runs.layout import RunPaths
from stride.runs.run import Run
from stride.runs.writer_base import Writer

_PIECE = 2**20


def give_frozen(model: Model, resolved: Resolved) -> FrozenNetworks:
    """Build the networks that the config names, and let the model's steps have them.

    Args:
        model: gets them as `frozen`; so does a network with steps of its own.
        resolved: the config, in which each has its section and digest by now.

    Raises:
        ConfigError: no step of the model could use them.
        RunError: weights are missing, or are others than those that were meant.
    """
    wanted = resolved.config.frozen
    if wanted and type(model) is not OwnSteps and type(model).__module__.startswith("stride."):
        raise ConfigError(
            f"frozen: the steps of a {type(model.network).__name__} use no other network",
            key="frozen",
            where="frozen",
            hint="name a class with a training_step of its own, which has self.frozen",
        )
    networks = FrozenNetworks({name: _built(resolved, name) for name in wanted})
    if wanted:
        model.set_frozen(networks)
    return networks


def _built(resolved: Resolved, name: str) -> nn.Module:
    table, file = resolved.config.frozen[name], frozen_file(resolved, name)
    with os_errors_as("cannot read", file, RunError):
        digest = sha256(file)
    _require_known(table, name, file, digest)
    network = build_network(resolve_model(table.model_kwargs, None))
    load_tensors(network, read_weights(file), file)
    return network


def frozen_file(resolved: Resolved, name: str) -> Path:
    """Return where the weights of a frozen network are: in the run's own folder, or in its own's.

    Raises:
        RunError: there is no such run.
    """
    table = resolved.config.frozen[name]
    for layer in resolved.layers:
        recorded = (layer.run_config or {}).get("frozen", {}).get(name, {})
        if layer.folder is not None and recorded.get("sha256") == table.sha256:
            copy = RunPaths(layer.folder).frozen_weights(name)
            if copy.exists():
                return copy
    return Run(resolved.place(os.path.expanduser(table.run))).paths.weights


def _require_known(table: FrozenNetwork, name: str, file: Path, digest: str) -> None:
    if table.sha256 != digest:
        raise RunError(
            f"these are not the weights of {table.run} that this config means",
            where=str(file),
            hint=f"bring them back, or for those of now give frozen.{name} the run alone",
        )


def commit_frozen(writer: Writer, resolved: Resolved) -> None:
    """Copy the weights of the frozen networks into a run that does not have them.

    Raises:
        RunError: they have changed since they were read.
    """
    for name, table in resolved.config.frozen.items():
        path = writer.paths.frozen_weights(name)
        if not path.exists():
            writer.commit(path, _pieces(frozen_file(resolved, name), table, name))


def _pieces(source: Path, table: FrozenNetwork, name: str) -> Iterator[memoryview]:
    digest = hashlib.sha256()
    with reading(source) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            yield memoryview(piece)
    _require_known(table, name, source, digest.hexdigest())
