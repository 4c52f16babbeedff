"""Metrics with arguments in a whole training: their rows, what follows them, what is refused."""

import pytest

from stride.errors import StrideError
from stride.runs.run import Run
from tests.trainer.test_named_values import TwoTerms

SECOND = {"metric_name": "accuracy", "k": 2, "as": "second"}
EACH = {"metric_name": "f1", "average": "none"}
BALANCED = {"metric_name": "accuracy", "average": "macro"}

MINE = """
from stride.metrics import Sums


class Half(Sums):
    def __init__(self, part: int = 2):
        super().__init__()
        self.part = part

    def terms(self, outputs, targets):
        return outputs.new_ones(1).double()

    def value(self, sums):
        return {"one": 1.0, "part": 1.0 / self.part}
"""


def test_their_numbers_are_recorded_and_followed(make, tmp_path, monkeypatch):
    (tmp_path / "mine_sections.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    mine = {"metric_name": "mine_sections:Half", "part": 4, "as": "half"}
    training = {"metrics": [BALANCED, SECOND, EACH, mine], "saving_metric": "validation/f1_3"}
    trainer = make(training_config=training)
    trainer.fit()
    (row, *_) = [row for row in Run(trainer.run.path).metrics() if "validation/second" in row]
    assert [row["validation/half_one"], row["validation/half_part"]] == [1.0, 0.25]
    assert all(f"validation/f1_{number}" in row for number in range(10))
    assert 0 <= row["train/epoch_accuracy"] <= 1 and "validation/epoch_accuracy" in row
    assert row["validation/second"] >= row["validation/epoch_accuracy"]
    assert "test/f1_3" in trainer.results["test"]
    assert trainer.results["monitor"]["metric"] == "validation/f1_3"
    found = trainer.evaluate("test", metrics=[{**SECOND, "k": 10}])
    assert found["test/second"] == 1.0
    with pytest.raises(StrideError, match=r"no metric 'f2' \(metrics\[1\]\)"):
        trainer.evaluate("test", metrics=["f1", "f2"])


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"metrics": [{"metric_name": "f1", "avg": "none"}]}, r"metrics\[0\]\.avg"),
        ({"metrics": [EACH], "saving_metric": "validation/f1"}, "did you mean 'validation/f1_"),
        ({"metrics": [EACH, {**SECOND, "as": "f1_3"}]}, "would be recorded as 'f1_3'"),
        ({"metrics": ["f1", {"name": "r2"}]}, r"\(training_config\.metrics\[1\]\.metric_name\)"),
        ({"metrics": ["f1", "accuracy", "accuracy"]}, r"\(training_config\.metrics\[2\]\)"),
        ({"metrics": [3]}, r"training_config\.metrics"),
    ],
)
def test_what_is_wrong_leaves_no_folder(make, tmp_path, training, said):
    with pytest.raises(StrideError, match=said):
        make(training_config=training).fit()
    assert not (tmp_path / "w").exists()


def test_a_value_of_a_steps_own_may_be_called_as_no_metric(make, tmp_path):
    trainer = make(training_config={"metrics": [{**SECOND, "as": "fit"}]})
    trainer.set_model(TwoTerms())
    with pytest.raises(StrideError, match="called 'fit', and so is a metric"):
        trainer.fit()
    assert not (tmp_path / "w").exists()
