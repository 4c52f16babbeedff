"""What a person sees on a terminal, exactly, line by line.

After a change that is meant, type this and read what git shows as changed:
`WRITE_SCREENS=1 python -m pytest tests/loggers/display/test_live.py`
"""

import math
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stride.loggers.base import Row
from stride.loggers.display import live
from stride.loggers.display.base import Head
from stride.loggers.display.live import LiveDisplay
from tests.loggers.display.emulator import Emulator

CAPTURES = Path(__file__).parent / "captures"
LOSS, RETURN = "validation/epoch_loss", "validation/return"


class Clock:
    """The time as the test says."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of all that is drawn; no thread draws meanwhile."""
    monkeypatch.setattr(live, "SECONDS_BETWEEN_LOOKS", 3600.0)
    return Clock()


def rows(epochs: int, steps: int = 10) -> list[Row]:
    """Return what a training reports: a report in the middle of each epoch, and its end."""
    found: list[Row] = []
    for epoch in range(epochs):
        loss, worse = 2.3 * math.exp(-epoch / 4), epoch % 3 == 2
        mid = {"step": epoch * steps + steps // 2, "epoch": epoch}
        found.append({**mid, "train/loss": loss, "lr": 0.001, "grad": 0.5})
        row = {"step": (epoch + 1) * steps, "epoch": epoch + 1, "train/epoch_loss": loss}
        row |= {"train/epoch_accuracy": 1 - loss / 3, LOSS: loss * 1.1 + worse}
        found.append({**row, "validation/epoch_accuracy": 1 - loss / 2, "lr": 0.001})
    return found


class Best:
    """Tell whether a loss was never smaller."""

    def __init__(self, metric: str = LOSS) -> None:
        self.metric, self.value = metric, math.inf

    def __call__(self, row: Row) -> bool:
        found = row.get(self.metric, math.inf) < self.value
        self.value = min(self.value, row.get(self.metric, math.inf))
        return found


def head(**changes: object) -> Head:
    made = Head("3", "MLP", 26122, "digits (1,149 train, 288 val, 360 test)", "cpu")
    made = made._replace(folder=Path("work_dirs/demo/3"), metric=LOSS, is_best=Best())
    return made._replace(memory=lambda: {"memory": 412_000_000})._replace(**changes)


def train(display: LiveDisplay, clock: Clock, reported: list[Row], seconds: float = 1.0) -> None:
    for row in reported:
        clock.now += seconds
        display.report(row, 5.0)


def held_to(name: str, terminal: Emulator) -> None:
    """Compare what a terminal shows with what stands in a file."""
    path = CAPTURES / f"{name}.txt"
    if os.environ.get("WRITE_SCREENS"):
        path.write_text(f"{terminal.text()}\n", encoding="utf-8")
    assert terminal.text() == path.read_text(encoding="utf-8").rstrip("\n")
    assert terminal.cursor_is_shown


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50)])
def test_a_training_under_way_and_at_its_end(
    window: Callable[..., Emulator], clock: Clock, width: int, height: int
) -> None:
    terminal = window(width, height)
    display = LiveDisplay(terminal, clock)
    display.start(head(), total_steps=100, total_epochs=10)
    train(display, clock, rows(10)[:9])
    display.note("warning: the disk is nearly full")
    train(display, clock, rows(10)[9:11])
    held_to(f"under_way_{width}x{height}", terminal)
    train(display, clock, rows(10)[11:])
    display.note("best validation/epoch_loss 0.2666 (epoch 10, step 100)  test/loss 0.31")
    display.close()
    held_to(f"ended_{width}x{height}", terminal)


def test_the_page_shows_what_a_terminal_shows() -> None:
    page = (Path(__file__).parents[3] / "docs" / "display.md").read_text()
    assert (CAPTURES / "under_way_80x24.txt").read_text() in page
    assert "".join((CAPTURES / "ended_80x24.txt").read_text().splitlines(True)[-5:]) in page


def test_a_window_that_is_resized_keeps_nothing_of_what_was_drawn(
    window: Callable[..., Emulator], clock: Clock
) -> None:
    terminal = window(100, 24)
    display = LiveDisplay(terminal, clock)
    display.start(head(), total_steps=100, total_epochs=10)
    train(display, clock, rows(10)[:5])
    for width, height in [(60, 24), (120, 12), (41, 20), (80, 24)]:
        window(width, height, of=terminal)
        clock.now += 1.0
        display._look()
        drawn = terminal.text().split("\n\n", 1)[1].split("\n")
        assert [line.split(" ")[0] for line in drawn[:3]] == ["epoch", "recent", "*"]
        assert len(drawn[0]) == width and max(map(len, drawn)) <= width
    train(display, clock, rows(10)[5:7])
    held_to("resized", terminal)


