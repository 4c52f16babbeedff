"""Batches of a user's iterable-style dataset, in its own order."""

import copy
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import accumulate, islice
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader

from stride.data.batches.base import iterate_on_device, to_device
from stride.data.batches.fetcher import collate_samples
from stride.data.batches.sampler import Counts
from stride.data.generators import HeldGenerators, is_stateful
from stride.data.samples import StreamDataset
from stride.data.seeding import (
    GLOBALS,
    GlobalState,
    mix,
    read_globals,
    seed_globals,
    seeded,
    write_globals,
)
from stride.distributed import Shard
from stride.errors import DataError

STREAM = 7  # which of the random streams of a seed


class StreamState(NamedTuple):
    """The random state of a stream: the global generators, and its own by name."""

    globals: GlobalState
    own: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return it as parts of a checkpoint."""
        return {"random": self.globals, **({"own": self.own} if self.own else {})}


class StreamBatches:
    """Batches in the order in which the stream yields its samples.

    Its draws, also those from generators that it holds, are seeded by (seed, epoch) and do not
    touch the random state outside. Nothing can be skipped in a stream: an epoch begins at its
    beginning, with new workers, since those of the last one have drawn. With several workers it is
    the stream's own business to give each its share. Not so with several ranks: each draws the
    same samples, and keeps its share of every global batch.
    """

    seekable = False
    interruptible = True  # an epoch is restarted
    whole = False

    def __init__(
        self,
        source: StreamDataset,
        *,
        seed: int,
        batch_size: int,
        collate: Callable[[list[Any]], Any] | None,
        device: torch.device,
        options: Mapping[str, Any],
        shard: Shard = Shard(),  # noqa: B008 (a constant)
    ) -> None:
        self.source = source
        self.shard = shard
        self.seed = seed
        self.device = device
        self.batch_size: int | None = batch_size
        self.num_samples: int | None = None
        self.min_batch_size: int | None = None
        self.epoch = 0
        self.collate = collate or collate_samples
        self.transform = getattr(source.finish, "transform", None)
        self._workers = bool(options.get("num_workers"))
        self._sizes: deque[int] = deque(maxlen=0)
        self.max_batches: int | None = None
        self._position = 0
        self._held = HeldGenerators(
            dataset=source.stream, transform=source.finish, collate_fn=collate
        )
        self._state: StreamState | None = None
        self._generator = torch.Generator()
        self._loader: DataLoader[Any] = DataLoader(
            source,
            batch_size * shard.world,
            collate_fn=_Shared(self.collate, shard),
            generator=self._generator,
            **{**options, "persistent_workers": False},
        )

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Select the epoch of the next iterations.

        Raises:
            DataError: the position is not 0.
        """
        if position:
            raise DataError(
                "a stream cannot resume in the middle of an epoch",
                where="dataset_kwargs.dataset_name",
                hint="resume at an epoch boundary, or give it state_dict and load_state_dict",
            )
        self.epoch, self._position = epoch, position
        self._sizes = deque()
        self._state = None
        if callable(forward := getattr(self.source.stream, "set_epoch", None)):
            forward(epoch)

    def limit(self, num_batches: int | None) -> None:
        """Let an epoch end after so many global batches; None: with the stream."""
        self.max_batches = num_batches

    def __len__(self) -> int:
        raise TypeError("a stream has no length")

    def batches_left(self, epoch: int, position: int) -> float:
        """Return how many batches are left at most; inf: a stream does not know."""
        size = (self.batch_size or 1) * self.shard.world
        return (
            math.inf
            if self.max_batches is None
            else max(0, self.max_batches - -(-position // size))
        )

    def positions(self, epoch: int, position: int) -> Iterator[int]:
        """Yield how many samples are consumed after each batch of the next iteration."""
        sizes = iter(self._sizes.popleft, None)
        return islice(accumulate(sizes, initial=position), 1, None)

    def __iter__(self) -> Iterator[Any]:
        return (batch for batch, _ in self.shards() if batch is not None)

    def shards(self) -> Iterator[tuple[Any, Counts]]:
        """Yield this process's share of each global batch, None for none, and the sizes."""
        # The first iteration after `set_epoch` is the one whose position is asked for.
        sizes, self._sizes = self._sizes, deque(maxlen=0)
        return self._counted(sizes)

    def _counted(self, sizes: deque[int]) -> Iterator[tuple[Any, Counts]]:
        left = self.batches_left(self.epoch, self._position)
        for batch, counts in islice(self._drawn(), None if left == math.inf else int(left)):
            sizes.append(counts.whole)
            yield batch, counts
        self._state = None

    def _drawn(self) -> Iterator[tuple[Any, Counts]]:
        seed = mix(self.seed, STREAM, self.epoch)
        self._generator.manual_seed(seed)
        if self._workers:
            self.source.begin(self._held, seed)
            return iterate_on_device(self._loader, self.device)
        self._held.refresh()
        batches = self._secluded(iter(self._loader), seed)
        return iterate_on_device(batches, self.device)

    def example(self) -> Any:
        """Return a batch of the stream's first samples; a stateful one is restored."""
        seed, count = mix(self.seed, STREAM, 0), self.batch_size if self.whole else 2
        self._held.refresh()
        with self._held.preserve(), seeded(seed), preserve_state(self.source.stream):
            self._held.seed(seed)
            return to_device(self.collate(list(islice(self.source, count))), self.device)

    def _secluded(self, batches: Iterator[Any], seed: int) -> Iterator[Any]:
        """Iterate with the stream's own random state swapped in for each batch."""
        begun, self._state = self._state, None
        while True:
            outside = read_globals()
            try:
                with self._held.preserve():
                    if begun is None:
                        seed_globals(seed, [*GLOBALS, *self._held.generators])
                    else:
                        write_globals(begun.globals)
                        self._held.write(begun.own)
                    batch = next(batches, _END)
                    begun = self._state = StreamState(read_globals(), self._held.read())
            finally:
                write_globals(outside)
            if batch is _END:
                return
            yield batch


class ResumableStreamBatches(StreamBatches):
    """Batches of a stream that has state_dict and load_state_dict.

    The order on resuming: `set_epoch`, then `load_state_dict`, then iterate.
    """

    seekable = True
    interruptible = False  # interrupted, the stream has advanced by a part of a batch

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Select the epoch of the next iterations; the stream's state says where they begin."""
        super().set_epoch(epoch)
        self._position = position

    def state_dict(self) -> dict[str, Any]:
        """Return the stream's state and that of its random generators."""
        random = {"random": None} if self._state is None else self._state.to_dict()
        return {"stream": self.source.stream.state_dict(), **random}  # type: ignore[attr-defined]

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Resume the next iteration where `state_dict` was taken."""
        self.source.stream.load_state_dict(state["stream"])  # type: ignore[attr-defined]
        random = state["random"]
        own = state.get("own", {})  # states of format versions 1 and 2 have none
        self._state = None if random is None else StreamState(tuple(random), own)


class _Shared:
    """Collate this process's shard of a global batch, and count both.

    A class: workers may have to pickle it.
    """

    def __init__(self, collate: Callable[[list[Any]], Any], shard: Shard) -> None:
        self.collate, self.shard = collate, shard

    def __call__(self, samples: list[Any]) -> tuple[Any, Counts]:
        start, stop = self.shard.bounds(0, len(samples))
        batch = self.collate(samples[start:stop]) if stop > start else None
        return batch, Counts(stop - start, len(samples))


@contextmanager
def preserve_state(stream: Any) -> Iterator[None]:
    """Restore a stateful stream after the block."""
    if not is_stateful(stream):
        yield
        return
    before = copy.deepcopy(stream.state_dict())
    try:
        yield
    finally:
        stream.load_state_dict(before)


def stream_batches(source: StreamDataset, **options: Any) -> StreamBatches:
    """Build the batches of a stream, resumable where it has state_dict and no workers."""
    resumable = is_stateful(source.stream) and not options["options"].get("num_workers")
    return (ResumableStreamBatches if resumable else StreamBatches)(source, **options)


_END = object()
