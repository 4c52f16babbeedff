"""Each run of a sweep begins with what was given from Python as it was given."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from stride import Callback, Sweeper, Trainer
from stride.sweeps.trials.given import given_digest


class Counting(Callback):
    """Count epochs, in a state as it should be."""

    def __init__(self) -> None:
        self.count = 0
        self.ends: list[int] = []

    def after_epoch(self, trainer, metrics) -> None:
        self.count += 1

    def after_train(self, trainer) -> None:
        self.ends.append(self.count)

    def state_dict(self) -> dict[str, int]:
        return {"count": self.count}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.count = state["count"]


def a_trainer(folder, model=None, **arguments) -> Trainer:
    inputs = torch.linspace(-1, 1, 24).view(12, 2)
    loader = DataLoader(TensorDataset(inputs, inputs.sum(1, keepdim=True)), batch_size=6)
    trainer = Trainer(
        folder,
        train_loader=loader,
        val_loader=loader,
        criterion_kwargs={"criterion_name": "MSELoss"},
        training_config={"max_epochs": 2, "metrics": []},
        logging_config={"terminal_display": "off"},
        device="cpu",
        **arguments,
    )
    if model is not None:
        trainer.set_model(model)
    return trainer


def test_no_trial_goes_on_with_the_weights_of_the_one_before(tmp_path) -> None:
    network = nn.Linear(2, 1)
    before = deepcopy(network.state_dict())
    callback = Counting()
    trainer = a_trainer(tmp_path, network, callbacks=[callback])
    sweep = Sweeper(trainer, grid={"lr": [0.3, 0.1], "seed": [1, 2]})
    sweep.run()
    values = [one.value for one in sweep.begin().study.get_trials()]
    alone = a_trainer(tmp_path / "alone", deepcopy(network)).fit({"lr": 0.1, "seed": 2})
    assert values[3] == alone
    assert callback.ends == [2, 2, 2, 2], "its state is that of each run"
    assert trainer.builder.given.model is network
    assert all(torch.equal(network.state_dict()[name], one) for name, one in before.items())


def test_another_model_is_another_sweep(tmp_path) -> None:
    network = nn.Linear(2, 1)
    Sweeper(a_trainer(tmp_path, network), grid={"lr": [0.1]}).run()
    again = Sweeper(a_trainer(tmp_path, deepcopy(network)), grid={"lr": [0.1]}).plan()
    assert (len(again.kept), again.changes) == (1, False)
    observed = a_trainer(tmp_path, network, callbacks=[Counting()])
    assert not Sweeper(observed, grid={"lr": [0.1]}).plan().changes
    for other in (nn.Linear(2, 1), nn.Sequential(network)):
        plan = Sweeper(a_trainer(tmp_path, other), grid={"lr": [0.1]}).plan()
        assert (len(plan.new), len(plan.left)) == (1, 1)


def test_weights_that_are_not_there_yet_do_not_count(tmp_path) -> None:
    assert given_digest(a_trainer(tmp_path, nn.LazyLinear(1)))


@pytest.mark.parametrize("arguments", [{}, {"callbacks": [Counting()]}])
def test_a_new_process_does_not_train_without_it(tmp_path, arguments) -> None:
    from stride.errors import UserError
    from stride.sweeps.joining import trainer_of_sweep

    sweep = Sweeper(a_trainer(tmp_path, **arguments), grid={"lr": [0.1]}).begin()
    what = "cannot build what was given from Python .train_loader, val_loader.*run the script again"
    with pytest.raises(UserError, match=what):
        trainer_of_sweep(sweep)
