"""The last lines of a terminal: drawn again and again, wiped away, and never in the way."""

import os
import signal
import threading
from collections.abc import Callable

import pytest

from stride.loggers.display.ability import ability_of, size_of
from stride.loggers.display.pieces import bar, cut, line_of
from stride.loggers.display.region import Region
from stride.loggers.screen import Screen
from tests.loggers.display.emulator import Emulator


def test_what_stays_stands_above_what_is_drawn(window: Callable[..., Emulator]) -> None:
    terminal = window(20, 6)
    lines = ["one", "two"]
    region = Region(Screen(terminal), lambda: lines)
    region.draw()
    region.print("kept")
    lines[:] = ["three"]
    region.draw()
    assert terminal.text() == "kept\n\nthree" and (terminal.row, terminal.column) == (1, 0)
    region.erase()
    region.erase()
    assert terminal.text() == "kept" and terminal.cursor_is_shown


def test_no_more_is_drawn_than_a_window_has_room_for(window: Callable[..., Emulator]) -> None:
    terminal = window(20, 6)
    region = Region(Screen(terminal), lambda: [str(number) for number in range(9)])
    for number in range(8):
        region.print(f"kept {number}")
    assert terminal.text().endswith("kept 7\n\n0\n1\n2\n3")
    region.erase()
    assert terminal.text() == "\n".join(f"kept {number}" for number in range(8))


def test_of_a_killed_process_nothing_has_to_be_put_right(window: Callable[..., Emulator]) -> None:
    """At any moment between two writes the cursor is shown, below all that stays."""
    terminal = window(20, 6)
    region = Region(Screen(terminal), lambda: ["drawn"])
    for number in range(3):
        region.print(f"kept {number}")
        assert terminal.cursor_is_shown and terminal.codes[-1] == "?25h"
        assert terminal.row == number + 1
    terminal.write("$ prompt\n")
    assert terminal.text().startswith("kept 0\nkept 1\nkept 2\n$ prompt")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_waits_for_no_lock_and_draws_nothing(
    window: Callable[..., Emulator],
) -> None:
    terminal = window(20, 6)
    region = Region(Screen(terminal), lambda: ["drawn"])
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with region.lock:
            held.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if not child:
        signal.alarm(5)  # ends one that waits
        region.print("of the child")
        region.pass_on(lambda: terminal.write("printed"), begun=False)
        os._exit(7 if terminal.text() == "of the child\nprinted" else 1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    over.set()
    thread.join()
    assert code == 7


def test_a_text_is_cut_to_the_columns_that_it_takes() -> None:
    assert [cut("abcdef", width) for width in (4, 0, -1)] == ["abcd", "", ""]
    assert cut("漢字漢字", 5) == "漢字"
    pieces = [("漢字", "1"), ("abc", "")]
    assert line_of(pieces, 5, colours=True) == "\x1b[1m漢字\x1b[0ma"
    assert line_of(pieces, 2, colours=False) == "漢"


@pytest.mark.parametrize(("share", "full"), [(-1.0, 0), (0.0, 0), (0.26, 3), (1.0, 10), (7.0, 10)])
def test_a_bar_is_as_wide_as_asked(share: float, full: int) -> None:
    (done, _), (left, _) = bar(share, 10, unicode=False)
    assert (done, left) == ("#" * full, "-" * (10 - full))


def test_what_a_stream_can_show(
    window: Callable[..., Emulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = window(33, 7)
    assert ability_of(Screen(terminal)) == (True, True, True)
    assert size_of(Screen(terminal)) == (33, 7)
    monkeypatch.setenv("NO_COLOR", "1")
    assert ability_of(Screen(terminal)) == (True, False, True)
    monkeypatch.setenv("TERM", "dumb")
    assert ability_of(Screen(terminal)).redraws is False
    monkeypatch.setenv("COLUMNS", "wide")
    monkeypatch.delenv("LINES")
    assert size_of(Screen(terminal)) == (80, 24)
