"""The forecast of the loss in the rows of a training: resumed, refused, and of which split."""

import pytest
import torch

from stride import Run
from stride.errors import ConfigError
from stride.stats.forecast import predicted_final
from tests.trainer.killing import Killed, Killer

FORECAST = "validation/predicted_final_loss"


def rows(trainer):
    return [row for row in Run(trainer.run.path).metrics() if "train/epoch_loss" in row]


def asked(make, work_dir, callbacks=(), epochs=13, **training):
    options = {"predict_final_loss": True, "max_epochs": epochs, "with_test": False, **training}
    late = {"every_epochs": 11, "background": False}
    return make(
        work_dir=work_dir,
        training_config=options,
        checkpoint_config=late,
        callbacks=[*callbacks],
    )


def test_a_killed_training_forecasts_what_one_in_one_go_does(make, tmp_path):
    (whole := asked(make, tmp_path / "whole")).fit()
    forecasts = [row[FORECAST] for row in rows(whole)]
    losses = [row["validation/epoch_loss"] for row in rows(whole)]
    assert forecasts == [predicted_final(losses[:n], 13) for n in range(1, 14)]
    assert forecasts[:9] == losses[:9] and forecasts[9:12] != losses[9:12]
    assert forecasts[-1] == losses[-1] == whole.results["last"][FORECAST]
    per_epoch = whole.state.step // 13
    killed = asked(make, tmp_path / "killed", [Killer(11 * per_epoch + 1)])
    with pytest.raises(Killed):
        killed.fit()
    (again := make(work_dir=tmp_path / "killed")).fit(resume=0)
    assert [row[FORECAST] for row in rows(again)] == forecasts
    assert "callback-LossForecast" in again.run.paths.log(0).read_text()  # as a part restored


def test_where_nothing_is_validated_it_is_of_the_training_loss(make, tmp_path):
    trainer = asked(make, tmp_path / "w", with_validation=False, evaluate_every=2, epochs=4)
    trainer.fit()
    found = [row.get("train/predicted_final_loss") for row in rows(trainer)]
    losses = [row["train/epoch_loss"] for row in rows(trainer)]
    assert found == [None, losses[1], None, losses[3]]


def test_it_is_not_there_unasked(make):
    (trainer := make()).fit()
    assert not [row for row in rows(trainer) if FORECAST in row]


def test_without_a_last_epoch_it_leaves_no_folder(make, tmp_path):
    class Endless(torch.utils.data.IterableDataset):
        def __iter__(self):
            while True:
                yield torch.zeros(4, 2), torch.zeros(4, 1)

    loader = torch.utils.data.DataLoader(Endless(), batch_size=None)
    training = {"predict_final_loss": True, "max_epochs": None, "max_steps": 3}
    trainer = make(
        train_loader=loader,
        training_config=training,
        criterion_kwargs={"criterion_name": "MSELoss"},
    )
    with pytest.raises(ConfigError, match=r"how many epochs there will be.*max_epochs=N"):
        trainer.fit()
    assert not (tmp_path / "w").exists()
