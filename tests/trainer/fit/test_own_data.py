"""A kind may make its data, wrap the model, and say in its own unit how long a training is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from stride.data import Data
from stride.data.batches.memory import MemoryBatches
from stride.data.batches.sampler import Order
from stride.data.data_info import DataInfo
from stride.engine.stopping import Limits
from stride.errors import ComponentError, DataError, RunError
from stride.models.model import Model
from stride.trainer.fit.kind import Kind
from stride.trainer.fit.session import Session
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer

SAMPLES, BATCH = 8, 4


class Doubled(Model):
    """Count each loss twice."""

    def training_step(self, batch: Any) -> torch.Tensor:
        outputs = self.forward(batch[0])
        return 2 * self.criterion(outputs, batch[1])


class Drawn(Kind):
    """Train on drawn numbers; `max_steps` counts the samples."""

    def build_data(self, config: Any, device: torch.device, normalization: Any) -> Data:
        generator = torch.Generator().manual_seed(config.seed)
        inputs = torch.randn(SAMPLES, 2, generator=generator)
        columns = (inputs, inputs.sum(1, keepdim=True))
        train, val = (
            MemoryBatches(columns, Order(SAMPLES, BATCH, seed=config.seed, shuffle=mixed), device)
            for mixed in (True, False)
        )
        info = DataInfo((2,), (1,), "float", None, SAMPLES, SAMPLES, None, "drawn")
        inferred = {"dataset_name": "drawn"}
        return Data(train, val, None, info, None, "drawn", inferred=inferred)

    def wrap(self, config: Any, data: Data, model: Model) -> Model:
        return model if isinstance(model, Doubled) else Doubled(model.network, model.criterion)

    def limits(self, config: Any) -> Limits:
        whole = Limits.of(config.training_config)
        if whole.max_steps is None:
            return whole
        epochs = -(-whole.max_steps // SAMPLES)
        return replace(whole, max_epochs=epochs, max_steps=None, epochs_key="max_steps")

    def loops(self, session: Session) -> Iterator[Any]:
        yield session.loop()


class DrawnTrainer(Trainer):
    kind = Drawn


def make(folder: Path, most: int = 24, **options: Any) -> DrawnTrainer:
    options.setdefault("model_kwargs", {"model_name": "MLP", "hidden": [4]})
    return DrawnTrainer(
        folder,
        trainer=f"{__name__}:DrawnTrainer",
        logging_config={"terminal_display": "off"},
        training_config={"max_steps": most, "metrics": []},
        scheduler_kwargs={"scheduler_name": "LinearLR", "end_factor": 0.1},
        **options,
    )


def test_limits_of_a_kind_end_the_training_and_are_the_length_of_its_schedule(tmp_path):
    trainer = make(tmp_path)
    trainer.fit()
    run = load_run(tmp_path, 0)
    assert (trainer.state.step, trainer.state.epoch) == (6, 3)
    assert trainer.session.length() == (3, 6)
    assert run.config.dataset_kwargs.dataset_name == "drawn"
    assert run.config.training_config.max_steps == 24


def test_what_is_done_is_trained_on_by_the_key_that_limits_it(tmp_path):
    make(tmp_path).fit()
    with pytest.raises(RunError) as caught:
        make(tmp_path).fit(resume=0)
    assert "training_config.max_steps=N" in str(caught.value)
    again = make(tmp_path)
    again.fit({"training_config.max_steps": 40}, resume=0)
    assert again.state.epoch == 5


def test_the_wrapped_model_is_trained_evaluated_and_brought_back(tmp_path):
    trainer = make(tmp_path)
    trainer.fit()
    assert type(trainer.session.assembly.model) is Doubled
    assert load_run(tmp_path, 0).evaluate("validation", trust_code=True) == trainer.evaluate(
        "validation"
    )


def test_a_model_given_from_python_is_wrapped_before_parts_of_it_are_frozen(tmp_path):
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    trainer = make(tmp_path, model_kwargs={"freeze": ["0"]})
    trainer.set_model(network)
    trainer.check()
    model = trainer.session.assembly.model
    assert type(model) is Doubled and model.network is network
    assert [one.requires_grad for one in model.parameters()] == [False, False, True, True]


def test_no_loader_stands_beside_data_that_the_kind_makes(tmp_path):
    loader = [(torch.ones(2, 2), torch.ones(2, 1))]
    with pytest.raises(DataError, match="makes its own data"):
        make(tmp_path, train_loader=loader).check()


@pytest.mark.parametrize("method", ["build_data", "wrap"])
def test_a_method_that_returns_nothing_of_use_says_so(tmp_path, method, monkeypatch):
    monkeypatch.setattr(Drawn, method, lambda self, *_: "text")
    with pytest.raises(ComponentError, match=f"Drawn.{method} gives str"):
        make(tmp_path).check()
