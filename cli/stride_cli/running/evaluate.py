"""`stride evaluate`."""

from stride.tables.table import Column, Table, numbers
from stride_cli.address import find
from stride_cli.output import print_json, print_table


def run(
    text: str,
    split: str,
    overrides: list[str],
    metrics: str | None,
    *,
    trust: bool,
    json: bool,
) -> None:
    """Evaluate a run's best weights on a split and print the metrics."""
    folder = find(text)

    from stride.distributed import is_main
    from stride.trainer.starts.loaded import load_run

    names = [name.strip() for name in metrics.split(",")] if metrics is not None else None
    values = load_run(folder).evaluate(split, names, overrides=overrides, trust_code=trust)
    if not is_main():  # every rank has the same
        return
    if json:
        print_json(values)
    else:
        print_table(Table([Column("metric", str), numbers("value")], [*values.items()]))
