"""Build an environment in a process of its own, which the signals of a training do not end."""

import os
from collections.abc import Callable
from typing import Any, final

from stride.data.batches.loader import WorkerStart


@final
class ProcessEnv:
    """Call what builds an environment, there or, for its spaces, here.

    Args:
        build: builds it.
    """

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build, self._starter = build, os.getpid()

    def __call__(self) -> Any:
        """Return the environment; in another process, ignore signals and end with this one."""
        if os.getpid() != self._starter:
            WorkerStart()(0)
        return self._build()
