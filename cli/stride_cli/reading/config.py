"""`stride config`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stride.tables.table import Column, Table
from stride.tables.words import setting
from stride_cli.address import find
from stride_cli.output import print_json, print_table, say, tell
from stride_cli.reading.broken_records import broken_records_as_errors

if TYPE_CHECKING:
    from stride.config import Resolved


def run(
    place: str | None,
    overrides: list[str],
    config_file: str | None,
    settings: list[str],
    *,
    changed: bool,
    json: bool,
) -> None:
    """Print a config with the origin of each value, or write a work_dir's base config.

    With `changed` only what differs from the defaults is printed, or on top of a work_dir from its
    base config.
    """
    from stride.runs.listing.places import is_run

    of_run = place is not None and is_run(place)
    _refuse_mixtures(place, of_run, settings, bool(overrides or config_file))
    if settings and place is not None:
        write_base(Path(place), settings)
        return
    resolved = (
        _stored(find(place))
        if of_run and place is not None
        else _resolved(place, config_file, overrides)
    )
    if changed:
        _print_changed(resolved, find(place).parent if place and of_run else place, json=json)
    elif json:
        print_json(_plain(resolved))
    else:
        lines = [[key, setting(value), str(origin)] for key, value, origin in resolved.listing()]
        columns = [Column("key", str), Column("value", str, wraps=True)]
        print_table(Table([*columns, Column("origin", str, wraps=True)], lines))


def _print_changed(resolved: "Resolved", work_dir: str | Path | None, *, json: bool) -> None:
    """Print what is on top of the defaults, or of the base config of a work_dir."""
    from shlex import quote

    from stride.config import resolve_layers
    from stride.config.changed import changed, defaults

    base = resolve_layers(work_dir=work_dir) if work_dir else defaults()
    given = dict(changed(resolved, base))
    if json:
        print_json(given)
        return
    for key, value in given.items():
        say(quote(f"{key}={setting(value)}"))


def _resolved(place: str | None, config_file: str | None, overrides: list[str]) -> "Resolved":
    from stride.components.early import refuse_mistyped
    from stride.config import resolve_layers

    resolved = resolve_layers(work_dir=place, config_file=config_file, overrides=overrides)
    refuse_mistyped(resolved)
    return resolved


def write_base(work_dir: Path, settings: list[str]) -> None:
    """Lay settings over the base config of a work_dir, once they have been validated.

    Import paths among them are signed, as the user's own; those that were there are not.

    Raises:
        ConfigError: a key or value is wrong; nothing is written.
    """
    from stride.components.early import refuse_mistyped
    from stride.config import override_layer, resolve_layers, work_dir_layer
    from stride.config.changed import decided
    from stride.config.layers import merge_layers
    from stride.runs.files.atomic import atomic_json
    from stride.runs.files.durable import make_folder
    from stride.runs.layout import WorkDirPaths
    from stride.runs.signing.signature import sign_given

    refuse_mistyped(resolve_layers(work_dir=work_dir, overrides=settings))
    base = work_dir_layer(str(work_dir))
    given = override_layer(settings, below=[base])
    values = merge_layers([base, given]).values
    target = WorkDirPaths(work_dir).config
    make_folder(work_dir)
    written = decided(values)
    sign_given(work_dir, written, decided(given.values))
    atomic_json(target, written)
    tell(f"wrote {target}")


def _stored(folder: Path) -> "Resolved":
    """Return the config of a run with the origins that were recorded at its start."""
    from stride.config import Resolved
    from stride.runs.run import Run

    run = Run(folder)
    with broken_records_as_errors(str(folder)):
        return Resolved(run.config, dict(run.provenance.get("origins") or {}))


def _plain(resolved: "Resolved") -> Any:
    from stride.config.changed import decided
    from stride.config.values import plain

    return decided(plain(resolved.config))


def _refuse_mixtures(place: str | None, of_run: bool, settings: list[str], layers: bool) -> None:
    from stride.config.changed import PLACE
    from stride.errors import UserError

    if of_run and (settings or layers):
        raise UserError(f"{place} is a run, whose config is fixed", hint="name its work_dir")
    if settings and (place is None or layers):
        raise UserError("--set writes the base config of one work_dir", hint="type: W --set k=v")
    for text in settings:
        if text.partition("=")[0].strip() in PLACE:  # they say where it lies
            raise UserError(f"{text!r} says where a run is, and does not belong in a base config")
