"""What a further training of a process costs, however long it is: many short runs, one by one.

The digits MLP with everything on that is by default, by one trainer whose data was read before.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.parties import steady
from benchmarks.scale import Scale
from benchmarks.strided import quiet
from benchmarks.table import Row, row_of
from benchmarks.timing import take_turns
from stride import Trainer

MILLISECONDS = 1e3


def fit_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of the CPU time of all threads; that of git, which is asked too, is not in it.

    What does not grow with the epochs is a run of one of them, without what each of more takes.
    """
    epochs = scale.of(20, 3)
    steady()
    with tempfile.TemporaryDirectory() as folder:
        parties = {f"{number}": _fits(Path(folder), number) for number in (1, epochs)}
        short, long = take_turns(parties, scale.of(21)).values()
    fixed = [one - (many - one) / (epochs - 1) for one, many in zip(short, long, strict=True)]
    what = "a further fit of the digits MLP in a process"
    yield row_of("fits", f"{what}, beside its epochs", fixed, unit="ms")
    yield row_of("fits", f"{what}, {epochs} epochs", long, unit="ms")


def _fits(folder: Path, epochs: int) -> Callable[[], float]:
    """Return a party that trains one more run, and gives its milliseconds."""
    trainer = Trainer(
        folder / f"{epochs}",
        model_kwargs={"model_name": "MLP"},
        training_config={"max_epochs": epochs},
        logging_config={"terminal_display": "minimal"},
        device="cpu",
    )

    def run() -> float:
        with quiet():
            start = time.process_time()
            trainer.fit()
            return MILLISECONDS * (time.process_time() - start)

    return run
