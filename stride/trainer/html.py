"""Show a trainer in a notebook."""

from collections.abc import Iterator

from stride.config import Resolved
from stride.config.secrets import MASK, is_secret
from stride.errors import RunError
from stride.pages.notebook import code, facts, notebook_output, soft, table
from stride.pages.page import escaped
from stride.runs.listing.html import runs_table
from stride.runs.listing.query import Listing, list_newest
from stride.tables.table import Column, Table
from stride.tables.words import setting
from stride.trainer.builder import Builder

_SHOWN = 10  # runs
_PLACE = frozenset({"work_dir", "trainer"})  # told above the settings


def trainer_output(builder: Builder) -> str:
    """Return a trainer as HTML: what it is bound to, what it was given, and its runs."""
    resolved = builder.resolved
    parts = [_head(resolved), _settings(resolved), facts(_facts(builder)), _runs(resolved.work_dir)]
    return notebook_output(parts)


def _head(resolved: Resolved) -> str:
    kind = soft(f"{resolved.config.trainer}, in")
    return f'<p class="head"><b>Trainer</b> {kind} {code(resolved.config.work_dir)}</p>'


def _settings(resolved: Resolved) -> str:
    """Return what differs from the defaults, and where it comes from."""
    rows = [
        [key, MASK if is_secret(key, value) else setting(value), origin]
        for key, value, origin in resolved.listing()
        if origin != "default" and key not in _PLACE
    ]
    if not rows:
        return f"<p>{soft('All settings are the defaults.')}</p>"
    return table(Table([Column("setting"), Column("value"), Column("from")], rows))


def _facts(builder: Builder) -> Iterator[tuple[str, str]]:
    """Yield what is built of the config, where something is."""
    if builder.assembly is not None:
        network = builder.assembly.model.network
        count = sum(p.numel() for p in network.parameters())
        yield "network", escaped(f"{type(network).__name__}, {count:,} parameters")
    yield "to train", code("trainer.fit()")


def _runs(work_dir: str) -> str:
    found = _newest(work_dir)
    if not found.rows:
        return f"<p>{soft('No runs yet.')}</p>"
    rest = found.total - len(found.rows)
    more = f"<p>{soft(f'{rest} older runs:')} {code(f'open_runs({work_dir!r})')}</p>"
    return runs_table(found.rows) + (more if rest else "")


def _newest(work_dir: str) -> Listing:
    try:
        return list_newest(work_dir, limit=_SHOWN)
    except RunError:  # before the first run there is no such folder
        return Listing([], 0)
