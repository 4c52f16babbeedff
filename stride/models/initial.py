"""Initialise a network from the weights of a run or a safetensors file."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from stride.errors import ComponentError, ConfigError, RunError
from stride.models.composed import ComposedNetwork
from stride.models.shards import state_like
from stride.models.weights import memory_key, read_weights
from stride.runs.layout import RESERVED_NAMES, RunPaths
from stride.runs.run import Run

SHOWN = 10  # keys of each kind that an error lists


def load_initial(network: nn.Module, source: str | Path | Sequence[str | None]) -> None:
    """Load all weights of a file into the network.

    Args:
        network: changed in place.
        source: a run's folder (or `W/latest`, `W/best`), of which the best weights are taken, or a
            safetensors file; a list has one for each part of a network that is made of others.

    Raises:
        ConfigError: for a list, when the network has no such parts.
        RunError: when there are no weights there, or the file cannot be read.
        ComponentError: when names or shapes differ from the network's, listing them.
    """
    if isinstance(source, (str, Path)):
        _load(network, weights_file(source))
    elif isinstance(network, ComposedNetwork):
        network.load_parts(source)
    else:
        raise ConfigError(
            f"{type(network).__name__} starts from one file, not from a list of {len(source)}",
            key="model_kwargs.init_from",
            where="model_kwargs.init_from",
            hint="give one path, or model_kwargs.model_name=Candidates",
        )


def _load(network: nn.Module, file: Path) -> None:
    found = read_weights(file)
    mine = network.state_dict()
    twins = _names_by_memory(mine)
    # A file keeps one name of tensors that share their memory; the network knows the others.
    covered = {name for names in twins.values() if any(n in found for n in names) for name in names}
    differences = {
        "missing": [name for name in mine if name not in covered],
        "unknown": [name for name in found if name not in mine],
        "of another shape": [
            f"{name} {tuple(found[name].shape)} instead of {tuple(mine[name].shape)}"
            for name in mine
            if name in found and found[name].shape != mine[name].shape
        ],
    }
    if any(differences.values()):
        raise _mismatch(differences, file)
    network.load_state_dict(state_like(found, network), strict=False)


def weights_file(source: str | Path) -> Path:
    """Return the safetensors file that a run's folder or a path means.

    Raises:
        RunError: when there is none.
    """
    path = Path(source).expanduser()
    path = Run(path).path if path.name in RESERVED_NAMES else path
    file = RunPaths(path).weights if path.is_dir() else _led_to(path)
    if not file.is_file():
        raise RunError(
            f"no weights at {file}",
            where="model_kwargs.init_from",
            hint="give the folder of a run that is done, or a .safetensors file",
        )
    return file


def _led_to(path: Path) -> Path:
    """Return the file that a link means: whoever types a path of a file means where it leads."""
    return path.resolve() if path.is_symlink() else path


def _names_by_memory(state: Mapping[str, Tensor]) -> dict[tuple[object, ...], list[str]]:
    """Return the names of a state dict's tensors, those of one memory together."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for name, value in state.items():
        groups.setdefault(memory_key(value), []).append(name)
    return groups


def _mismatch(differences: Mapping[str, list[str]], file: Path) -> ComponentError:
    parts = [f"{len(keys)} {kind}: {_listed(keys)}" for kind, keys in differences.items() if keys]
    return ComponentError(
        f"the weights of {file} do not fit this model; {'; '.join(parts)}",
        where="model_kwargs.init_from",
        hint="give the model the same model_kwargs as those weights had",
    )


def _listed(keys: Iterable[str]) -> str:
    keys = list(keys)
    more = f", and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return ", ".join(keys[:SHOWN]) + more