def test_colours_mark_the_best_and_can_be_switched_off(
    window: Callable[..., Emulator], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for no_color in ("", "1"):
        monkeypatch.setenv("NO_COLOR", no_color)
        terminal = window()
        display = LiveDisplay(terminal, clock)
        display.start(head(), total_steps=20, total_epochs=2)
        train(display, clock, rows(2))
        seen.append((terminal.text(), {code for code in terminal.codes if code[-1] == "m"}))
        display.close()
    assert seen[0][0] == seen[1][0]
    assert seen[0][1] == {"0m", "1m", "2m", "32m", "36m"} and not seen[1][1]


def test_many_quick_epochs_leave_few_lines_and_each_that_counts(
    window: Callable[..., Emulator], clock: Clock
) -> None:
    terminal = window(80, 24)
    display = LiveDisplay(terminal, clock)
    display.start(head(), total_steps=10_000, total_epochs=1000)
    train(display, clock, rows(1000), seconds=0.005)
    display.close()
    lines = [line.split()[:2] for line in terminal.text().split("\n")[2:]]
    kept = [(int(first), mark == "*") for first, mark in lines if first.isdecimal()]
    epochs = [epoch for epoch, _ in kept]
    assert epochs[:10] == list(range(1, 11)) and epochs == sorted(set(epochs))
    assert set(range(20, 1001, 20)) < set(epochs) and kept[-1] == (1000, True)
    assert all(best for epoch, best in kept[10:] if epoch % 20) and len(kept) < 80
    assert terminal.codes.count("?25l") <= 5 * 10 + 2  # drawings in ten seconds, with all lines


def test_a_line_is_printed_for_each_best_that_was_held_back(
    window: Callable[..., Emulator], clock: Clock
) -> None:
    terminal = window()
    display = LiveDisplay(terminal, clock)
    display.start(head(), total_steps=None, total_epochs=None)
    losses = [1.0] * 12 + [0.5, 2.0, 0.4, 3.0]
    for epoch, loss in enumerate(losses, 1):
        clock.now += 0.001
        display.report({"step": epoch, "epoch": epoch, LOSS: loss}, 1000.0)
    display.note("noted")
    shown = [line.split()[:3] for line in terminal.text().split("\n")[3:]]
    at = shown.index(["noted"])
    assert shown[at - 2 : at] == [["15", "*", "0.4000"], ["16", "3.000", "0.0s"]]
    assert ["13", "*", "0.5000"] not in shown  # the newest best alone
    display.close()


def test_columns_stay_and_what_has_no_room_is_told_once(
    window: Callable[..., Emulator], clock: Clock
) -> None:
    terminal = window(60, 24)
    display = LiveDisplay(terminal, clock)
    display.start(head(), total_steps=40, total_epochs=4)
    late = {"validation/f1": 0.5}
    for row in rows(4):
        clock.now += 1
        display.report({**row, **(late if row.get("epoch", 0) > 2 and LOSS in row else {})}, 1.0)
    held_to("narrow", terminal)
    display.close()


def test_a_folder_is_never_cut_and_a_column_is_whole_or_has_points(
    window: Callable[..., Emulator], clock: Clock
) -> None:
    terminal, folder = window(40, 24), f"work_dirs/{'x' * 50}/0"
    display = LiveDisplay(terminal, clock)
    display.start(head(folder=Path(folder)), total_steps=40, total_epochs=4)
    for epoch, loss in enumerate((0.0, 0.5, 1.0), 1):
        row = {"step": epoch, "epoch": epoch, LOSS: loss, "validation/hits": epoch * 1000.0}
        display.report(row, 1.0)
    display.close()
    text = terminal.text()
    assert folder in text.replace("\n", "")
    cells = [line.replace("*", "").split()[1:3] for line in text.split("\n")[-4:-1]]
    assert cells == [["0", "1000"], ["0.5000", "2000"], ["1.000", "3000"]]


def test_evaluations_within_an_epoch_are_told_apart_by_their_steps(
    window: Callable[..., Emulator], clock: Clock
) -> None:
    terminal = window()
    display = LiveDisplay(terminal, clock)
    display.start(head(), total_steps=100, total_epochs=1)
    for step in (40, 80):
        clock.now += 1
        display.report({"step": step, "epoch": 0, LOSS: 40 / step}, 1.0)
    row = {"step": 100, "epoch": 1, "train/epoch_loss": 1.5, LOSS: 0.25}
    display.report(row, 1.0)
    display.report({**row, "active/round": 1.0}, 1.0)  # more of the same is no line of its own
    display.close()
    lines = [line.split() for line in terminal.text().split("\n")[2:]]
    assert lines[0][:3] == ["epoch", "step", "val"]
    assert [line[:4] for line in lines[1:3]] == [
        ["0", "*", "40", "1"],
        ["0", "*", "80", "0.5000"],
    ]
    assert lines[4][:5] == ["1", "*", "100", "0.2500", "1.500"] and len(lines) == 6


def test_returns_come_first_and_are_what_is_drawn(
    window: Callable[..., Emulator], clock: Clock
) -> None:
    terminal = window(120, 24)
    display = LiveDisplay(terminal, clock)
    display.start(
        head(metric=RETURN, is_best=lambda row: RETURN in row), total_steps=40, total_epochs=4
    )
    for epoch in range(1, 4):
        clock.now += 2
        row = {"step": epoch * 10, "epoch": epoch, "train/epoch_loss": 2.5, "lr": 0.1}
        row |= {RETURN: 9.5} if epoch == 3 else {}
        display.report({**row, "env_steps": epoch * 2048.0, "rollout/return": 16.0 * epoch}, 5.0)
    clock.now += 1
    display._look()
    held_to("returns", terminal)
    display.close()


def test_rounds_are_shown_beside_epochs_without_a_bar_where_no_end_is_known(
    window: Callable[..., Emulator], clock: Clock
) -> None:
    terminal = window()
    display = LiveDisplay(terminal, clock)
    display.start(head(stage=lambda: "round 2 of 5, 40 labels"), None, None)
    train(display, clock, rows(2))
    assert "round 2 of 5, 40 labels  epoch 2  0:04\n" in terminal.text()
    display.close()


def test_hostile_words_stay_words(window: Callable[..., Emulator], clock: Clock) -> None:
    terminal = window()
    display = LiveDisplay(terminal, clock)
    words = "a\x1b[2Jb\n\u202ec"
    display.start(
        head(run=words, network=words, data=words, folder=Path(words), stage=lambda: words), 10, 1
    )
    clock.now += 1
    display.report({"step": 1, "epoch": 1, f"train/epoch_{words}": 1.5, "text": words}, 1.0)
    display.note(words)
    display.close()
    assert "2J" not in terminal.codes
    assert "\u202e" not in terminal.text() and r"a\x1b[2Jb\n\u202ec" in terminal.text()


def test_what_is_printed_meanwhile_stands_above(
    window: Callable[..., Emulator], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = window()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    display = LiveDisplay(now=clock)
    display.start(head(), total_steps=40, total_epochs=4)
    train(display, clock, rows(1))
    print("printed", "twice", sep="\n")
    print("to stderr", file=sys.stderr)
    clock.now += 1
    display._look()
    before, drawn = terminal.text().split("\n\n")
    assert "\nprinted\ntwice\n" in before and "\nto stderr\n" in f"{before}\n"
    assert drawn.startswith("epoch 1/4")
    print("name? ", end="", flush=True)  # until it is answered nothing is drawn into it
    clock.now += 1
    display._look()
    assert terminal.text().endswith("\nname?")
    train(display, clock, rows(2)[2:])
    before, drawn = terminal.text().split("\n\n")
    assert before.split("\n")[-2] == "name?" and before.split("\n")[-1].startswith("    2 *")
    print("begun", end="")
    display.close()
    assert sys.stdout is sys.stderr is terminal
    assert "\nbegun" in terminal.text()


@pytest.mark.parametrize("form", ["\r{}", "{}\r"])
def test_a_bar_of_others_is_written_over_and_not_beside_itself(
    window: Callable[..., Emulator], clock: Clock, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    terminal = window()
    monkeypatch.setattr(sys, "stderr", terminal)
    display = LiveDisplay(now=clock)
    display.start(head(), total_steps=40, total_epochs=4)
    for share in (" 10 %", " 20 %", " 30 %"):
        print(form.format(share), end="", file=sys.stderr, flush=True)
        assert terminal.text().split("\n")[-1] == share
    display.note("noted")
    assert terminal.text().split("\n\n")[0].endswith("\n 30 %\nnoted")
    display.close()


def test_a_wide_note_ends_its_lines_between_two_of_its_parts(
    window: Callable[..., Emulator], clock: Clock
) -> None:
    terminal = window(60)
    display = LiveDisplay(terminal, clock)
    display.note("best loss 0.2666 (epoch 10)  test/loss 0.31  test/accuracy 0.95  test/f1 0.9")
    assert terminal.text().rstrip().split("\n") == [
        "best loss 0.2666 (epoch 10)  test/loss 0.31",
        "test/accuracy 0.95  test/f1 0.9",
    ]


def test_a_terminal_without_these_characters_has_others(
    window: Callable[..., Emulator], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = window()
    monkeypatch.setattr(terminal, "encoding", "ascii")
    display = LiveDisplay(terminal, clock)
    display.start(head(), total_steps=20, total_epochs=2)
    train(display, clock, rows(2)[:3])
    assert "###---" in terminal.text() and terminal.text().isascii()
    display.close()


def test_without_a_terminal_lines_are_kept_and_nothing_is_drawn(
    window: Callable[..., Emulator], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = window()
    monkeypatch.setattr(terminal, "isatty", lambda: False)
    display = LiveDisplay(terminal, clock)
    display.report({}, 0.0)  # before the start there is nothing to tell
    display.start(head(), total_steps=20, total_epochs=2)
    train(display, clock, rows(2))
    display.note("noted")
    display.close()
    display.close()
    display.note("after")
    assert not terminal.codes
    text = terminal.text().split("\n")
    assert [line.split()[0] for line in text[2:]] == ["epoch", "1", "2", "noted", "step", "after"]
