import csv
import io
import json
from pathlib import Path


def timeless(line: str) -> list[str]:
    """Return the words of a line without age and duration."""
    words = line.split()
    return words[:2] + words[4:]


def test_newest_first_with_what_differs(stride, make_run) -> None:
    make_run("seed=3", "optimizer_kwargs.lr=0.1", loss=0.25)
    make_run("seed=3", "optimizer_kwargs.lr=0.2", name="big-lr")
    code, out, err = stride("ls", "W")
    assert (code, err) == (0, "")
    shared, title, *lines = out.splitlines()
    assert shared == "all runs: seed=3"
    assert title == "run     status  age  duration  best validation/epoch_loss  overrides"
    assert [timeless(line) for line in lines] == [
        ["big-lr", "done", "0.5", "optimizer_kwargs.lr=0.2"],
        ["0", "done", "0.25", "optimizer_kwargs.lr=0.1"],
    ]


def test_chosen_metrics_under_any_name(stride, make_run) -> None:
    make_run("seed=3")
    out = stride("ls", "W", "-m", "val_accuracy", "-m", "val_loss").out
    assert out.splitlines()[0].split() == [
        "run",
        "status",
        "age",
        "duration",
        "best",
        "validation/epoch_accuracy",
        "best",
        "validation/epoch_loss",
        "overrides",
    ]


def test_a_metric_that_no_run_has_is_a_mistake(stride, make_run) -> None:
    make_run()
    code, out, err = stride("ls", "W", "-m", "validation/epoch_los")
    assert (code, out) == (2, "")
    assert err == (
        "stride: error: no run here has a metric 'validation/epoch_los'; "
        "did you mean 'validation/epoch_loss'?\n"
    )


def test_a_link_that_leads_to_itself_is_as_old_as_the_link(stride, make_run) -> None:
    folder = make_run(name="a").path.parent
    (folder / "loop").symlink_to("loop")
    shown = next(line for line in stride("ls", "W").out.splitlines() if "loop" in line).split()
    assert shown[:2] == ["loop", "broken"] and shown[2] in ("now", *(f"{n}s" for n in range(60)))
    code, _, err = stride("show", "W/loop")
    assert code == 2 and "W/loop cannot be read whole: a link that leads to itself" in err


def test_a_broken_run_is_listed_with_its_reason_and_hides_no_other(stride, make_run) -> None:
    make_run()
    make_run().status.write_text("{oops")
    code, out, _ = stride("ls", "W")
    assert code == 0
    assert "broken" in out and "(status.json is not JSON" in out
    assert "done" in out


def test_json_has_every_run_and_field(stride, make_run) -> None:
    make_run("seed=3")
    (row,) = json.loads(stride("ls", "W", "--json").out)
    assert row["run"] == "0"
    assert row["path"] == "W/0"
    assert row["status"] == "done"
    assert row["best"]["validation/epoch_loss"] == 0.5
    assert row["overrides"] == ["work_dir=W", "seed=3"]


def test_csv_has_a_column_for_each_metric(stride, make_run) -> None:
    make_run("seed=3")
    (row,) = csv.DictReader(io.StringIO(stride("ls", "W", "--csv").out))
    assert row["run"] == "0"
    assert row["validation/epoch_accuracy"] == "0.9"
    assert row["overrides"] == "work_dir=W seed=3"


def test_the_newest_n(stride, make_run) -> None:
    for _ in range(3):
        make_run()
    assert [row["run"] for row in json.loads(stride("ls", "W", "-n", "2", "--json").out)] == [
        "2",
        "1",
    ]
    assert len(json.loads(stride("ls", "W", "--json").out)) == 3


def test_a_terminal_shows_fifty(stride, make_run, monkeypatch) -> None:
    monkeypatch.setattr("stride_cli.reading.ls.NEWEST", 2)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for _ in range(3):
        make_run()
    assert len(stride("ls", "W", "--all").out.splitlines()) == 4


def test_no_work_dir_and_no_runs(stride, tmp_path: Path) -> None:
    code, out, err = stride("ls", "nowhere")
    assert (code, out) == (2, "")
    assert err == "stride: error: no work_dir here (nowhere); type: stride ls WORK_DIR\n"
    (tmp_path / "empty").mkdir()
    assert stride("ls", "empty") == (0, "", "no runs in empty\n")
    assert stride("ls", "empty", "--json").out == "[]\n"


def test_runs_are_asked_for_by_a_query(stride, make_run) -> None:
    for lr, loss in ((0.1, 0.5), (0.01, 0.25), (0.001, 0.75)):
        make_run(f"optimizer_kwargs.lr={lr}", loss=loss)
    make_run("optimizer_kwargs.lr=0.2", name="bad", loss=None, state="failed")
    code, out, err = stride("ls", "W", "--where", "lr < .05 and status == done")
    assert (code, err) == (0, "")
    assert [timeless(line)[0] for line in out.splitlines()[1:]] == ["2", "1"]
    out = stride("ls", "W", "--sort", "-val_loss", "-n", "2").out
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["2", "0"]
    code, out, err = stride("ls", "W", "--where", "lr > 1")
    assert (code, out, err) == (0, "", "no runs in W where lr > 1\n")


