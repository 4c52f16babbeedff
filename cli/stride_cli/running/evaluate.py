"""`stride evaluate`."""

from stride.tables.table import Column, Table, numbers
from stride_cli.address import find
from stride_cli.output import print_json, print_table


def run(
    text: str,
    split: str | None,
    overrides: list[str],
    metrics: list[str] | None,
    *,
    every: float | None,
    trust: bool,
    json: bool,
) -> None:
    """Evaluate a run's best weights on a split and print the metrics."""
    if every is not None:
        from stride.errors import UserError

        raise UserError("--every says how often to look for checkpoints", hint="add --follow")
    folder = find(text)

    from stride.distributed import is_main
    from stride.trainer.starts.loaded import load_run

    one = load_run(folder)
    values = one.evaluate(split or "test", metrics, overrides=overrides, trust_code=trust)
    if not is_main():  # every rank has the same
        return
    if json:
        print_json(values)
    else:
        print_table(Table([Column("metric", str), numbers("value")], [*values.items()]))
