import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stride.runs.layout import RunPaths
from stride.runs.listing.html import run_output, runs_output
from stride.runs.listing.rows.row import RunRow
from stride.runs.tags.tags_json import change_tags, write_note

EVIL = '<script>alert("1")</script>'


class Tags(HTMLParser):
    """Collect the names of all tags, and refuse those that are not closed in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self._open: list[str] = []
        self.feed(html)
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        if tag != "br":
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag


def body(html: str) -> str:
    return re.sub("<style>.*</style>", "", html, flags=re.DOTALL)


def test_every_text_out_of_the_folder_is_escaped():
    row = RunRow(
        EVIL,
        Path("w") / EVIL,
        EVIL,
        EVIL,
        best={EVIL: 0.5},
        last={EVIL: float("nan")},
        test={EVIL: 1.0},
        monitor=EVIL,
        overrides=(EVIL, "a=1"),
        broken=EVIL,
    )
    for shown in (run_output(row), runs_output([row])):
        assert "script" not in Tags(shown).names and '"1"' not in shown
        assert "&lt;script&gt;" in shown


def test_tags_and_note_are_shown_where_there_are_some(tmp_path):
    change_tags(RunPaths(tmp_path), ["paper"])
    write_note(RunPaths(tmp_path), f"two\n{EVIL}")
    shown = run_output(RunRow("3", tmp_path, "done"))
    assert ">paper<" in shown and ">note<" in shown and "two<br>&lt;script" in shown
    assert "tags" not in body(run_output(RunRow("3", Path("w/3"), "done")))


def test_a_run_shows_its_state_and_what_it_reached():
    row = RunRow(
        "3",
        Path("w/3"),
        "done",
        "max_epochs",
        duration=1234.5,
        best={"validation/epoch_loss": 0.25},
        test={"test/accuracy": 0.75},
        monitor="validation/epoch_loss",
    )
    shown = run_output(row)
    told = ["best validation/epoch_loss", ">0.25<", "test/accuracy", ">0.75<"]
    for text in ("w/3", '"tone good">done<', "max_epochs", "took 20m 34s", *told):
        assert text in shown
    assert "overrides" not in body(shown) and "to go on" not in shown


@pytest.mark.parametrize(
    ("name", "state", "lines"),
    [
        ("3", "interrupted", ["trainer.fit(resume=3)", "stride resume &#x27;a b/3&#x27;"]),
        ("lr", "failed", ["trainer.fit(resume=&#x27;lr&#x27;)", "load_run(&#x27;a b/lr&#x27;)"]),
        ("3", "waiting", ["stride label &#x27;a b/3&#x27;"]),
        ("3", "running", []),
    ],
)
def test_a_run_says_how_to_go_on(name, state, lines):
    shown = run_output(RunRow(name, Path("a b") / name, state))
    assert all(line in shown for line in lines)
    assert ("to go on" in shown) == bool(lines)


def test_a_list_shows_the_newest_and_how_many_more():
    rows = [RunRow(str(n), Path("w") / str(n), "done") for n in range(60)]
    shown = runs_output(rows)
    assert shown.count("<tr>") == 51 and "10 more" in shown and "style=" in shown
    assert "more" not in body(runs_output(rows[:50]))


def test_style_is_for_the_output_alone():
    style = re.findall("<style>(.*)</style>", run_output(RunRow("3", Path("w/3"), "done")), re.S)
    selectors = re.findall(r"(?:^|})([^{}]+){", style[0])
    assert selectors and all(".stride-output" in selector for selector in selectors)
    assert "prefers-color-scheme" not in style[0]
