"""Say by what two runs differ that can change the bits of a training, the likeliest first."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from stride.config.secrets import is_secret
from stride.errors import RunError
from stride.runs.compare import ABSENT, compare
from stride.runs.files.atomic import read_record
from stride.runs.files.digest import sha256
from stride.runs.layout import RunPaths
from stride.runs.provenance.config_digest import is_edited
from stride.runs.provenance.worktree import PATCH_LIMIT
from stride.runs.run import Run
from stride.version import changes_between

_COMPUTING = ("stride-trainer", "numpy", "nvidia-*", "triton*", "intel-*", "mkl*", "*blas*")
"""Distributions that compute, beside torch."""

_BITS = (
    "ATEN_CPU_CAPABILITY",
    "CUBLAS_WORKSPACE_CONFIG",
    "NVIDIA_TF32_OVERRIDE",
    "*_NUM_THREADS",
    "OMP_*",
    "MKL_*",
    "KMP_*",
    "ONEDNN_*",
    "PYTHONHASHSEED",
)
"""Environment variables that change the bits of a sum, or an order."""

_NO_MATTER = (
    "logging_config.",
    "checkpoint_config.",
    "dataset_kwargs.path",  # the data's fingerprint is compared, not its place
    "dataset_kwargs.root",
)
_LENGTH = ("training_config.max_epochs", "training_config.max_steps")
_MOST = 5  # of the other packages that differ, so many are named

Provenance = Mapping[str, Any]


def differences(original: Provenance, other: Provenance) -> list[str]:
    """Return a sentence for each recorded fact that differs and may change bits.

    Args:
        original: the content of the original's provenance.json.
        other: that of a run which is, or is to be, compared with it.
    """
    return [
        *_formats(original, other),
        *_seeds(original, other),
        *_differing(_facts(original), _facts(other)),
        *_sources(original, other),
        *_differing(_modules(original), _modules(other)),
        *_variables(original, other),
        *_differing(_machine(original), _machine(other)),
        *_other_packages(original, other),
    ]


def changes(original: Provenance, other: Provenance) -> list[str]:
    """Return a sentence for each fact that a resume has other, beside those that it restores.

    Args:
        original: the content of the run's provenance.json.
        other: what holds now.
    """
    return [
        *_differing(_code(original), _code(other)),
        *_differing(_modules(original), _modules(other)),
        *_variables(original, other),
    ]


def likely_causes(
    original: RunPaths, copy: RunPaths, *, whole: bool, known: Iterable[str] = ()
) -> list[str]:
    """Return why two runs may have diverged, the likeliest cause first; never nothing.

    Args:
        original: the run that was reproduced.
        copy: the other one.
        whole: whether both were to run to the same end.
        known: causes that the comparison itself has found.

    Raises:
        RunError: a record is broken.
    """
    provenances = [_provenance(paths) for paths in (original, copy)]
    settings = list(_settings(original, copy, whole))
    found = [
        *known,
        *edits(original),
        *_resumes(original),
        *settings,
        *differences(*provenances),
        *_patches(original, copy),
    ]
    return found or [_unrecorded(provenances[0], original)]


def _formats(original: Provenance, other: Provenance) -> Iterator[str]:
    """Yield a sentence for each version of the format between the two that changed bits."""
    versions = [one.get("format_version", 1) for one in (original, other)]
    for change in changes_between(min(versions), max(versions)):
        if change.bits:
            yield f"format {change.version} has changed: {change.what}"


def edits(original: RunPaths) -> list[str]:
    """Return a sentence where the config differs from that of the run.

    Raises:
        RunError: a record is broken.
    """
    if not (original.config.exists() and is_edited(original)):
        return []
    return [f"{original.config.name} of the original was edited since the run wrote it"]


def _seeds(original: Provenance, other: Provenance) -> Iterator[str]:
    """Yield a sentence for each seed that differs: the config may have been edited since."""
    for name, *values in _apart(original, other, "seeds"):
        yield _sentence(f"{name} (provenance.json)", *values)


def _facts(provenance: Provenance) -> dict[str, Any]:
    """Return what is likely to change bits, by name, the likeliest first."""
    versions, variables = _table(provenance, "versions"), _table(provenance, "environment")
    return {
        "fingerprint of the data": provenance.get("data_fingerprint") or None,
        "permutation of the samples": provenance.get("permutation") or None,
        "version of torch": versions.get("torch"),
        **_packages(versions),
        "devices": provenance.get("devices") or None,
        "threads": _table(provenance, "threads").get("torch"),
        "number of processes": _world_size(provenance, variables),
        **_commit(_table(provenance, "git")),
    }


def _packages(versions: Mapping[str, Any]) -> dict[str, Any]:
    names = sorted(name for name in versions if _is_any(name, _COMPUTING))
    return {f"version of {name}": versions[name] for name in names}


def _commit(git: Mapping[str, Any]) -> dict[str, Any]:
    return {"commit of the code": git.get("commit"), "uncommitted changes": git.get("dirty")}


def _sources(original: Provenance, other: Provenance) -> Iterator[str]:
    """Yield a sentence for each class or function whose source text differs, with its name."""
    names = _table(original, "classes")
    for use, *digests in _apart(original, other, "sources"):
        if "unset" not in digests:
            yield _sentence(
                ", ".join(filter(None, [f"source of the {use}", names.get(use)])), *digests
            )


def _modules(provenance: Provenance) -> dict[str, Any]:
    """Return the modules of the user's that a class is of, for what stands beside the class."""
    modules = _table(provenance, "modules")
    return {f"text of the module {name}": modules[name] for name in modules}


