"""Say why two runs may have diverged, the likeliest cause first."""

from collections.abc import Iterable, Iterator, Mapping

from stride.config.secrets import is_secret
from stride.errors import RunError
from stride.runs.compare import ABSENT, compare
from stride.runs.files.atomic import read_record
from stride.runs.files.digest import sha256
from stride.runs.layout import RunPaths
from stride.runs.provenance.config_digest import is_edited
from stride.runs.provenance.worktree import PATCH_LIMIT
from stride.runs.reproduction.facts import Provenance, differences, sentence, table_of
from stride.runs.run import Run

_NO_MATTER = (
    "logging_config.",
    "checkpoint_config.",
    "dataset_kwargs.path",  # the data's fingerprint is compared, not its place
    "dataset_kwargs.root",
)
_LENGTH = ("training_config.max_epochs", "training_config.max_steps")


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


def edits(original: RunPaths) -> list[str]:
    """Return a sentence where the config differs from that of the run.

    Raises:
        RunError: a record is broken.
    """
    if not (original.config.exists() and is_edited(original)):
        return []
    return [f"{original.config.name} of the original was edited since the run wrote it"]


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
            inexact = table_of(table_of(segment, "fidelity"), "inexact")
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
            yield f"{key}: another value" if secret else sentence(key, *shown)


def _patches(original: RunPaths, copy: RunPaths) -> Iterator[str]:
    """Yield a sentence where the uncommitted changes of the code differ."""
    digests = [_digest(paths) for paths in (original, copy)]
    if digests[0] != digests[1]:
        yield sentence(f"{original.code_patch.name} (SHA-256)", *digests)


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
