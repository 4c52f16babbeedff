"""Put each fault into a copy of the source, run its test, and print how many were seen.

`python -m mutants [TABLE...] [--only TEXT] [--workers N]`; the exit code is 1 where a package's
share is under the goal, or a test no longer sees what it is said to see.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from mutants.table import TABLES, Mutant, read_mutants
from mutants.trial import Copy

GOAL = 0.95


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the mutants that were asked for; return the exit code."""
    options = _parse(arguments)
    tables = [path for path in TABLES if path.stem in (options.table or path.stem)]
    mutants = [one for one in read_mutants(tables) if options.only in one.name]
    with tempfile.TemporaryDirectory() as folder, _copies(Path(folder), options.workers) as copies:
        _require_green(copies, mutants)
        with ThreadPoolExecutor(options.workers) as pool:
            tried = [one for one in mutants if one.test]
            seen = dict(zip(tried, pool.map(lambda one: _try(copies, one), tried), strict=True))
    return _report(mutants, seen)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m mutants", description=__doc__)
    names = [path.stem for path in TABLES]
    parser.add_argument("table", nargs="*", help=f"a package; of {', '.join(names)}")
    parser.add_argument("--only", default="", help="those with this text in their name")
    parser.add_argument("--workers", type=int, default=2, help="tests at once")
    options = parser.parse_args(arguments)
    if unknown := set(options.table) - set(names):
        parser.error(f"no table {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return options


@contextmanager
def _copies(folder: Path, count: int) -> Iterator["SimpleQueue[Copy]"]:
    made = [Copy(folder / str(number)) for number in range(count)]
    copies: SimpleQueue[Copy] = SimpleQueue()
    for copy in made:
        copies.put(copy)
    try:
        yield copies
    finally:
        for copy in made:
            copy.close()


def _require_green(copies: "SimpleQueue[Copy]", mutants: list[Mutant]) -> None:
    """Stop where a test fails without any fault: it could say nothing of one."""
    tests = sorted({test for one in mutants for test in one.test.split()})
    copy = copies.get()
    if tests and not copy.passes(tests):
        sys.exit("a test fails on the source as it is")
    copies.put(copy)


def _try(copies: "SimpleQueue[Copy]", mutant: Mutant) -> bool:
    copy = copies.get()
    try:
        seen = copy.sees(mutant)
    finally:
        copies.put(copy)
    print(f"{'seen' if seen else 'NOT SEEN':9} {mutant.table}: {mutant.name}", flush=True)
    return seen


def _report(mutants: list[Mutant], seen: dict[Mutant, bool]) -> int:
    """Print one row a package and each survivor; return the exit code."""
    code = 0
    print(f"\n{'package':12} {'mutants':>8} {'equivalent':>11} {'killed':>7} {'share':>6}")
    for table in sorted({one.table for one in mutants}):
        mine = [one for one in mutants if one.table == table]
        killed, equivalent = (
            sum(seen.get(one, False) for one in mine),
            sum(bool(one.equivalent) for one in mine),
        )
        share = killed / max(len(mine) - equivalent, 1)
        code |= share < GOAL
        print(f"{table:12} {len(mine):8} {equivalent:11} {killed:7} {share:6.0%}")
    for one in mutants:
        if not (one.equivalent or seen.get(one)):
            code |= not one.survives
            print(f"survives: {one.table}: {one.name}: {one.survives or one.test}")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
