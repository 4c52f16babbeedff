"""Tell what to type to train the runs of a report again, or to go on with them."""

from collections.abc import Iterator, Sequence

from stride.pages.page import escaped
from stride.report.contents import Contents
from stride.runs.listing.facts import Facts
from stride.runs.listing.rows.row import RunRow
from stride.runs.status import RESUMABLE
from stride.visible import quoted

_MOST = 20  # runs for which a command is written out
_FIELD = "commit"


def reproduction(contents: Contents) -> Iterator[str]:
    """Yield commands: by the commit of the code, the runs that are done, then those that go on."""
    by_commit: dict[str, list[RunRow]] = {}
    for facts, row in zip(contents.runs, contents.rows, strict=True):
        if row.state == "done":
            by_commit.setdefault(_commit(facts), []).append(row)
    for commit, rows in by_commit.items():
        checkout = [f"git checkout {quoted(commit)}"] if commit else []
        yield from _commands("The same again, bit by bit:", checkout, "reproduce", rows)
    resumable = [row for row in contents.rows if row.state in RESUMABLE]
    if resumable:
        yield from _commands("To go on with what has not come to its end:", [], "resume", resumable)


def _commit(facts: Facts) -> str:
    git = facts.provenance.get("git")
    found = git.get("commit") if isinstance(git, dict) else None
    return found if isinstance(found, str) else ""


def _commands(
    title: str, before: Sequence[str], command: str, rows: Sequence[RunRow]
) -> Iterator[str]:
    typed = [*before, *(f"stride {command} {quoted(row.path)}" for row in rows[:_MOST])]
    text = "\n".join(map(escaped, typed))
    yield f'<p>{title}</p><pre tabindex="0">{text}</pre>'
    if len(rows) > _MOST:
        yield f'<p class="soft">And {len(rows) - _MOST} more likewise.</p>'
