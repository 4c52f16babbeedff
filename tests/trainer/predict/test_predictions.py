"""Outputs of a model for batches, each once and with the number of its sample."""

import numpy as np
import pytest
import torch
from torch import nn

from stride.data import Normalization
from stride.engine.precision import Precision
from stride.errors import DataError
from stride.models.model import Model, OwnSteps
from stride.trainer.predict.predictions import Column, predict
from stride.trainer.predict.samples import Samples, example_of, samples_of

CPU = torch.device("cpu")


def predicted(network, batches, precision="fp32", **facts):
    undo = facts.pop("undo", None)
    model = Model(network, nn.MSELoss())
    return predict(model, Samples(batches, **facts), precision=Precision(precision, CPU), undo=undo)


class Several(nn.Module):
    def forward(self, x):
        return {"mean": x.sum(1), "parts": (x, x.to(torch.bfloat16))}


X = torch.arange(12.0).reshape(6, 2)


def test_outputs_targets_and_numbers_have_a_row_for_each_sample():
    numbers = torch.tensor([3, 5, 7, 11, 13, 17])
    batches = [(X[:4], X[:4, 0]), {"inputs": X[4:], "targets": X[4:, 0]}]
    found = predicted(nn.Identity(), batches, numbers=numbers, total=6)
    assert list(found) == ["sample", "outputs", "targets"]
    assert found["sample"].tolist() == numbers.tolist() and found["sample"].dtype == np.int64
    assert np.array_equal(found["outputs"], X) and np.array_equal(found["targets"], X[:, 0])


@pytest.mark.parametrize("total", [None, 6, 2, 100])
def test_however_many_samples_were_foretold(total):
    found = predicted(nn.Identity(), [X[:1], X[1:3], X[3:]], total=total)
    assert found["sample"].tolist() == [0, 1, 2, 3, 4, 5]
    assert np.array_equal(found["outputs"], X)


def test_several_outputs_are_arrays_of_their_own():
    found = predicted(Several(), [(X,)])
    assert list(found) == ["sample", "outputs/mean", "outputs/parts/0", "outputs/parts/1"]
    assert found["outputs/parts/1"].dtype == np.float32


class Own(nn.Module):
    """A network of batches of its own."""

    def forward(self, x):
        return x["anchor"]


def test_no_samples_are_arrays_without_rows_and_no_batches_are_refused():
    empty = samples_of(np.zeros((0, 2)), CPU, None, None).batches
    found = predicted(Several(), empty)
    assert {name: array.shape for name, array in found.items()} == {
        "sample": (0,), "outputs/mean": (0,), "outputs/parts/0": (0, 2), "outputs/parts/1": (0, 2)
    }  # fmt: skip
    with pytest.raises(DataError, match="no samples, and without one"):
        predicted(Several(), [])
    with pytest.raises(DataError, match="give at least one sample") as caught:
        predicted(nn.AdaptiveMaxPool1d(2), [torch.zeros(0, 1, 0)])
    assert caught.value.where == "inputs of shape [0, 1, 0], torch.float32"


@pytest.mark.parametrize(
    ("network", "batch", "where", "words"),
    [
        (nn.Linear(3, 1), X, "inputs of shape [6, 2], torch.float32", "of the shape that"),
        (nn.Linear(2, 1), X.long(), "inputs of shape [6, 2], torch.int64", "type that the run"),
        (nn.Linear(2, 1), (X, X, X), "inputs of shape [[6, 2], [6, 2], [6, 2]]", "predict(self, b"),
        (Own(), {"positive": X}, "inputs of shape {'positive': [6, 2]}", "KeyError 'anchor'"),
        (Own(), X, "inputs of shape [6, 2], torch.float32", "of the shape that"),
    ],
)
def test_inputs_that_the_model_does_not_take_are_told_with_what_it_takes(
    network, batch, where, words
):
    with pytest.raises(DataError, match="the model does not take these inputs") as caught:
        predicted(network, [batch])
    assert caught.value.where == where and words in str(caught.value)


def test_what_a_model_itself_refuses_stays_as_it_says():
    class Strict(nn.Module):
        def forward(self, x):
            raise DataError("only squares", hint="give squares")

    with pytest.raises(DataError, match=r"^only squares; give squares$"):
        predicted(Strict(), [X])


