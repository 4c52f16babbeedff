"""`stride rm`, `stride restore` and `stride purge`."""

import json
import shlex
import shutil
import sys


def test_a_run_goes_comes_back_and_is_deleted(stride, make_run, tmp_path) -> None:
    make_run()
    make_run()
    planned = stride("rm", "W/1", "--dry-run")
    assert planned.code == 0 and planned.out.split()[:5] == ["run", "status", "size", "W/1", "done"]
    assert planned.err.endswith(" kB: nothing was moved\n") and (tmp_path / "W" / "1").exists()
    done = stride("rm", "W/1")
    assert done.out == planned.out
    assert done.err.endswith(": in the trash; to bring back: stride restore W/1\n")
    assert [row["run"] for row in json.loads(stride("ls", "W", "--json").out)] == ["0"]
    assert stride("verify", "W", "--all").out.count("\n") == stride("verify", "W/0").out.count("\n")
    (line,) = stride("restore", "W").out.splitlines()[1:]
    assert line.split()[0] == "W/1" and line.split()[2] == "done"
    assert stride("restore", "W/1") == (0, "W/1\n", "")
    assert stride("restore", "W") == (0, "", "nothing in the trash of W\n")
    stride("rm", "W/1")
    assert stride("purge", "W", "--dry-run").err.endswith(": nothing was deleted\n")
    asked = stride("purge", "W")
    assert asked.code == 2
    assert asked.err == ("stride: error: nothing was deleted: nobody is there to ask; add --yes\n")
    assert len(json.loads(stride("restore", "W", "--json").out)) == 1
    assert stride("purge", "W", "-y", "--older", "1d").err == (
        "nothing in the trash of W before 1d\n"
    )
    assert stride("purge", "W", "-y").err.endswith(": deleted\n")
    assert stride("restore", "W/1").code == 2


def test_many_go_by_a_query_and_come_back_at_once(stride, make_run) -> None:
    for loss in (0.1, 0.2, 0.3):
        make_run(loss=loss)
    stride("rm", "W/0")
    found = json.loads(stride("rm", "W", "--where", "val_loss > .15", "--json").out)
    assert [one["run"] for one in found] == ["1", "2"]
    assert all(one["size"] > 0 and ".stride/trash" in one["trash"] for one in found)
    assert stride("restore", "W", "--last").out.split() == ["W/1", "W/2"]
    assert "W --last" in stride("rm", "W/1", "W/2").err
    assert stride("restore", "W", "--last").code == 0
    assert stride("restore", "W", "--last").out == "W/0\n"
    assert stride("rm", "W", "--where", "val_loss > 9").err == "no runs in W where val_loss > 9\n"


def test_what_is_to_be_typed_can_be(stride, make_run, tmp_path) -> None:
    make_run()
    make_run()
    place = 'my "ünï" $(runs)'
    (tmp_path / "W").rename(tmp_path / place)
    for runs in ([f"{place}/0"], [f"{place}/0", f"{place}/1"]):
        way_back = stride("rm", *runs).err.rpartition("to bring back: stride ")[2]
        assert stride(*shlex.split(way_back)).out.splitlines() == runs
    told = stride("show", f"{place}/7").err
    assert told.endswith(f"type: stride ls {shlex.quote(place)}\n")


def test_all_come_back_or_none(stride, make_run, tmp_path) -> None:
    for _ in range(3):
        make_run()
    stride("rm", "W/0", "W/1")
    (tmp_path / "W" / "1").mkdir()
    code, out, err = stride("restore", "W", "--last")
    assert (code, out) == (2, "") and "run '1' exists already" in err
    assert not (tmp_path / "W" / "0").exists()
    (tmp_path / "W" / "1").rmdir()
    assert stride("restore", "W", "W/", "--last").out == "W/0\nW/1\n"
    stride("rm", "W/0")
    shutil.copytree(tmp_path / "W" / "2", tmp_path / "W" / "0")
    stride("rm", "W/0")
    uuid = json.loads(stride("restore", "W", "--json").out)[1]["uuid"]
    code, out, err = stride("restore", "W/0", f"W/{uuid}")
    assert (code, out) == (2, "") and "two runs would be '0' (W/0)" in err
    assert not (tmp_path / "W" / "0").exists()


