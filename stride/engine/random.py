"""Seed, read and set the random state of Python, NumPy and torch; switch determinism."""

import os
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch

from stride.data.seeding import advanced_since, mix, read_globals, seeded
from stride.distributed import rank

EVALUATION = 9  # which of the random streams of a seed
OWN = "own"
"""What provenance.json says of a run whose evaluations draw from streams of their own."""

EvaluationStream = Callable[[str, int], AbstractContextManager[None]]
"""What an evaluation of a split after some steps draws from, as a block."""


def rank_seed(seed: int) -> int:
    """Return the seed of what each rank draws by itself, as dropout: rank 0's is the seed."""
    return mix(seed, rank()) if rank() else seed


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy, torch's CPU generator and every accelerator's."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    # torch.manual_seed formats a stack trace for each kind of accelerator that torch does not have.
    has_other = torch.accelerator.current_accelerator() is not None
    (torch if has_other else torch.default_generator).manual_seed(seed)


class RandomState:
    """The random state of this process, as a part of the training state."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state of Python's, NumPy's, torch's CPU and each CUDA generator."""
        name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
        return {
            "python": random.getstate(),
            "numpy": [name, torch.from_numpy(np.array(keys)), position, has_gauss, cached],
            "torch": torch.get_rng_state(),
            "cuda": _cuda_states(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set every generator to the state given."""
        random.setstate(state["python"])
        name, keys, *rest = state["numpy"]
        np.random.set_state((name, keys.numpy(), *rest))
        torch.set_rng_state(state["torch"])
        if state["cuda"]:  # there may be fewer devices now
            for device, saved in enumerate(state["cuda"][: torch.cuda.device_count()]):
                torch.cuda.set_rng_state(saved, device)

    def load_others(self, states: Sequence[dict[str, Any]]) -> None:
        """Take the state of this rank, where there is one; else derive one from rank 0's."""
        known = rank() < len(states)
        self.load_state_dict(states[rank() if known else 0])
        if not known:
            seed_everything(mix(random.getrandbits(64), rank()))


def _cuda_states() -> list[torch.Tensor]:
    # Asking for the states would initialise CUDA where nobody uses it.
    if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return []
    return torch.cuda.get_rng_state_all()


@contextmanager
def untouched() -> Iterator[None]:
    """Give back the random state as it was when the block began."""
    state = RandomState()
    before = state.state_dict()
    try:
        yield
    finally:
        state.load_state_dict(before)
        # What CUDA begins with is that seed, also where it has begun now.
        if (torch.version.cuda or torch.version.hip) and not before["cuda"]:
            torch.cuda.manual_seed_all(torch.initial_seed())


def evaluation_stream(rule: str, seed: int) -> EvaluationStream:
    """Return what the evaluations of a training draw from.

    Args:
        rule: `own`; else they draw from what the steps draw from, as in older runs.
        seed: of the training.
    """
    return partial(_own_stream, rank_seed(seed)) if rule == OWN else shared_stream


def shared_stream(split: str, step: int) -> AbstractContextManager[None]:
    """Draw in the block from what the steps draw from."""
    return nullcontext()


@contextmanager
def _own_stream(seed: int, split: str, step: int) -> Iterator[None]:
    """Draw in the block from generators seeded by its place; those of before go on after it."""
    value, cuda = mix(seed, EVALUATION, zlib.crc32(split.encode()), step), _cuda_states()
    with seeded(value):
        if cuda:
            torch.cuda.manual_seed_all(value)
        try:
            yield
        finally:
            for device, state in enumerate(cuda):
                torch.cuda.set_rng_state(state, device)


class Draws:
    """Tell whether anything has been drawn from a global generator since this was made."""

    def __init__(self) -> None:
        self._globals, self._cuda = read_globals(), _cuda_states()

    def seen(self) -> bool:
        """Tell whether one of them stands elsewhere now."""
        moved = [*map(torch.equal, self._cuda, _cuda_states())]
        return bool(advanced_since(self._globals)) or not all(moved)


@contextmanager
def determinism(wanted: bool) -> Iterator[None]:
    """Use deterministic algorithms only, where wanted, until the block ends."""
    if not wanted:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    # cuBLAS reads this at its first use and is not deterministic without it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warn_only)
        torch.backends.cudnn.benchmark = benchmark
