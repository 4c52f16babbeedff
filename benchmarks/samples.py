"""What samples cost by their number: to begin with them, to hold their splits, to order them."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.memory import resident
from benchmarks.scale import Scale
from benchmarks.table import Row, row_of
from benchmarks.timing import cpu_seconds

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from benchmarks.samples import main
main(int(sys.argv[2]), float(sys.argv[3]))
"""
BATCH = 256
SECONDS, NANOSECONDS = 3.0, 100.0  # goals


class Numbers:
    """A map-style dataset of any length that holds nothing.

    Args:
        length: how many samples it gives.
    """

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> tuple[float, int]:
        return float(index), index % 10


def sample_rows(scale: Scale) -> Iterator[Row]:
    """Yield CPU time and memory of a start with 100,000,000 samples, and the time of an order."""
    number = scale.of(100_000_000, 20_000)
    undivided, divided = (_measured(number, part, scale.of(5)) for part in (0.0, 0.1))
    for name, found, goal in (("undivided", undivided, 0.1), ("80 / 10 / 10", divided, 8.1)):
        what = f"start with {number:,} samples, {name}"
        yield row_of("samples", what, [one["seconds"] for one in found], SECONDS, "s")
        held = [one["bytes"] / number for one in found]
        yield row_of("samples", f"{what}: memory of each", held, goal, "B")
    order = [1e9 * one["order"] for one in undivided]
    yield row_of("samples", "order of an epoch, each sample", order, NANOSECONDS, "ns")


def _measured(number: int, part: float, repeats: int) -> list[dict[str, float]]:
    root = str(Path(__file__).resolve().parent.parent)
    found = []
    for _ in range(repeats):  # in a process of its own: memory that was freed is held
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-c", PROGRAM, root, str(number), str(part)]
            _, output = cpu_seconds(command, folder=Path(folder))
        found.append(json.loads(output))
    return found


def main(number: int, part: float) -> None:
    """Build loaders over so many samples; print what that took, and a sample's place in an epoch.

    Args:
        number: of samples.
        part: of them that validate, and as many that test.
    """
    import torch

    from stride.data import build_data, resolve_dataset, resolve_loader

    torch.set_num_threads(1)

    def begun(length: int) -> Any:
        section = {"dataset_name": Numbers, "length": length, "val_fraction": part}
        dataset = resolve_dataset({**section, "test_fraction": part})
        loader = resolve_loader({"batch_size": BATCH})
        data = build_data(dataset, loader, seed=0, device=torch.device("cpu"))
        next(iter(data.train_loader))  # type: ignore[call-overload]
        return data

    begun(1000)  # what the first start of a process takes, whatever its data
    before, start = resident(), time.process_time()
    data = begun(number)
    seconds, held = time.process_time() - start, resident() - before
    batches, start = number // 20 // BATCH, time.process_time()
    for _ in islice(data.train_loader.order.batches(0, 0), batches):
        pass
    order = (time.process_time() - start) / (batches * BATCH)
    print(json.dumps({"seconds": seconds, "bytes": held, "order": order}))