def test_a_network_without_forward_is_refused_with_what_to_write():
    with pytest.raises(DataError, match=r"a Module does not predict.*'?forward") as caught:
        predicted(nn.Module(), [X])
    assert "`predict` of its own" in caught.value.hint


def test_the_model_is_in_evaluation_mode_and_as_it_was_after():
    network = nn.Dropout(0.5).train()
    assert np.array_equal(predicted(network, [X])["outputs"], X)
    assert network.training


def test_a_batch_of_another_form_is_the_model_s_own():
    class Own(nn.Module):
        def training_step(self, batch):
            return batch["tokens"].sum()

        def forward(self, batch):
            return batch["tokens"] * batch["mask"]

    model, batch = OwnSteps(Own()), {"tokens": X, "mask": torch.zeros(6, 2), "targets": X}
    found = predict(model, Samples([batch]), precision=Precision("fp32", CPU))
    assert not found["outputs"].any() and np.array_equal(found["targets"], X)


def test_what_was_normalised_is_put_back_where_it_is_predicted():
    normalization = Normalization("standard", (1.0, 10.0), (2.0, 4.0))
    normalised = normalization.apply(X)
    found = predicted(nn.Identity(), [normalised], undo=normalization)
    assert np.allclose(found["outputs"], X)
    with_targets = predicted(nn.Identity(), [(normalised, X)], undo=normalization)
    assert np.array_equal(with_targets["outputs"], normalised)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (lambda x: x.sum(), "not one row for each sample"),
        (lambda x: x[:1], "not one row for each sample"),
        (lambda x: "text", "predicts a str, not a tensor"),
        (lambda x: x[:, : len(x)], r"have the shape \(2,\), and in a later batch \(1,\)"),
    ],
)
def test_what_has_not_a_row_for_each_sample_is_refused(outputs, words):
    class Network(nn.Module):
        def forward(self, x):
            return outputs(x)

    with pytest.raises(DataError, match=words):
        predicted(Network(), [X[:5], X[5:]])


def test_a_column_holds_nothing_twice():
    column = Column("outputs", 4)
    for part in np.arange(4.0).reshape(4, 1, 1):
        column.append(part)
    first = column.array()
    assert first is column.array() and first.shape == (4, 1)


@pytest.mark.parametrize(
    "data",
    [X, X.double().numpy(), (X, X[:, 0]), {"inputs": X, "targets": X[:, 0]}, [X[:4], X[4:]]],
)
def test_arrays_and_loaders_are_cut_into_batches_and_normalised(data):
    normalization = Normalization("standard", (1.0, 10.0), (2.0, 4.0))
    size = None if isinstance(data, list) else 4
    samples = samples_of(data, CPU, normalization, size)
    found = predict(Model(nn.Identity(), nn.MSELoss()), samples, precision=Precision("fp32", CPU))
    assert np.array_equal(found["outputs"], normalization.apply(X))
    assert ("targets" in found) == isinstance(data, (tuple, dict))


def test_what_cannot_be_batches_is_refused():
    with pytest.raises(DataError, match="differ in length: 5, 6"):
        samples_of((X, X[:5]), CPU, None, None)
    with pytest.raises(DataError, match="a loader of your own has batches of its own"):
        samples_of([X], CPU, None, 4)
    with pytest.raises(DataError, match="a int gives no batches"):
        samples_of(3, CPU, None, None)
    with pytest.raises(DataError, match="of type <U1 holds what is not a number"):
        samples_of(np.array(["a"]), CPU, None, None)
    for reader in (example_of, lambda data: samples_of(data, CPU, None, None)):
        with pytest.raises(DataError, match="an array without dimensions has no samples"):
            reader(torch.tensor(1.0))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (torch.zeros(5, 3), "inputs of 3 channels do not fit"),
        ([[1.0, 2.0]], "inputs that are a float cannot be normalised"),
        ({"other": X}, "has the keys other, not 'inputs'"),
    ],
)
def test_what_cannot_be_normalised_as_in_the_run_is_refused(data, message):
    normalization = Normalization("standard", (1.0, 10.0), (2.0, 4.0))
    with pytest.raises(DataError, match=message) as caught:
        list(samples_of(data, CPU, normalization, None).batches)
    assert caught.value.where == "data"
