import pytest

from stride.loggers.display.words import format_metrics, time_left


@pytest.mark.parametrize(
    ("step", "total", "speed", "text"),
    [(0, 7200, 1.0, "2:00:00"), (90, 100, 5.0, "0:02"), (200, 100, 1.0, "0:00")],
)
def test_the_time_left(step: int, total: int, speed: float, text: str) -> None:
    assert time_left({"step": step}, total, speed) == text
    assert time_left({"step": step}, None, speed) == ""
    assert time_left({"step": step}, total, 0.0) == ""


def test_what_is_of_an_epoch_and_what_is_since_the_last_report_have_two_names():
    row = {"train/epoch_grad_norm": 0.5, "train/grad_norm": 0.25, "validation/epoch_loss": 2.0}
    assert format_metrics(row) == ["train grad_norm 0.5", "recent grad_norm 0.25", "val loss 2"]
