"""A block is a component with all its hyperparameters, and a section of a config."""

from typing import Any

import pytest
import torch
from torch import nn

from stride import Block
from stride.errors import ComponentError, ConfigError, UserError
from stride.models.autoencoders.feed_forward import FeedForwardAE

NAME = f"{__name__}:Net"


class Net(nn.Module):
    """A network of a user's."""

    def __init__(
        self, input_shape: list[int], width: int = 3, num_classes: int | None = None
    ) -> None:
        super().__init__()
        self.layer = nn.Linear(input_shape[-1], num_classes or width)


def test_a_block_has_all_hyperparameters_but_what_the_data_decides() -> None:
    block = Block("FeedForwardAE", hidden=[64, 8])
    rest = {"activation": "ReLU", "dropout": 0.0, "norm": "none"}
    assert (block.name, block.kind) == ("FeedForwardAE", "model")
    assert block.hyperparameters == {"hidden": [64, 8], **rest}
    assert block.section == {"model_name": "FeedForwardAE", "hidden": [64, 8], **rest}
    assert Block("FeedForwardAE", input_shape=(1, 5)).hyperparameters["input_shape"] == [1, 5]
    assert "num_classes" not in Block(Net).hyperparameters  # null would not be filled in


def test_a_block_of_what_was_given_equals_that_of_all() -> None:
    block = Block("FeedForwardAE", hidden=[4])
    assert block == Block("FeedForwardAE", hidden=(4,), dropout=0.0)
    assert block != Block("FeedForwardAE", hidden=[5])
    assert block != Block("MLP") and block != "FeedForwardAE"
    assert eval(repr(block)) == block
    assert eval(repr(Block("SGD", "optimizer", lr=0.5))) == Block("SGD", "optimizer", lr=0.5)


def test_a_class_and_its_path_are_the_same_block() -> None:
    assert Block(Net, width=4) == Block(NAME, width=4)
    assert Block(Net).section == {"model_name": NAME, "width": 3}
    assert Block(FeedForwardAE).name == "FeedForwardAE"
    assert Block(torch.optim.Adam, "optimizer").name == "Adam"


@pytest.mark.parametrize(
    ("arguments", "named", "error", "said"),
    [
        (("FeedForwardAE",), {"hiden": [4]}, ConfigError, "did you mean 'hidden'"),
        (("FeedForwardAE",), {"dropout": 2}, ConfigError, "model_kwargs.dropout"),
        (("FeedForwrdAE",), {}, ComponentError, "did you mean 'FeedForwardAE'"),
        ((NAME,), {"widht": 3}, ConfigError, "did you mean 'width'"),
        (("MLP", "modell"), {}, UserError, "did you mean 'model'"),
    ],
)
def test_what_is_wrong_is_refused_with_the_nearest(
    arguments: Any, named: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        Block(*arguments, **named)


def test_a_class_that_no_import_finds_is_refused() -> None:
    class Hidden(nn.Module):
        pass

    with pytest.raises(ComponentError, match="top of a module"):
        Block(Hidden)
