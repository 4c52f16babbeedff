"""`stride predict`."""

from pathlib import Path

from stride.tables.table import Column, Table
from stride_cli.address import find
from stride_cli.output import print_json, print_table, tell


def run(
    text: str,
    split: str,
    out: str,
    *,
    batch_size: int | None,
    device: str | None,
    force: bool,
    trust: bool,
    json: bool,
) -> None:
    """Write what a run's best weights predict for a split, and print what the file holds."""
    folder = find(text)

    from stride.trainer.predict.files import require_writable, write_predictions
    from stride.trainer.starts.loaded import load_run

    path = Path(out)
    require_writable(path, force=force)
    arrays = load_run(folder).predict(split, batch_size=batch_size, device=device, trust_code=trust)
    write_predictions(path, arrays)
    held = {name: (list(array.shape), str(array.dtype)) for name, array in arrays.items()}
    if json:
        shapes = {name: {"shape": shape, "type": kind} for name, (shape, kind) in held.items()}
        print_json({"path": out, "split": split, "arrays": shapes})
        return
    columns = [Column("array", str), Column("shape", str), Column("type", str)]
    lines = [[name, " x ".join(map(str, shape)), kind] for name, (shape, kind) in held.items()]
    print_table(Table(columns, lines))
    tell(f"written to {out}")
