"""Give a network the weights that its config says it starts from, and note which they are."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from stride.config.sections.model import StartWeights
from stride.engine.checkpoint.checkpoint import read_state
from stride.engine.checkpoint.named import find_checkpoint
from stride.errors import RunError
from stride.models.initial import load_initial, load_tensors, read_network, weights_file
from stride.models.model import network_part
from stride.models.weights import Loaded
from stride.runs.files.digest import sha256
from stride.runs.layout import CheckpointPaths, RunPaths
from stride.runs.records.provenance import StartWeightsRecord
from stride.runs.records.status import StatusRecord
from stride.runs.run import Run

Source = str | Sequence[str | None] | StartWeights | None


@dataclass(frozen=True)
class StartedFrom:
    """What a network has taken of others' weights; nothing where its seed alone made it.

    Attributes:
        records: one for each file or checkpoint.
        run: the one run that all is of; None where it is of none, or of several.
    """

    records: Sequence[StartWeightsRecord] = ()
    messages: Sequence[str] = ()
    run: Path | None = None

    def lineage(self) -> dict[str, Any] | None:
        """Return the run that the weights are of, as in `records.Parent`."""
        if self.run is None:
            return None
        return {"uuid": self.records[0].uuid, "run": str(self.run), "relation": "weights"}


def load_start_weights(network: nn.Module, source: Source) -> StartedFrom:
    """Load into a network what `model_kwargs.init_from` names.

    Args:
        network: changed in place.
        source: the key's value, its paths as they were meant.

    Raises:
        ConfigError: a prefix of names is that of none.
        RunError: there is no such run, checkpoint or file, or it is broken.
        ComponentError: the weights do not fit.
    """
    if source is None:
        return StartedFrom()
    if isinstance(source, StartWeights):
        loaded = [_load(network, source)]
    else:
        loaded = load_initial(network, source)
    owners = [_owner(one.file) for one in loaded]
    records = [_record(one, run) for one, run in zip(loaded, owners, strict=True)]
    messages = [f"start weights: {one}" for one in loaded]
    of_one = len(records) == 1 and records[0].uuid is not None
    return StartedFrom(records, messages, owners[0] if of_one else None)


def _load(network: nn.Module, source: StartWeights) -> Loaded:
    if source.at == "best":
        file = weights_file(source.run)
        tensors = read_network(file)
    else:
        file = find_checkpoint(Run(source.run), source.at)
        tensors = network_part(read_state(file, parts=["model"])["model"])
    return load_tensors(network, tensors, file, keys=source.keys, strict=source.strict)


def _owner(file: Path) -> Path:
    """Return the folder of the run that weights or a checkpoint would be of."""
    return Path(os.path.abspath(file)).parents[1 if file.is_dir() else 0]


def _record(loaded: Loaded, run: Path) -> StartWeightsRecord:
    content = CheckpointPaths(loaded.file).record if loaded.file.is_dir() else loaded.file
    uuid = None
    with suppress(RunError):  # it is a file of its own
        uuid = StatusRecord.read(RunPaths(run).status).uuid
    return StartWeightsRecord(
        file=os.path.abspath(loaded.file),
        sha256=sha256(content),
        uuid=uuid,
        loaded=loaded.loaded,
        missing=loaded.missing,
        unused=loaded.unused,
        misshapen=loaded.misshapen,
    )
