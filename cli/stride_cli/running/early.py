"""Refuse what is mistyped before torch is loaded, which takes seconds."""

from pathlib import Path


def refuse_mistakes(
    overrides: list[str], config_file: str | None, budget: str | None = None
) -> None:
    """Refuse wrong keys and values of a run that is to be started, as far as known without torch.

    Of several processes none does: what one finds is told to all, by what torch brings.

    Raises:
        UserError: a key or value is wrong.
    """
    from stride.distributed import world_size

    if world_size() > 1:
        return
    _refuse_no_time(budget)
    from stride.components.early import refuse_mistyped
    from stride.config import resolve_layers

    refuse_mistyped(resolve_layers(config_file=config_file, overrides=overrides))


def refuse_mistakes_on(folder: Path, overrides: list[str], budget: str | None) -> None:
    """Refuse wrong overrides of a run that is to be taken up, likewise.

    Raises:
        UserError: a key or value is wrong.
    """
    from stride.distributed import world_size

    if world_size() > 1:
        return
    _refuse_no_time(budget)
    if not overrides:
        return
    from stride.components.early import refuse_mistyped
    from stride.config import Layer, Resolved
    from stride.errors import StrideError
    from stride.runs.run import Run

    try:
        layer = Layer(f"run {folder.name}", Run(folder).config.to_json(), folder=folder)
    except StrideError:  # whoever takes it up says what is wrong with it
        return
    refuse_mistyped(Resolved.from_layers([layer]).override(overrides))


def _refuse_no_time(budget: str | None) -> None:
    from stride.durations import budget_seconds

    if budget is not None:
        budget_seconds(budget)
