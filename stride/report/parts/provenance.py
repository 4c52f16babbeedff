"""Show where the runs of a report come from: code, versions, machines, data, commands."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from os.path import basename
from typing import Any

from stride.pages.page import panel
from stride.report.contents import Contents
from stride.report.counts import counted
from stride.tables.table import Column, Table

Record = Mapping[str, Any]


def provenance(contents: Contents) -> Iterator[str]:
    """Yield what runs have in common, then the commands by which they were started."""
    records = [facts.provenance for facts in contents.runs]
    texts = {name: [*filter(None, map(read, records))] for name, read in _FACTS.items()}
    rows = [[name, "\n".join(counted(some))] for name, some in texts.items() if some]
    table = Table([Column("what", str), Column("value (runs)", str)], rows)
    yield panel(table, "provenance")
    yield "<h3>Commands</h3>"
    yield panel(_commands(contents), "commands", sortable=True)


def _commands(contents: Contents) -> Table:
    """Return the commands by which the runs were started, a sweep's once for all of its runs."""
    started: dict[str, list[str]] = {}
    for facts in contents.runs:
        command = command_of(facts.provenance) or "not recorded"
        started.setdefault(command, []).append(contents.name(facts.row))
    columns = [Column("command", str), Column("runs", ", ".join)]
    return Table(columns, [*started.items()])


def _text(*keys: str) -> Callable[[Record], str]:
    """Return what reads a text of a record, empty where there is none."""

    def read(record: Record) -> str:
        found: Any = record
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return str(found) if isinstance(found, str | int | float) else ""

    return read


_commit = _text("git", "commit")


def code_of(record: Record) -> str:
    """Return commit and branch, and whether the code was changed since."""
    commit, branch = _commit(record), _text("git", "branch")(record)
    if not commit:
        return ""
    is_changed = _text("git", "dirty")(record) == "True"
    changed = " with uncommitted changes (code.patch)" if is_changed else ""
    return f"{commit}{f' on {branch}' if branch else ''}{changed}"


def devices_of(record: Record) -> str:
    """Return the devices, those that there are several of once with their number."""
    found = record.get("devices")
    counts = Counter(map(str, found)) if isinstance(found, list) else Counter[str]()
    return ", ".join(name if n == 1 else f"{n} x {name}" for name, n in counts.items())


def command_of(record: Record) -> str:
    """Return the command, that of STRIDE without the paths of its program."""
    found = record.get("command")
    words = [*map(str, found)] if isinstance(found, list) else []
    start = next((at for at, word in enumerate(words[:2]) if basename(word) == "stride"), None)
    return shlex.join(words if start is None else ["stride", *words[start + 1 :]])


_FACTS: Mapping[str, Callable[[Record], str]] = {
    "code": code_of,
    "STRIDE": _text("stride"),
    "torch": _text("versions", "torch"),
    "numpy": _text("versions", "numpy"),
    "Python": _text("python"),
    "platform": _text("platform"),
    "host": _text("hostname"),
    "devices": devices_of,
    "threads": _text("threads", "torch"),
    "data": _text("data_fingerprint"),
    "seed": _text("seeds", "seed"),
}
"""What is told of all runs together, in this order."""
