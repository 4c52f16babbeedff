"""Open the storage of a sweep, which Optuna writes: a journal in its folder, or a database."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from optuna.storages import BaseStorage, JournalStorage, get_storage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from stride.errors import RunError, UserError
from stride.runs.files.jsonl import LineFile
from stride.runs.files.lock import locked
from stride.runs.files.safe_open import require_own
from stride.runs.layout import SweepPaths


class _FileLock(JournalFileOpenLock):
    """Lock the journal by a lock that ends with its process; Optuna's own stays for 30 s.

    Who gets it cuts off the line that another process left torn, killed while it wrote, or on a
    full disk: the next line would be glued to it, and Optuna reads no journal with such a line.
    """

    def __init__(self, paths: SweepPaths) -> None:
        super().__init__(str(paths.journal))
        self._paths = paths
        self._held: AbstractContextManager[None] | None = None

    def acquire(self) -> bool:
        held = locked(self._paths.journal_lock)
        held.__enter__()
        self._held = held
        if _is_torn(self._paths.journal):
            LineFile(self._paths.journal).close()
        return True

    def release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.__exit__(None, None, None)


def _is_torn(journal: Path) -> bool:
    with suppress(OSError), journal.open("rb") as file:  # an empty one is whole
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
    return False


def open_storage(paths: SweepPaths, url: str | None = None) -> BaseStorage:
    """Open the storage of a sweep.

    Args:
        paths: of the sweep.
        url: of a database that Optuna knows, None for the journal.

    Raises:
        UserError: the database cannot be opened.
    """
    if url is not None:
        return _database(url)
    return JournalStorage(JournalFileBackend(str(paths.journal), _FileLock(paths)))


def read_storage(paths: SweepPaths, url: str | None = None) -> BaseStorage:
    """Open the storage of a sweep to read what it holds; its folder stays as it is.

    Args:
        paths: of the sweep.
        url: as in `open_storage`.

    Raises:
        UserError: the storage is missing or broken, or the database cannot be opened.
    """
    if url is not None:
        return _database(url)
    require_own(paths.journal)
    try:
        return JournalStorage(JournalFileBackend(str(paths.journal)))
    except Exception as error:  # whatever Optuna says of a line that it did not write
        what = f"Optuna cannot read this journal: {' '.join(str(error).split())}"
        raise RunError(what, where=str(paths.journal), hint="put back a copy of it") from error


def lasting_url(url: str) -> str:
    """Return the URL of a database as it is understood in any folder and by any process.

    Raises:
        UserError: it is not a URL, or of a database that ends with its process.
    """
    from sqlalchemy import make_url

    with _refusing(url):
        made = make_url(url)
    if made.get_backend_name() != "sqlite":
        return url
    if made.database in (None, "", ":memory:"):
        raise _refused(url, "it is in memory, and ends with this process")
    path = os.path.abspath(str(made.database))
    return made.set(database=path).render_as_string(hide_password=False)


def _database(url: str) -> BaseStorage:
    with _refusing(url):
        return get_storage(url)


@contextmanager
def _refusing(url: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of SQLAlchemy, of a driver that is not installed, of the network
        raise _refused(url, (str(error).splitlines() or [type(error).__name__])[0]) from error


def _refused(url: str, why: str) -> UserError:
    return UserError(
        f"Optuna cannot open this storage: {why}",
        where=f"--storage {url}",
        hint="type a URL of SQLAlchemy, as sqlite:////path/to/file.db, or leave it out",
    )