def _code(provenance: Provenance) -> dict[str, Any]:
    """Return by name what of the code no checkpoint and no class's source tells."""
    git = _table(provenance, "git")
    patch = {"uncommitted changes (SHA-256)": str(git.get("patch_sha256") or "none")[:12]}
    return {**_packages(_table(provenance, "versions")), **_commit(git), **(patch if git else {})}


def _machine(provenance: Provenance) -> dict[str, Any]:
    """Return what is likely to differ and unlikely to matter, by name."""
    return {
        "version of Python": provenance.get("python"),
        "platform": provenance.get("platform"),
        "host": provenance.get("hostname"),
    }


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each fact that differs; None was not recorded."""
    for name, value in first.items():
        other = second.get(name)
        if value is not None and other is not None and value != other:
            yield _sentence(name, value, other)


def _world_size(provenance: Provenance, variables: Mapping[str, Any]) -> Any:
    if "environment" not in provenance:
        return None
    return str(provenance.get("world_size") or variables.get("WORLD_SIZE") or 1)


def _variables(original: Provenance, other: Provenance) -> Iterator[str]:
    """Yield a sentence for each variable that differs; one that is not set has no value."""
    for name, *values in _apart(original, other, "environment"):
        if _is_any(name, _BITS):
            yield _sentence(f"environment variable {name}", *values)


def _apart(original: Provenance, other: Provenance, key: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield name and values of what differs between two tables, if both were recorded."""
    if key in original and key in other:
        first, second = _table(original, key), _table(other, key)
        for name in sorted(first.keys() | second.keys()):
            values = first.get(name, "unset"), second.get(name, "unset")
            if values[0] != values[1]:
                yield name, *values


def _table(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = record.get(key)
    return value if isinstance(value, Mapping) else {}


def _is_any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _sentence(name: str, first: Any, second: Any) -> str:
    return f"{name}: {_shown(first)} in the original, {_shown(second)} now"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _other_packages(original: Provenance, other: Provenance) -> Iterator[str]:
    """Yield one sentence for all the packages that do not compute, but may be the user's."""
    first, second = _table(original, "versions"), _table(other, "versions")
    names = [
        name
        for name in sorted(first.keys() & second.keys())
        if first[name] != second[name] and name != "torch" and not _is_any(name, _COMPUTING)
    ]
    if names:
        shown = [f"{name} {first[name]} and {second[name]}" for name in names[:_MOST]]
        more = f", and {len(names) - _MOST} more" if len(names) > _MOST else ""
        yield f"other packages, in the original and now: {', '.join(shown)}{more}"


def _provenance(paths: RunPaths) -> Provenance:
    try:
        return read_record(paths.provenance)
    except RunError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return {}
        raise


def _resumes(original: RunPaths) -> Iterator[str]:
    """Yield a sentence for all that changed in the original from one of its resumes on."""
    for segment in Run(original.path).segments:
        if step := segment.get("from_step"):
            place = f"the original was resumed at step {step}"
            inexact = _table(_table(segment, "fidelity"), "inexact")
            yield from (f"{place}, not exact: {name}: {what}" for name, what in inexact.items())
            typed = segment.get("overrides", [])
            yield from (f"{place} with {one}" for one in typed if not one.startswith(_NO_MATTER))
            yield from (f"{place}: {one}" for one in segment.get("changed", []))


def _settings(original: RunPaths, copy: RunPaths, whole: bool) -> Iterator[str]:
    """Yield a sentence for each key of the config that differs and changes a training."""
    if not (original.config.exists() and copy.config.exists()):
        return
    table = compare([Run(original.path), Run(copy.path)]).config
    for key, values in table.items():
        if not key.startswith(_NO_MATTER) and (whole or key not in _LENGTH):
            secret = any(is_secret(key, value) for value in values)
            shown = ["not there" if value is ABSENT else value for value in values]
            yield f"{key}: another value" if secret else _sentence(key, *shown)


def _patches(original: RunPaths, copy: RunPaths) -> Iterator[str]:
    """Yield a sentence where the uncommitted changes of the code differ."""
    digests = [_digest(paths) for paths in (original, copy)]
    if digests[0] != digests[1]:
        yield _sentence(f"{original.code_patch.name} (SHA-256)", *digests)


def _digest(paths: RunPaths) -> str:
    try:
        return sha256(paths.code_patch, PATCH_LIMIT)[:12]
    except FileNotFoundError:
        return "none"


def _unrecorded(provenance: Provenance, paths: RunPaths) -> str:
    """Say what is left where nothing that was recorded differs."""
    devices = [str(device) for device in provenance.get("devices") or [] if device != "cpu"]
    if devices and not _is_deterministic(paths):
        off = "training_config.deterministic was false"
        return f"{off} on {', '.join(devices)}: some of its kernels give other bits each time"
    return (
        "nothing recorded differs: code outside of git has changed, or something draws random "
        "numbers without a seed"
    )


def _is_deterministic(paths: RunPaths) -> bool:
    try:
        training = Run(paths.path).raw_config.get("training_config")
    except RunError:
        return False
    return isinstance(training, Mapping) and bool(training.get("deterministic"))
