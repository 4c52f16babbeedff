"""Whether memory grows while a training goes on, watched in a process of its own."""

import json
import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.scale import Scale
from benchmarks.table import Row, row_of
from benchmarks.timing import cpu_seconds

STEPS = 100_000
PARTS = 10  # the first of so many fills pools and caches; growth counts from its end
NOISE_MIB = 1.0  # what an allocator takes and gives back; 12 bytes a step would be as much

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from benchmarks.memory import main
main(int(sys.argv[2]))
"""


def memory_rows(scale: Scale) -> Iterator[Row]:
    """Yield how far the memory of a process grows over 100,000 steps of a tiny model."""
    steps = scale.of(STEPS, 500)
    root = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", PROGRAM, str(root), str(steps)]
        _, output = cpu_seconds(command, folder=Path(folder))
    sizes = json.loads(output)
    growth = (sizes[-1] - sizes[0]) / 2**20
    what = f"growth of resident memory over {steps:,} steps, after the first tenth"
    yield row_of("memory", what, [growth], NOISE_MIB, "MiB")


def main(steps: int) -> None:
    """Train a tiny model for so many steps; print the resident bytes after each tenth of them."""
    import torch

    from benchmarks.strided import fit_tiny

    torch.set_num_threads(1)
    sizes: list[int] = []
    fit_tiny(Path.cwd(), steps, steps // PARTS, lambda: sizes.append(resident()))
    print(json.dumps(sizes))


def resident() -> int:
    """Return the bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
