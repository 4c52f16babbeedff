import threading
import time
from pathlib import Path

from stride_cli.reading import logs


def test_the_log_of_a_rank(stride, make_run) -> None:
    make_run()
    assert stride("logs", "W/0") == (0, "first line\nsecond line\n", "")
    assert stride("logs", "W/0", "--follow").out == "first line\nsecond line\n"


def test_a_rank_that_has_no_log(stride, make_run) -> None:
    make_run()
    sentence = "stride: error: no log rank3.log (W/0/logs); there are logs of ranks: 0\n"
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
    pieces = list(logs.follow_log(log, lambda: not ended.is_set()))
    writer.join()
    assert "".join(pieces) == "one\nzwölf\nthree\n"
    assert len(pieces) > 2
