"""Let all ranks stop, and save, after the same step."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from stride.distributed import broadcast, gather, rank, world_size
from stride.engine.stopping import StopRequest

SECONDS = 1.0  # between two agreements, at most: launchers wait for a signal half a minute


class StopConsensus:
    """Bring together what each rank was asked, at steps that all of them know.

    Nothing waits for another rank in between. Where steps take long, fewer of them lie between two
    agreements; rank 0's clock decides how many. In one process there is nothing to agree on.

    Args:
        stop: what the loop obeys.
        every: at how many steps ranks agree at most, beside those that report.
        log_interval: steps between two reports.

    Attributes:
        local_request: where this process's signals and requests are noted; `stop` itself in one
            process.
    """

    def __init__(self, stop: StopRequest, every: int, log_interval: int) -> None:
        self.stop = stop
        self.local_request = stop if world_size() == 1 else StopRequest()
        self._every, self._log_interval = every, log_interval
        self._now: float = broadcast(time.monotonic())
        self._step = self._next = 0

    def is_due(self, step: int) -> bool:
        """Tell whether the ranks agree after this step."""
        return step >= self._next or step % self._log_interval == 0

    def sync(self, step: int, news: bool = False) -> bool:
        """Take the request of the first rank that has one, and the first signal.

        Returns:
            Rank 0's news.
        """
        if world_size() == 1:
            return news
        own = (
            self.local_request.reason,
            self.local_request.status,
            self.local_request.signal,
            self.local_request.spent,
            time.monotonic(),
            news,
        )
        answers = gather(own)
        self._pace(step, answers[0][4])
        if not self.stop.reason:
            requests = [(reason, status) for reason, status, *_ in answers if reason]
            self.stop.reason, self.stop.status = requests[0] if requests else ("", "done")
        signals = [number for _, _, number, *_ in answers if number]
        self.stop.signal = self.stop.signal or (signals[0] if signals else 0)
        self.stop.spent = self.stop.spent or next((s for *_, s, _, _ in answers if s), "")
        return bool(answers[0][5])

    def _pace(self, step: int, now: float) -> None:
        """Choose the next step to agree at, by how long those since the last time took."""
        steps, seconds = step - self._step, now - self._now
        fit = int(SECONDS * steps / seconds) if self._step and seconds > 0 else 1
        self._next = step + max(1, min(self._every, fit))
        self._step, self._now = step, now

    def now(self) -> float:
        """Return rank 0's clock as it was when the ranks last agreed."""
        return self._now


class PerRankState:
    """A part of the training state that every rank has its own of.

    Args:
        part: this process's; has `load_others(states)` for those of another number of ranks.
    """

    def __init__(self, part: Any) -> None:
        self.part = part

    def state_dict(self) -> dict[str, Any]:
        """Return the states of all ranks; every rank has to ask."""
        states = gather(self.part.state_dict())
        return states[0] if len(states) == 1 else {"ranks": states}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take this rank's state, or make one from those of another number of ranks."""
        states: Sequence[Any] = state.get("ranks", [state])
        if len(states) == world_size():
            self.part.load_state_dict(states[rank()])
        else:
            self.part.load_others(states)
