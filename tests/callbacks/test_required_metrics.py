"""A metric that only a callback may add, and does not, is told of once."""

import logging

from stride.callbacks.required_metrics import RequireMetrics


def test_what_the_first_evaluation_lacks_is_told_once(caplog):
    expected = RequireMetrics(["mine", "validation/epoch_loss"])
    with caplog.at_level(logging.WARNING, "stride"):
        for _ in range(2):
            expected.after_evaluate(None, {"validation/epoch_loss": 1.0, "theirs": 2.0})
    (record,) = caplog.records
    said = record.getMessage()
    assert "no metric 'mine' is in the first evaluation" in said
    assert said.endswith("evaluated are: theirs, validation/epoch_loss")