def test_forks_and_reproductions_are_marked(stride, make_run, tmp_path) -> None:
    make_run()
    near, far = tmp_path / "W" / "0", Path("/else/7")
    for relation, place in (("weights", near), ("fork", near), ("reproduction", far)):
        paths = make_run("seed=1")
        record = json.loads(paths.provenance.read_text())
        parent = {"run": str(place), "uuid": "0" * 32, "relation": relation}
        paths.provenance.write_text(json.dumps(record | {"parent": parent}))
    lines = stride("ls", "W").out.splitlines()
    assert lines[1].endswith("reproduction of /else/7  seed=1")
    assert lines[2].endswith("fork of 0  seed=1") and "fork" not in lines[3]
    assert lines[3].endswith("weights of 0  seed=1")


def test_no_name_is_wrong_where_there_is_no_run(stride, tmp_path) -> None:
    (tmp_path / "W").mkdir()
    code, out, err = stride("ls", "W", "--where", "lr < 1", "--sort", "lr", "--columns", "lr")
    assert (code, out, err) == (0, "", "no runs in W where lr < 1\n")


def test_chosen_columns_have_the_same_numbers_in_every_form(stride, make_run) -> None:
    make_run("optimizer_kwargs.lr=0.012345678", loss=0.25)
    make_run("seed=7", loss=None, state="failed")
    asked = (
        "ls",
        "W",
        "--sort",
        "run",
        "--columns",
        "lr, seed,test/accuracy,val_loss,last(val_loss)",
    )
    table = stride(*asked).out
    assert table.splitlines() == [
        "run  status  optimizer_kwargs.lr  seed  test/accuracy"
        "  best validation/epoch_loss  last validation/epoch_loss",
        "0    done            0.012345678     0          0.875"
        "                        0.25                         0.5",
        "1    failed          -               7          -    "
        "                        -                            -",
    ]
    first, second = json.loads(stride(*asked, "--json").out)
    assert list(first["columns"].values()) == [0.012345678, 0, 0.875, 0.25, 0.5]
    assert list(second["columns"].values()) == [None, 7, None, None, None]
    assert (first["run"], second["status"]) == ("0", "failed")
    rows = list(csv.reader(io.StringIO(stride(*asked, "--csv").out)))
    assert rows[0][:3] == ["run", "path", "status"] and rows[0][3:] == list(first["columns"])
    assert rows[1][3:] == ["0.012345678", "0", "0.875", "0.25", "0.5"]


def test_no_column_stands_twice(stride, make_run) -> None:
    make_run("seed=7")
    asked = ("ls", "W", "--columns", "run,seed,status,seed", "-m", "seed")
    assert stride(*asked).out.splitlines()[0].split() == ["run", "status", "seed"]
    assert stride(*asked, "--csv").out == "run,path,status,seed\n0,W/0,done,7\n"
    assert stride(*asked, "--md").out.startswith("| run | status | seed |\n")
    assert json.loads(stride(*asked, "--json").out)[0]["columns"] == {
        "run": "0",
        "seed": 7,
        "status": "done",
    }


def test_a_wrong_query_is_one_line_with_the_place(stride, make_run) -> None:
    make_run()
    code, out, err = stride("ls", "W", "--where", "seed = 0 && lr < 1")
    assert (code, out) == (2, "")
    assert err == (
        "stride: error: '&' means nothing here ('seed = 0 && lr < 1', at '&& lr < 1', "
        "character 10); join conditions by and, or, not\n"
    )
    assert stride("ls", "W", "--columns", "sed").err == (
        "stride: error: no run here has 'sed'; did you mean 'seed'?\n"
    )


def test_a_curve_is_drawn_where_it_is_asked_for(stride, make_run, monkeypatch) -> None:
    losses = [4.0, 2.0, 1.0, 0.0]
    rows = [
        {"step": n, "epoch": n, "validation/epoch_loss": one, "val/up": n}
        for n, one in enumerate(losses)
    ]
    for name in ("falls", "breaks", "none"):
        make_run(name=name).metrics.unlink(missing_ok=True)
    for name in ("falls", "breaks"):
        lines = [json.dumps(row) for row in rows] + (["{"] if name == "breaks" else []) + [""]
        Path("W", name, "metrics.jsonl").write_text("\n".join(lines))
    code, out, err = stride("ls", "W", "--curve", "--sort", "run")
    assert (code, err) == (0, "")
    title, *lines = out.splitlines()
    assert title.split()[-2:] == ["curve", "overrides"]
    shown = {line.split()[0]: line for line in lines}
    assert "█▄▂▁" in shown["falls"] or "█▅▃▁" in shown["falls"]
    assert "█" not in shown["breaks"] + shown["none"]
    assert "█" not in stride("ls", "W").out
    monkeypatch.setattr("stride_cli.reading.ls.has_unicode", lambda: False)
    assert "8531" in stride("ls", "W", "--curve").out


def test_a_curve_is_for_people(stride, make_run) -> None:
    make_run()
    for option in ("--json", "--csv", "--columns=lr"):
        code, _, err = stride("ls", "W", "--curve", option)
        assert code == 2 and "--curve is for the plain table" in err
