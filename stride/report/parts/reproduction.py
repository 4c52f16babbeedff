"""Tell what to type to train the runs of a report again, or to go on with them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Self

from stride.pages.page import escaped
from stride.report.contents import Contents
from stride.runs.deciding.configurations import DONE
from stride.runs.listing.facts import Facts
from stride.runs.listing.rows.row import RunRow
from stride.runs.status import RESUMABLE
from stride.visible import quoted

_MOST = 20  # runs for which a command is written out


def reproduction(contents: Contents) -> Iterator[str]:
    """Yield commands: by the code of the runs those that are done, then those that go on.

    Runs that other tools recorded are among neither.
    """
    pairs = zip(contents.runs, contents.rows, strict=True)
    own = [(facts, row) for facts, row in pairs if facts.imported is None]
    by_code: dict[_Code, list[RunRow]] = {}
    for facts, row in own:
        if row.state == DONE:
            by_code.setdefault(_Code.of(facts), []).append(row)
    for code, rows in by_code.items():
        yield from _commands("The same again, bit by bit:", rows, "reproduce", *code.words())
    if resumable := [row for _, row in own if row.state in RESUMABLE]:
        yield from _commands("To go on with what has not come to its end:", resumable, "resume")


class _Code(NamedTuple):
    """Hold from which code a run was started.

    Attributes:
        commit: empty where there was none.
        changed: whether there were changes that were not committed.
    """

    commit: str
    changed: bool

    @classmethod
    def of(cls, facts: Facts) -> Self:
        """Return that of a run."""
        git = facts.provenance.get("git")
        git = git if isinstance(git, Mapping) else {}
        return cls(str(git.get("commit") or ""), git.get("dirty") is True)

    def words(self) -> tuple[str, str]:
        """Return what to type first, and what behind each run."""
        if self.changed:
            return "", " --code"
        return f"git checkout {quoted(self.commit)}" if self.commit else "", ""


def _commands(
    title: str, rows: Sequence[RunRow], command: str, before: str = "", behind: str = ""
) -> Iterator[str]:
    typed = [f"stride {command} {quoted(row.path)}{behind}" for row in rows[:_MOST]]
    text = "\n".join(escaped(line) for line in (before, *typed) if line)
    yield f'<p>{title}</p><pre tabindex="0">{text}</pre>'
    if len(rows) > _MOST:
        yield f'<p class="soft">And {len(rows) - _MOST} more likewise.</p>'
