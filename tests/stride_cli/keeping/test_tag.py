"""`stride tag` and `stride note`."""

import csv
import io
import json


def test_tags_are_added_removed_and_printed(stride, make_run) -> None:
    make_run()
    make_run(loss=0.25)
    assert "tags" not in stride("ls", "W").out
    assert stride("tag", "W/0", "+paper", "-old").out == "run  tags   note\nW/0  paper  -\n"
    assert stride("tag", "-h-is-a-tag", "W/0", "W/1", "+a").code == 0  # and no option
    (first, second) = json.loads(stride("tag", "W/0", "W/1", "--json").out)
    assert first == {"run": "0", "path": "W/0", "tags": ["a", "paper"], "note": ""}
    assert second["tags"] == ["a"]
    assert "Usage" in stride("tag", "-h").out
    header, _, line = stride("ls", "W").out.splitlines()
    assert header.split()[-2:] == ["tags", "overrides"] and "  a paper" in line
    chosen = stride("ls", "W", "--columns", "tag,note").out.splitlines()
    assert [line.split() for line in chosen[1:]] == [
        ["1", "done", "a", "-"],
        ["0", "done", "a", "paper", "-"],
    ]
    sheet = csv.reader(io.StringIO(stride("ls", "W", "--columns", "tag", "--csv").out))
    assert [json.loads(line[-1]) for line in [*sheet][1:]] == [["a"], ["a", "paper"]]
    stride("note", "W/0", "good")
    shown = [line.split(None, 1) for line in stride("show", "W/0").out.splitlines()]
    assert ["tags", "a paper"] in shown and ["note", "good"] in shown
    (_, row) = json.loads(stride("ls", "W", "--json").out)
    assert (row["tags"], row["note"]) == (["a", "paper"], "good")
    assert stride("ls", "W", "--csv").out.splitlines()[2].endswith(",a paper,good,work_dir=W")


def test_runs_of_a_work_dir_are_chosen_by_a_query(stride, make_run) -> None:
    for loss in (0.1, 0.2, 0.3):
        make_run(loss=loss)
    found = json.loads(stride("tag", "W", "+good", "--where", "val_loss < .25", "--json").out)
    assert [one["run"] for one in found] == ["0", "1"]
    asked = stride("ls", "W", "--where", "tag:good and not tag ~ pap*", "--json").out
    assert [one["run"] for one in json.loads(asked)] == ["1", "0"]
    assert stride("tag", "W", "-good", "--where", "tag:good").out.count(" - ") == 2
    assert stride("tag", "W", "--where", "-7d < started", "-y").out.count(" - ") == 3
    none = stride("tag", "W", "+x", "--where", "tag:good")
    assert none == (0, "", "no runs in W where tag:good\n")


def test_mistakes_change_nothing(stride, make_run) -> None:
    run = make_run()
    for words, told in [
        (["W", "+a"], "W is a work_dir, not a run; type: W/RUN, or --where 'status == failed'"),
        (["W/0", "W/7", "+a"], "no run '7' (W)"),
        (["W/0", "+a", "+My Tag"], "; type: +my-tag"),
        (["W", "+a", "--where", "tga:a"], "did you mean 'tag'"),
        (["+a"], "no run is named; type: stride tag RUN +TAG"),
    ]:
        code, out, err = stride("tag", *words)
        assert (code, out) == (2, "") and told in err
    assert not run.tags.exists()


def test_a_note_is_written_printed_and_found(stride, make_run) -> None:
    make_run()
    assert stride("note", "W/latest") == (0, "", "")
    assert stride("note", "W/0", "Too high\na rate \x1b[31m").code == 0
    assert stride("note", "W/0").out == "Too high\na rate \\x1b[31m\n"
    asked = stride("ls", "W", "--where", "note ~ 'too high'", "--json").out
    assert len(json.loads(asked)) == 1
    assert stride("note", "W/0", "") == (0, "", "")
    assert stride("note", "W/0").out == ""


def test_tags_that_cannot_be_read_are_told_in_a_word(stride, make_run):
    paths = make_run()
    make_run()
    paths.tags.write_text('{"format_version": 3, "ta')
    code, out, err = stride("ls", "W")
    assert (code, err) == (0, "") and out.splitlines()[0].split()[-2] == "tags"
    assert [line.split()[0] for line in out.splitlines() if "(broken)" in line] == ["0"]
    shown = stride("show", "W/0")
    assert shown.code == 0 and "tags        (broken)" in shown.out.splitlines()
