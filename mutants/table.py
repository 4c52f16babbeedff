"""Read the tables of mutants, one TOML file a package."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TABLES = sorted(Path(__file__).parent.glob("*.toml"))


@dataclass(frozen=True)
class Mutant:
    """A replacement in one file.

    `test` is the test that sees it. A mutant without one says why: it is `equivalent` (nobody
    could see a difference), or it `survives`.
    """

    table: str
    name: str
    file: str
    old: str
    new: str
    test: str = ""
    equivalent: str = ""
    survives: str = ""

    def applied(self, source: str) -> str:
        """Return the file's text with the fault in it.

        Raises:
            ValueError: The text to replace is not there exactly once.
        """
        if source.count(self.old) != 1 or self.old == self.new:
            what = f"{self.table}: {self.name!r}: {source.count(self.old)} places in {self.file}"
            raise ValueError(f"{what}, not 1")
        return source.replace(self.old, self.new)


def read_mutants(tables: list[Path]) -> list[Mutant]:
    """Read all the mutants of some tables.

    Raises:
        ValueError: One has not exactly one of test, equivalent and survives.
        TypeError: One has another key.
    """
    return [_mutant(path, row) for path in tables for row in _rows(path)]


def _rows(path: Path) -> list[dict[str, Any]]:
    return list(tomllib.loads(path.read_text(encoding="utf-8"))["mutant"])


def _mutant(path: Path, row: dict[str, Any]) -> Mutant:
    mutant = Mutant(path.stem, **row)
    if sum(map(bool, (mutant.test, mutant.equivalent, mutant.survives))) != 1:
        raise ValueError(f"{path.name}: {mutant.name!r} wants one of test, equivalent, survives")
    return mutant
