"""Compare what was recorded of two runs and can change the bits of a training."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

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


def _formats(original: Provenance, other: Provenance) -> Iterator[str]:
    """Yield a sentence for each version of the format between the two that changed bits."""
    versions = [one.get("format_version", 1) for one in (original, other)]
    for change in changes_between(min(versions), max(versions)):
        if change.bits:
            yield f"format {change.version} has changed: {change.what}"


def _seeds(original: Provenance, other: Provenance) -> Iterator[str]:
    """Yield a sentence for each seed that differs: the config may have been edited since."""
    for name, *values in _apart(original, other, "seeds"):
        yield sentence(f"{name} (provenance.json)", *values)


def _facts(provenance: Provenance) -> dict[str, Any]:
    """Return what is likely to change bits, by name, the likeliest first."""
    versions, variables = table_of(provenance, "versions"), table_of(provenance, "environment")
    return {
        "fingerprint of the data": provenance.get("data_fingerprint") or None,
        "permutation of the samples": provenance.get("permutation") or None,
        "version of torch": versions.get("torch"),
        **_packages(versions),
        "devices": provenance.get("devices") or None,
        "threads": table_of(provenance, "threads").get("torch"),
        "number of processes": _world_size(provenance, variables),
        **_commit(table_of(provenance, "git")),
    }


def _packages(versions: Mapping[str, Any]) -> dict[str, Any]:
    names = sorted(name for name in versions if _is_any(name, _COMPUTING))
    return {f"version of {name}": versions[name] for name in names}


def _commit(git: Mapping[str, Any]) -> dict[str, Any]:
    return {"commit of the code": git.get("commit"), "uncommitted changes": git.get("dirty")}


def _sources(original: Provenance, other: Provenance) -> Iterator[str]:
    """Yield a sentence for each class or function whose source text differs, with its name."""
    names = table_of(original, "classes")
    for use, *digests in _apart(original, other, "sources"):
        if "unset" not in digests:
            yield sentence(
                ", ".join(filter(None, [f"source of the {use}", names.get(use)])), *digests
            )


def _modules(provenance: Provenance) -> dict[str, Any]:
    """Return the modules of the user's that a class is of, for what stands beside the class."""
    modules = table_of(provenance, "modules")
    return {f"text of the module {name}": modules[name] for name in modules}


def _code(provenance: Provenance) -> dict[str, Any]:
    """Return by name what of the code no checkpoint and no class's source tells."""
    git = table_of(provenance, "git")
    patch = {"uncommitted changes (SHA-256)": str(git.get("patch_sha256") or "none")[:12]}
    return {**_packages(table_of(provenance, "versions")), **_commit(git), **(patch if git else {})}


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
            yield sentence(name, value, other)


def _world_size(provenance: Provenance, variables: Mapping[str, Any]) -> Any:
    if "environment" not in provenance:
        return None
    return str(provenance.get("world_size") or variables.get("WORLD_SIZE") or 1)


def _variables(original: Provenance, other: Provenance) -> Iterator[str]:
    """Yield a sentence for each variable that differs; one that is not set has no value."""
    for name, *values in _apart(original, other, "environment"):
        if _is_any(name, _BITS):
            yield sentence(f"environment variable {name}", *values)


def _apart(original: Provenance, other: Provenance, key: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield name and values of what differs between two tables, if both were recorded."""
    if key in original and key in other:
        first, second = table_of(original, key), table_of(other, key)
        for name in sorted(first.keys() | second.keys()):
            values = first.get(name, "unset"), second.get(name, "unset")
            if values[0] != values[1]:
                yield name, *values


def table_of(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a table of a record; empty where there is none."""
    value = record.get(key)
    return value if isinstance(value, Mapping) else {}


def _is_any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def sentence(name: str, first: Any, second: Any) -> str:
    """Say what a fact is in the original, and what it is now."""
    return f"{name}: {_shown(first)} in the original, {_shown(second)} now"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _other_packages(original: Provenance, other: Provenance) -> Iterator[str]:
    """Yield one sentence for all the packages that do not compute, but may be the user's."""
    first, second = table_of(original, "versions"), table_of(other, "versions")
    names = [
        name
        for name in sorted(first.keys() & second.keys())
        if first[name] != second[name] and name != "torch" and not _is_any(name, _COMPUTING)
    ]
    if names:
        shown = [f"{name} {first[name]} and {second[name]}" for name in names[:_MOST]]
        more = f", and {len(names) - _MOST} more" if len(names) > _MOST else ""
        yield f"other packages, in the original and now: {', '.join(shown)}{more}"
