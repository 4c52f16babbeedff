"""Whether memory grows while a training goes on; as a program, the training that is watched."""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.scale import Scale
from benchmarks.table import Row, row_of
from benchmarks.timing import cpu_seconds

STEPS = 100_000
WARM_UP = 10  # of so many parts the first, in which pools and caches are filled
NOISE_MIB = 1.0  # what an allocator takes and gives back: 10 bytes a step would be as much


def memory_rows(scale: Scale) -> Iterator[Row]:
    """Yield how far the memory of a process grew over 100,000 steps of a tiny model."""
    steps = scale.of(STEPS, 500)
    program = (sys.executable, "-m", "benchmarks.memory", str(steps))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(__file__).resolve().parent.parent
        _, output = cpu_seconds(program, folder=root, cache=Path(folder), errors=Path(folder))
    sizes = json.loads(output.splitlines()[-1])
    growth = sizes[-1] - sizes[0]
    what = f"growth of resident memory over {steps:,} steps"
    yield row_of("memory", what, [growth / 2**20], NOISE_MIB, "MiB")


def watch(steps: int) -> list[int]:
    """Train a tiny model for so many steps; return resident bytes after each tenth of them."""
    import torch

    from benchmarks.strided import LOGGING
    from benchmarks.tasks import mlp
    from stride import Callback, Trainer

    class Sizes(Callback):
        """Note the memory now and then; log as a user does."""

        def __init__(self) -> None:
            self.seen: list[int] = []

        def after_step(self, trainer: Any, step: Any) -> None:
            """Log one number, and look at the memory when a tenth is done."""
            trainer.log("number", 0.5)
            if trainer.state.step % (steps // WARM_UP) == 0:
                self.seen.append(resident())

    torch.set_num_threads(1)
    task = mlp(epochs=1, samples=4_096)
    sizes = Sizes()
    with tempfile.TemporaryDirectory() as folder:
        dataset = {"dataset_name": "arrays", "path": str(task.write(Path(folder)))}
        training = {"max_epochs": None, "max_steps": steps}
        trainer = Trainer(
            Path(folder, "runs"),
            device="cpu",
            dataset_kwargs=dataset,
            load_data_kwargs={"batch_size": 8},
            model_kwargs={"hidden": [8]},
            training_config=training,
            logging_config=LOGGING,
            callbacks=[sizes],
        )
        trainer.fit()
    return sizes.seen


def resident() -> int:
    """Return the bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    import resource

    return pages * resource.getpagesize()


if __name__ == "__main__":
    print(json.dumps(watch(int(sys.argv[1]))))
