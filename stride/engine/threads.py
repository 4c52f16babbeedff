"""Share work between threads, or have it done in the background."""

import threading
from collections.abc import Callable, Sequence
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


class Errand(threading.Thread):
    """Do one thing in the background, and keep its error for whoever asks.

    No daemon: a process that ends waits for it, so that nothing half-made is left behind.

    Args:
        work: what is done; it begins at once.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(name="stride-checkpoint")
        self._work = work
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Do it."""
        try:
            self._work()
        except BaseException as error:
            self._error = error

    def check(self) -> None:
        """Raise the error that it ended by, if there is one."""
        if self._error is not None:
            raise self._error
