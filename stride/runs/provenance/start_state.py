"""Know whether a run has begun: whether its start had written all that it begins from."""

from pathlib import Path

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.layout import RunPaths
from stride.visible import quoted

NEVER_BEGAN = "it was ended before it began"


def missing_start_file(paths: RunPaths) -> Path | None:
    """Return a file that a run needs to begin, and that its start did not write.

    None where all are there. A process that is killed at its start leaves some out: the provenance
    is written after the config and names what follows.
    """
    for path in (paths.config, paths.provenance):
        if not path.exists():
            return path
    try:
        provenance = read_record(paths.provenance)
    except RunError:
        return None  # it is there, whatever is wrong with it
    needed = []
    if (provenance.get("parent") or {}).get("checkpoint") is not None:
        needed.append(paths.origin.record)
    if provenance.get("initial_weights_sha256") is not None:
        needed.append(paths.initial_weights)
    needed += [path for path, digest in frozen_digests(paths).items() if digest is not None]
    return next((path for path in needed if not path.exists()), None)


def frozen_digests(paths: RunPaths) -> dict[Path, str | None]:
    """Return the weights of frozen networks that a run has by its config, with their SHA-256."""
    try:
        tables = read_record(paths.config).get("frozen", {})
        return {paths.frozen_weights(name): one.get("sha256") for name, one in tables.items()}
    except (RunError, AttributeError):
        return {}  # whatever is wrong with the config is told of by itself


def never_began(paths: RunPaths) -> bool:
    """Tell whether a run's start was ended before it was complete, and nothing came after it."""
    later = (paths.metrics, paths.rounds, paths.results, paths.weights)
    if any(path.exists() and path.stat().st_size for path in later) or paths.checkpoint_names():
        return False
    return missing_start_file(paths) is not None


def require_begun(paths: RunPaths) -> None:
    """Refuse a run that was ended before it had written what it begins from.

    Raises:
        RunError: it was.
    """
    if never_began(paths):
        what = "this run was ended before it had written what it began from"
        hint = f"start it again; to remove this one, type: stride rm {quoted(paths.path)}"
        raise RunError(what, where=str(paths.path), hint=hint)
