"""`stride check`."""

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from stride.tables.table import Column, Table
from stride.tables.words import number
from stride_cli.output import print_json, print_table, say, tell
from stride_cli.running.early import refuse_mistakes
from stride_cli.running.start import ending_with_folder

NOT_OK = 3


def run(
    overrides: list[str], config_file: str | None, *, resume: bool, trust: bool, json: bool
) -> None:
    """Try a config and print what was found; leave with 3 where resuming is not exact."""
    refuse_mistakes(overrides, config_file)
    from stride.trainer.commands import check

    with ending_with_folder():  # which is none
        found = check(overrides, config_file, resume=resume, trust=trust, tell=tell)
    proof = found.get("resume")
    if json:
        print_json(found)
    elif proof:
        say("\n".join(sentences(proof)))
    else:
        columns = [Column("check", str), Column("found", number, long=True)]
        print_table(Table(columns, [*found.items()]))
    if proof and proof["verdict"] != "ok":
        raise typer.Exit(NOT_OK)


def sentences(proof: Mapping[str, Any]) -> Iterator[str]:
    """Say what came out of killing and resuming a training, the verdict first."""
    if proof["unlike_at"] is not None:
        yield f"differs: the training is not the same twice (first at step {proof['unlike_at']})"
        yield (
            "that was before the kill, so that nothing is known of resuming: look for what draws "
            "at random without a seed, or set training_config.deterministic=true"
        )
    for half in sorted(proof["halves"], key=lambda half: _ORDER.index(half["verdict"])):
        yield from _of_half(half, proof)
    if proof["halves"]:
        yield f"compared: {', '.join(proof['compared'])}, bits of each step, rows of metrics"
    yield from (f"not tried: {what}" for what in proof["not_tried"])


_ORDER = ("differs", "inexact", "ok")


def _of_half(half: Mapping[str, Any], proof: Mapping[str, Any]) -> Iterator[str]:
    workers = half["num_workers"]
    with_workers = "" if workers is None else f", num_workers={workers}"
    place = f"killed after step {proof['killed_after']} of {proof['steps']}{with_workers}"
    if half["verdict"] == "ok":
        yield f"ok: {place}: the same bits as never stopped"
    if half["differs"]:
        first, *others = half["differs"]
        since = "" if half["first_step"] is None else f" (first at step {half['first_step']})"
        yield f"differs: {first}{since}"
        yield f"  {place}"
        yield from (f"  differs too: {other}" for other in others)
    elif half["inexact"]:
        yield f"not exact: {place}: the same bits so far, but not all was restored"
    yield from (f"  not exact: {name}: {what}" for name, what in half["inexact"].items())
