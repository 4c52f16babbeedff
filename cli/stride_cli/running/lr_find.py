"""`stride lr-find`."""

import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import pairwise
from math import floor, log10
from typing import TYPE_CHECKING, Any, cast

from stride.tables.table import Column, Table, numbers
from stride.tables.words import setting
from stride_cli.output import print_json, print_table, tell
from stride_cli.running.early import refuse_mistakes
from stride_cli.running.start import ending_with_folder

if TYPE_CHECKING:
    from stride.trainers.lr_find.curve import LrCurve
    from stride.trainers.lr_find.trainer import LrFindTrainer

OF_THE_TEST = ("work_dir", "run", "trainer", "lr", "optimizer_kwargs.lr")
"""Keys that a training is not to have from the test: it has others, or a better one."""


def run(
    overrides: list[str],
    config_file: str | None,
    options: Mapping[str, float | None],
    *,
    trust: bool,
    json: bool,
) -> None:
    """Do a range test; print its curve, what to type for a training, and its folder.

    Args:
        overrides: `key=value` texts.
        config_file: JSON, TOML or YAML.
        options: keys of `lr_find_config`, None for those that were not typed.
        trust: whether the user vouches for the import paths in the work_dir's config.
        json: whether JSON is all that stdout gets.
    """
    own = [f"lr_find_config.{key}={value}" for key, value in options.items() if value is not None]
    typed = [*overrides, *own, "trainer=lr_find"]
    refuse_mistakes(typed, config_file)
    from stride.distributed import is_main
    from stride.trainer import commands

    with ending_with_folder() as ended, ExitStack() as last:

        def told_last(folder: object) -> None:
            last.callback(tell if json else ended, folder)

        started = commands.start(typed, config_file, force=False, trust=trust, ended=told_last)
        if is_main():
            trainer = cast("LrFindTrainer", started)
            _print(trainer, command(trainer, overrides, config_file), json=json)


def _print(trainer: "LrFindTrainer", to_type: str, *, json: bool) -> None:
    if json:
        print_json(answer(trainer, to_type))
        return
    print_table(table(trainer.curve))
    if to_type:
        tell(f"to train with it, type: {to_type}")


def command(trainer: "LrFindTrainer", overrides: Sequence[str], config_file: str | None) -> str:
    """Return what to type to train with the suggested rate, empty where there is none."""
    found = trainer.suggested_overrides
    if not found:
        return ""
    kept = [text for text in overrides if not _is_of_the_test(text)]
    rates = [f"{key}={setting(value)}" for key, value in found.items()]
    file = [] if config_file is None else ["--config-file", config_file]
    place = ["-w", trainer.config.work_dir]
    return shlex.join(["stride", "train", *place, *file, *kept, *rates])


def _is_of_the_test(override: str) -> bool:
    key = override.partition("=")[0].strip()
    return key in OF_THE_TEST or key.startswith("lr_find_config")


def table(curve: "LrCurve") -> Table:
    """Return the losses at powers of ten, at both ends, and at the suggested rate."""
    rate = Column("lr", lambda lr: f"{lr:.2g}", numeric=True)
    columns = [rate, numbers("loss"), numbers("smoothed"), Column("", str)]
    rates, suggested = curve.rates, curve.suggest().lr
    powers = [floor(log10(rate)) for rate in rates]
    rises = {at for at, (one, other) in enumerate(pairwise(powers), 1) if one != other}
    ends = {0, len(rates) - 1} if rates else set()
    chosen = {rates.index(suggested)} if suggested in rates else set()
    rows = [
        [rates[at], curve.losses[at], curve.smoothed[at], "suggested" if at in chosen else ""]
        for at in sorted(rises | ends | chosen)
    ]
    return Table(columns, rows)


def answer(trainer: "LrFindTrainer", to_type: str) -> dict[str, Any]:
    """Return what is printed as JSON."""
    curve, run = trainer.curve, trainer.run
    points = zip(curve.rates, curve.losses, curve.smoothed, strict=True)
    return {
        "run": run.name,
        "path": str(run.path),
        "suggestion": trainer.suggestion,
        "reason": run.status.get("reason", ""),
        "command": to_type or None,
        "curve": [
            {"step": step, "lr": lr, "loss": loss, "smoothed": smoothed}
            for step, (lr, loss, smoothed) in enumerate(points, 1)
        ],
    }