def test_a_run_is_meant_once_however_it_is_addressed(stride, make_run, tmp_path) -> None:
    make_run()
    (tmp_path / "link").symlink_to("W")
    assert stride("rm", "W/0", "link/0", str(tmp_path / "W" / "0")).code == 0
    purged = stride("purge", "W", "link", "W/0", "-y")
    assert purged.code == 0 and purged.err.startswith("1 run, ")
    make_run()
    assert stride("rm", "W", "link", "--where", "status == done").code == 0


def test_a_killed_purge_is_finished_by_the_next(stride, make_run, tmp_path) -> None:
    make_run()
    stride("rm", "W/0")
    (run,) = (tmp_path / "W" / ".stride" / "trash").iterdir()
    left = run.rename(run.with_name(f".tmp-{run.name}"))
    told = stride("purge", "W", "--older", "1d", "--dry-run")
    assert told.err.startswith("0 runs, 0 B, and ") and left.exists()
    assert told.err.endswith(" kB left over from before: nothing was deleted\n")
    assert stride("purge", "W").code == 2 and left.exists()
    assert stride("purge", "W", "-y").err.endswith(": deleted\n") and not left.exists()
    assert stride("purge", "W", "-y").err == "nothing in the trash of W\n"


def test_a_link_in_the_trash_is_read_from_where_it_stood(stride, make_run, tmp_path) -> None:
    make_run().path.rename(tmp_path / "elsewhere")
    (tmp_path / "W" / "0").symlink_to("../elsewhere")
    stride("rm", "W/0")
    (one,) = json.loads(stride("restore", "W", "--json").out)
    assert one["status"] == "done" and one["uuid"]
    assert stride("restore", f"W/{one['uuid'][:8]}").out == "W/0\n"


def test_what_a_query_cannot_know_is_not_thrown_away(stride, make_run, tmp_path) -> None:
    make_run().tags.write_text('{"format_version": 3, "tags": ["keep"')
    make_run()
    for command in ("rm", "prune"):
        for query in ("not tag:keep", "status == done and (note == null or tag != a)"):
            code, out, err = stride(command, "W", "--where", query)
            assert (code, out) == (2, "") and "tags.json is not JSON" in err
            assert "(W/0/tags.json); mend the file, or remove it" in err
    assert stride("rm", "W", "--where", "status == done").code == 0  # asks for no tag


def test_mistakes_move_nothing(stride, make_run) -> None:
    make_run()
    make_run()
    stride("rm", "W/1")
    for words, told in [
        (["rm", "W"], "W is a work_dir, not a run"),
        (["rm", "W/0", "W/7"], "no run '7'"),
        (["rm", "W/0", "W/1"], "no run '1'"),
        (["restore", "W/7"], "no run '7' in the trash (W)"),
        (["restore", "W", "W/1"], "a whole trash and single runs"),
        (["purge", "W", "--older", "soon"], "'soon' is not an age (--older); type: 30d"),
        (["--config", "work_dir=W", "--config", "run=1"], "run 1 is in the trash"),
    ]:
        code, out, err = stride(*words)
        assert (code, out) == (2, "") and told in err
    assert stride("restore", "W/1", "--as", "one").out == "W/one\n"
    assert sorted(row["run"] for row in json.loads(stride("ls", "W", "--json").out)) == ["0", "one"]


def test_a_person_is_asked_before_anything_is_deleted(stride, make_run, monkeypatch) -> None:
    for answer, left in (("n\n", 1), ("\n", 1), ("", 1), ("Yes\n", 0)):
        make_run()
        stride("rm", "W/latest") if not left or answer == "n\n" else None
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        monkeypatch.setattr(sys.stdin, "readline", lambda a=answer: a, raising=False)
        told = stride("purge", "W").err
        assert "delete for good? [y/N]" in told
        assert len(json.loads(stride("restore", "W", "--json").out)) == left
