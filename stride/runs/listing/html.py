"""Show a run in a notebook."""

import time
from html import escape

from stride.runs.listing.rows.row import RunRow
from stride.runs.tags.tags_json import known_tags, shown_tags
from stride.visible import visible


def run_table(row: RunRow) -> str:
    """Return an HTML table of a run; every text out of the folder is escaped."""
    lines = [
        ("run", str(row.path)),
        ("state", f"{row.state}: {row.reason}" if row.reason else row.state),
        ("created", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.created))),
        ("duration", "" if row.duration is None else f"{row.duration:,.1f} s"),
        ("tags", " ".join(shown_tags(row.path))),
        ("note", known_tags(row.path).note),
        ("overrides", "\n".join(row.overrides)),
        *((f"best {name}", f"{value:.6g}") for name, value in row.best.items()),
        *((name, f"{value:.6g}") for name, value in row.test.items()),
        *((f"last {name}", f"{value:.6g}") for name, value in row.last.items()),
    ]
    body = "".join(_line(label, text) for label, text in lines if text)
    return f"<table>{body}</table>"


def _line(label: str, text: str) -> str:
    shown = escape(visible(text, lines=True)).replace("\n", "<br>")
    return f'<tr><th style="text-align:left">{escape(visible(label))}</th><td>{shown}</td></tr>'
