"""Give the runs of a work_dir their numbers, none of them twice."""

import os
from contextlib import suppress

from stride.errors import StrideError
from stride.log import LOGGER
from stride.runs.files.atomic import atomic_json, read_json
from stride.runs.layout import FORMAT_VERSION, RunPaths, WorkDirPaths, trashed_run
from stride.runs.run_names import checked_name, number_of

_FAR = 10**9  # beyond the largest run: no mark of ours, which would use the numbers up


class RunNumbers:
    """The numbers of a work_dir's runs, and the mark of the largest that was ever given.

    All but `trashed` is to be called under the work_dir's lock.
    """

    def __init__(self, paths: WorkDirPaths) -> None:
        """Bind to a work_dir, which need not exist yet."""
        self.paths = paths

    def claim_next(self, as_listed: bool) -> RunPaths:
        """Make the folder of the next number.

        Args:
            as_listed: what `is_as_listed` said under this lock.
        """
        known = self.highest()
        if known < 0:
            known = self._largest(above=max(self.trashed(), default=-1))
        elif not as_listed:
            known = self._largest(above=known)
        number = int(checked_name(known + 1))
        while True:
            self.raise_mark(number)
            with suppress(FileExistsError):
                self.paths.run(str(number)).path.mkdir()
                return self.paths.run(str(number))
            number += 1

    def raise_mark(self, number: int) -> None:
        """Record a number before its folder appears, so that a kill between wastes it only."""
        if number > self.highest():
            mark = {"format_version": FORMAT_VERSION, "highest": number}
            atomic_json(self.paths.high_water, mark)

    def settle_mark(self) -> None:
        """Take away a mark that no claim has written: numbers then go on from the largest run."""
        mark = self.paths.high_water
        if not os.path.lexists(mark):
            return
        highest = self.highest()
        if highest < 0 or (highest > _FAR and highest - self._largest(above=-1) > _FAR):
            LOGGER.warning("%s is damaged: run numbers continue from the largest run", mark)
            mark.unlink(missing_ok=True)

    def is_as_listed(self) -> bool:
        """Tell whether nothing was put into the work_dir but by claims since it was listed.

        A claim then need not list the runs, of which there may be many thousands.
        """
        try:
            mark, folder = os.lstat(self.paths.high_water), os.stat(self.paths.path)
        except OSError:
            return False
        return mark.st_mtime_ns == folder.st_mtime_ns

    def note_listing(self) -> None:
        """Give the mark the time of the last change of the work_dir."""
        changed = os.stat(self.paths.path).st_mtime_ns
        with suppress(OSError, NotImplementedError):  # the next claim then lists the runs
            os.utime(self.paths.high_water, ns=(changed, changed), follow_symlinks=False)

    def trashed(self) -> set[int]:
        """Return the numbers of the runs in the trash."""
        try:
            found = map(trashed_run, os.listdir(self.paths.trash))
        except OSError:  # there is none
            return set()
        return {number_of(run[0]) for run in found if run is not None} - {-1}

    def highest(self) -> int:
        """Return the largest number ever given, -1 where no mark tells."""
        try:
            highest = read_json(self.paths.high_water)["highest"]
        except (StrideError, KeyError, TypeError):
            return -1
        return highest if type(highest) is int and highest >= 0 else -1

    def _largest(self, above: int) -> int:
        """Return the largest number of any run, or `above` where none has a larger one.

        A folder named by a date, say, is not a run.
        """
        numbers = sorted(map(number_of, os.listdir(self.paths.path)), reverse=True)
        larger = (number for number in numbers if number > above)
        return next((n for n in larger if _is_begun(self.paths.run(str(n)))), above)


def _is_begun(paths: RunPaths) -> bool:
    """Tell a run, or what is left of one, from a claim that was never filled and anything else."""
    return paths.status.exists() or paths.segments.is_dir() or paths.config.exists()
