"""Know the runs that another tool recorded: there are numbers of them to read, and nothing more."""

from collections.abc import Mapping
from typing import Any

from stride.errors import RunError
from stride.runs.layout import RunPaths
from stride.runs.provenance.lineage import read_lineage
from stride.visible import quoted

TOOLS: Mapping[str, str] = {
    "tensorboard": "TensorBoard",
    "lightning": "Lightning",
    "wandb": "W&B",
}
"""What runs are imported from, and what it is called."""

_HYPERPARAMETERS = "hyperparameters"


def import_of(paths: RunPaths) -> Mapping[str, Any]:
    """Return where an imported run comes from; nothing of STRIDE's own, or of a broken record."""
    found = read_lineage(paths.provenance).get("imported")
    return found if isinstance(found, Mapping) else {}


def words_of(found: Any) -> str:
    """Return what a listing says of an import: "W&B: calm-tree"; nothing of none."""
    if not isinstance(found, Mapping):
        return ""
    return f"{TOOLS.get(str(found.get('tool')), 'imported')}: {found.get('name')}"


def is_imported(paths: RunPaths) -> bool:
    """Tell whether another tool recorded a run."""
    return bool(import_of(paths))


def is_of_another_tool(config: Mapping[str, Any]) -> bool:
    """Tell whether a flat config is what `ImportedConfig` holds."""
    return "trainer" not in config and any(key.startswith(_HYPERPARAMETERS) for key in config)


def refuse_imported(paths: RunPaths) -> None:
    """Refuse a run that another tool recorded, where STRIDE's own config is needed.

    Raises:
        RunError: it is one.
    """
    if found := import_of(paths):
        tool = TOOLS.get(str(found.get("tool")), "another tool")
        what = f"this run was imported from {tool}: it has no config, data or weights to go on with"
        hint = f"to read its numbers, type: stride show {quoted(paths.path)}"
        raise RunError(what, where=str(paths.path), hint=hint)
