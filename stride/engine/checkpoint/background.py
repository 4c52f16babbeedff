"""Share work between threads, or have it done in the background."""

import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(work: Callable[[Item], Result], items: Sequence[Item], number: int) -> list[Result]:
    """Do the work on each item, here and in more threads; return the results in order.

    Plain threads, since a pool of `concurrent.futures` takes no work while the process ends.

    Raises:
        BaseException: the first error, once no thread works any more.
    """
    left = list(reversed(list(enumerate(items))))
    taking = threading.Lock()
    results: dict[int, Result] = {}
    errors: list[BaseException] = []

    def pull() -> None:
        try:
            while not errors:
                with taking:
                    if not left:
                        return
                    place, item = left.pop()
                results[place] = work(item)
        except BaseException as error:
            errors.append(error)

    others = [threading.Thread(target=pull, name=f"stride-{n}") for n in range(1, number)]
    for other in others:
        other.start()
    pull()
    for other in others:
        other.join()
    if errors:
        raise errors[0]
    return [results[place] for place in range(len(items))]


class BackgroundTask(threading.Thread):
    """Do one thing in the background, and keep its error for whoever asks.

    A daemon: who needs it done waits for it, and a process that is told to end at once does.

    Args:
        work: what is done; it begins at once.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(name="stride-checkpoint", daemon=True)
        self._work, self._context = work, copy_context()
        self._error: BaseException | None = None
        self._done = threading.Event()
        self.start()

    def run(self) -> None:
        """Do it."""
        try:
            self._context.run(self._work)  # so that it speaks for who has begun it
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    def is_done(self) -> bool:
        """Tell whether it has come to its end."""
        return self._done.is_set()

    def wait(self) -> None:
        """Wait for its end; who is interrupted at that may wait again."""
        # No join: a signal inside of one lets Python 3.11 take a living thread for an ended one.
        self._done.wait()

    def check(self) -> None:
        """Wait for its end and raise the error that it ended by, if there is one."""
        self.wait()
        if self._error is not None:
            raise self._error
