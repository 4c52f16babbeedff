"""Initialise a network, or a part of it, from the weights of a run or a safetensors file."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from torch import Tensor, nn

from stride.errors import ComponentError, ConfigError, RunError, nearest
from stride.models.composed import ComposedNetwork
from stride.models.model import network_part
from stride.models.shards import state_like
from stride.models.weights import SHOWN, Loaded, counted, memory_key, read_weights
from stride.runs.layout import SELECTORS, RunPaths
from stride.runs.run import Run

_KEYS = "model_kwargs.init_from.keys"


def load_initial(network: nn.Module, source: str | Path | Sequence[str | None]) -> list[Loaded]:
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
        file = weights_file(source)
        return [load_tensors(network, read_network(file), file)]
    if isinstance(network, ComposedNetwork):
        return network.load_parts(source)
    raise ConfigError(
        f"{type(network).__name__} starts from one file, not from a list of {len(source)}",
        key="model_kwargs.init_from",
        where="model_kwargs.init_from",
        hint="give one path, or model_kwargs.model_name=Candidates",
    )


def read_network(file: Path) -> dict[str, Tensor]:
    """Return the tensors of a network by name, without those of a criterion that a file may have.

    Raises:
        RunError: the file is missing or broken.
    """
    return network_part(read_weights(file))


def load_tensors(
    network: nn.Module,
    found: Mapping[str, Tensor],
    file: Path,
    *,
    keys: Mapping[str, str] | None = None,
    strict: bool = True,
) -> Loaded:
    """Load tensors into the network by their names.

    Args:
        network: changed in place, once all is checked.
        found: name -> tensor.
        file: where they are from, for messages.
        keys: prefix of names there -> prefix of names here; of several the longest counts, and
            names of none are left out. Without keys all names count as they are.
        strict: whether every name has to be in both, with the same shape; else what fits is taken.

    Raises:
        ConfigError: a prefix is that of no name; says the nearest.
        ComponentError: names or shapes differ, listing them; or nothing at all fits.
    """
    state = network.state_dict()  # a module's extra state is not a tensor, so in no file
    mine = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    names = _renamed(found, mine, keys) if keys else {name: name for name in found}
    taken = {here: found[there] for there, here in names.items()}
    fits = {n for n, value in taken.items() if n in mine and value.shape == mine[n].shape}
    # A file keeps one name of tensors that share their memory; the network knows the others.
    twins = _names_by_memory(mine).values()
    covered = {name for group in twins if not fits.isdisjoint(group) for name in group}
    loaded = Loaded(
        file,
        len(covered),
        [name for name in mine if name not in covered and name not in taken],
        [name for name in found if names.get(name) not in mine],
        [
            f"{name} {tuple(taken[name].shape)} instead of {tuple(mine[name].shape)}"
            for name in mine
            if name in taken and name not in fits
        ],
    )
    if loaded.differences and (strict or not covered):
        raise _mismatch(loaded)
    network.load_state_dict(state_like({n: taken[n] for n in fits}, network), strict=False)
    return loaded


def _renamed(found: Iterable[str], mine: Iterable[str], keys: Mapping[str, str]) -> dict[str, str]:
    """Return the names there that keys choose, with those that they have here."""
    _require_prefixes(keys.keys(), found, "the weights")
    _require_prefixes(keys.values(), mine, "the model")
    by_length = sorted(keys, key=len, reverse=True)
    chosen = {name: next((k for k in by_length if name.startswith(k)), None) for name in found}
    names = {n: keys[k] + n.removeprefix(k) for n, k in chosen.items() if k is not None}
    twice, count = Counter(names.values()).most_common(1)[0]
    if count > 1:
        raise ConfigError(f"{_KEYS} give {twice!r} two tensors", key=_KEYS, where=_KEYS)
    return names


def _require_prefixes(prefixes: Iterable[str], names: Iterable[str], whose: str) -> None:
    names = list(names)
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in names):
            known = sorted({n[: at + 1] for n in names for at, c in enumerate(n) if c == "."})
            raise ConfigError(
                f"{_KEYS}: no name of {whose} begins with {prefix!r}",
                key=_KEYS,
                where=_KEYS,
                hint=nearest(prefix, known) or f"names begin with {', '.join(known[:SHOWN])}",
            )


def weights_file(source: str | Path) -> Path:
    """Return the safetensors file that a run's folder or a path means.

    Raises:
        RunError: when there is none.
    """
    path = Path(source).expanduser()
    path = Run(path).path if path.name in SELECTORS else path
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


def _meant(loaded: Loaded) -> Iterator[str]:
    """Yield what names that were not taken may stand for in the network."""
    for name in loaded.unused:
        if name in loaded.missing:
            yield f"init_from.keys leave {name} out: give its prefix too"
    for name in loaded.unused[:1]:
        if near := nearest(name, loaded.missing):
            yield f"{name}: {near}"


def _mismatch(loaded: Loaded) -> ComponentError:
    parts = [counted(kind, names) for kind, names in loaded.differences.items()]
    meant = list(islice(_meant(loaded), 1))
    same = "give the model the same model_kwargs as those weights had"
    part = "or choose what is taken by init_from.keys and init_from.strict=false"
    return ComponentError(
        f"the weights of {loaded.file} do not fit this model; {'; '.join(parts)}",
        where="model_kwargs.init_from",
        hint="; ".join([*meant, f"{same}, {part}"]),
    )
