from pathlib import Path

from stride.runs.layout import RunPaths
from stride.runs.listing.html import run_table
from stride.runs.listing.rows.row import RunRow
from stride.runs.tags.tags_json import change_tags, write_note

EVIL = '<script>alert("1")</script>'


def test_every_text_out_of_the_folder_is_escaped():
    row = RunRow(
        EVIL,
        Path("w") / EVIL,
        EVIL,
        EVIL,
        best={EVIL: 0.5},
        last={EVIL: float("nan")},
        overrides=(EVIL, "a=1"),
        broken=EVIL,
    )
    shown = run_table(row)
    assert "<script" not in shown and '"1"' not in shown
    assert shown.count("&lt;script&gt;") == 6


def test_tags_and_note_are_shown_where_there_are_some(tmp_path):
    change_tags(RunPaths(tmp_path), ["paper"])
    write_note(RunPaths(tmp_path), EVIL)
    shown = run_table(RunRow("3", tmp_path, "done"))
    assert ">paper<" in shown and ">note<" in shown and "<script" not in shown
    assert "tags" not in run_table(RunRow("3", Path("w/3"), "done"))


def test_the_table_shows_state_duration_and_metrics():
    row = RunRow(
        "3",
        Path("w/3"),
        "done",
        "max_epochs",
        duration=1234.5,
        best={"validation/epoch_loss": 0.25},
        test={"test/accuracy": 0.75},
    )
    shown = run_table(row)
    told = ["best validation/epoch_loss", "0.25", "test/accuracy", "0.75"]
    for text in ("w/3", "done: max_epochs", "1,234.5 s", *told):
        assert text in shown
    assert "overrides" not in shown
