import json
import os
import threading
import time
from pathlib import Path

import pytest

from stride_cli.reading import logs


def test_the_log_of_a_rank(stride, make_run) -> None:
    make_run()
    assert stride("logs", "W/0") == (0, "first line\nsecond line\n", "")
    assert stride("logs", "W/0", "--follow") == (0, "first line\nsecond line\n", "W/0: done\n")


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        ("waiting", "3 labels are wanted", "3 labels are wanted; to go on, type: stride label W/0"),
        ("interrupted", "by SIGINT", "by SIGINT; to go on, type: stride resume W/0"),
        ("failed", "ValueError: no", "ValueError: no"),
    ],
)
def test_following_ends_when_the_run_ends_or_waits_and_says_so(
    stride, make_run, state, reason, told
) -> None:
    paths = make_run()
    record = json.loads(paths.status.read_text())
    paths.status.write_text(json.dumps(record | {"state": state, "reason": reason}))
    code, out, err = stride("logs", "W/0", "-f")
    assert (code, out, err) == (0, "first line\nsecond line\n", f"W/0: {state}: {told}\n")


def test_a_queued_run_is_waited_for(stride, make_run, monkeypatch) -> None:
    paths = make_run()
    record = json.loads(paths.status.read_text())
    paths.status.write_text(json.dumps(record | {"state": "queued"}))
    paths.log(0).unlink()

    def begin(seconds: float) -> None:
        paths.log(0).write_text("begun\n")
        paths.status.write_text(json.dumps(record))

    monkeypatch.setattr(logs.time, "sleep", begin)
    code, out, err = stride("logs", "W/0", "-f")
    assert (code, out) == (0, "begun\n")
    assert err == "W/0 has no log yet: waiting for it\nW/0: done\n"


def test_the_output_of_the_job(stride, make_run) -> None:
    paths = make_run()
    said = "no log slurm-%j.out (W/0/logs); there are rank0.log"
    assert stride("logs", "W/0", "--job") == (2, "", f"stride: error: {said}\n")
    for job, age in ((7, 60), (12, 0), (9, 30)):
        output = paths.logs / f"slurm-{job}.out"
        output.write_text(f"of job {job}\n")
        os.utime(output, (time.time() - age,) * 2)
    assert stride("logs", "W/0", "--job").out == "of job 12\n"
    assert stride("logs", "W/0", "--job", "-f").out == "of job 12\n"


def test_a_rank_that_has_no_log(stride, make_run) -> None:
    make_run()
    sentence = "stride: error: no log rank3.log (W/0/logs); there are rank0.log\n"
    assert stride("logs", "W/0", "--rank", "3") == (2, "", sentence)


def test_following_gives_what_is_added_until_the_end(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(logs, "PAUSE", 0.01)
    log, ended = tmp_path / "rank0.log", threading.Event()

    def write() -> None:
        for line in ("one\n", "zwölf", "\nthree\n"):
            with log.open("a", encoding="utf-8") as stream:
                stream.write(line)
            time.sleep(0.05)
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    pieces = list(logs.follow_log(lambda: log, lambda: not ended.is_set()))
    writer.join()
    assert "".join(pieces) == "one\nzwölf\nthree\n"
    assert len(pieces) > 2
