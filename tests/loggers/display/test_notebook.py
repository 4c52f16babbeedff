"""What a notebook shows of a training: one output that changes in place."""

import re
from pathlib import Path

import pytest

from stride.loggers.display import notebook
from stride.loggers.display.base import Head
from stride.loggers.display.notebook import KernelOutput, NotebookDisplay

LOSS = "validation/epoch_loss"
HEAD = Head("3", "MLP", 1234, "digits", "cpu", Path("w/3"), LOSS, lambda row: row["epoch"] != 2)


class Cell:
    """Hold what was shown, newest last."""

    def __init__(self) -> None:
        self.html: list[str] = []
        self.text: list[str] = []

    def __call__(self, html: str, text: str) -> None:
        self.html.append(html)
        self.text.append(text)


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    """Return a cell in which each report is drawn."""
    monkeypatch.setattr(notebook, "SECONDS_BETWEEN", 0.0)
    return Cell()


def epoch(number: int, loss: float) -> dict[str, float]:
    return {"step": 10 * number, "epoch": number, "train/epoch_loss": 2 * loss, LOSS: loss}


def trained(cell: Cell, losses: list[float], total: int = 4) -> NotebookDisplay:
    display = NotebookDisplay(cell)
    display.start(HEAD, 10 * total, total)
    for number, loss in enumerate(losses, 1):
        display.report(epoch(number, loss), 5.0)
    return display


def test_it_says_what_is_trained_how_far_it_is_and_the_last_epochs(cell):
    trained(cell, [0.5, 0.75])
    shown = cell.html[-1]
    for part in ("run 3", "1,234 parameters", 'aria-valuenow="50.0"', "epoch 2/4  step 20/40"):
        assert part in shown
    assert "best val loss 0.5 at epoch 1" in shown and "<b>0.5</b>" in shown
    assert shown.count("data:image/svg+xml") == 1 and "0.75 at epoch 2" in shown
    assert cell.text[-1].startswith("run 3: running\nepoch 2/4  step 20/40  train loss 1.5")


def test_the_best_epoch_stays_in_sight_and_the_output_small(cell, monkeypatch):
    head = HEAD._replace(is_best=lambda row: row["epoch"] == 2)
    monkeypatch.setattr(notebook, "SECONDS_BETWEEN", 3600.0)
    display = NotebookDisplay(cell)
    display.start(head, None, None)
    for number in range(1, 2001):
        display.report(epoch(number, 1 / number), 5.0)
        display.note("a warning " * 9)
    display.close()
    rows = re.findall(r"<tr><td[^>]*>(?:<b>)?(\d+)", cell.html[-1])
    assert rows == ["2", "1995", "1996", "1997", "1998", "1999", "2000"]
    assert len(cell.html) <= 4 and len(cell.html[-1]) < 30_000


def test_more_of_an_epoch_has_no_line_of_its_own(cell):
    display = trained(cell, [0.5, 0.75])
    display.report(epoch(2, 0.75) | {"mine": 1.0}, 5.0)
    assert re.findall(r"<tr><td[^>]*>(?:<b>)?(\d+)", cell.html[-1]) == ["1", "2"]


def test_an_interrupted_one_says_how_to_go_on(cell):
    display = trained(cell, [0.5])
    assert "trainer.fit" not in cell.html[-1]
    display.end("interrupted", "interrupted by SIGINT")
    display.close()
    for line in ("trainer.fit(resume=3)", "stride.load_run(&#x27;w/3&#x27;)", "stride resume w/3"):
        assert line in cell.html[-1]
    display.close()
    display.report(epoch(2, 0.1), 5.0)
    assert len(cell.html) == 3


def test_words_of_others_stay_words(cell):
    evil = "<script>alert(1)</script>\x1b[2J"
    display = NotebookDisplay(cell)
    display.start(HEAD._replace(network=evil, data=evil, metric=evil), 1, 1)
    display.report({"step": 1, "epoch": 1, evil: 1.0, "validation/epoch_loss": 1.0}, 1.0)
    display.note(evil)
    assert "<script" not in cell.html[-1] and "\x1b" not in cell.html[-1] + cell.text[-1]


def test_a_kernel_that_is_gone_ends_no_training():
    class Gone:
        @property
        def display_pub(self) -> object:
            raise RuntimeError("no kernel")

    trained(KernelOutput(Gone()), [0.5]).close()  # type: ignore[arg-type]
