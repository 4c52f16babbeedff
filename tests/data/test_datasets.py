"""The dataset is found, checked, made once or once per split, and divided."""

import pytest
import torch
from torch.utils.data import Subset, TensorDataset

from stride.config.values import Raw
from stride.data.datasets import find_transform, open_dataset, resolve_dataset
from stride.data.samples import as_source
from stride.errors import ComponentError, ConfigError, DataError

SPLITS = ("train", "val", "test")


def opened(splits=SPLITS, **kwargs):
    return open_dataset(resolve_dataset(kwargs), splits)


def test_resolving_completes_and_converts(mine):
    resolved = resolve_dataset({"dataset_name": "mine:Squares", "size": Raw("30")})
    assert resolved["size"] == 30 and resolved["scale"] == 1.0
    assert resolved["val_fraction"] == 0.15 and resolved["normalize"] == "none"
    assert resolve_dataset(resolved) == resolved


def test_wrong_keys_are_refused(mine):
    with pytest.raises(ConfigError, match="did you mean 'size'"):
        resolve_dataset({"dataset_name": "mine:Squares", "sise": 3})
    with pytest.raises(ConfigError):
        resolve_dataset({"dataset_name": "digits", "path": "x"})
    with pytest.raises(ComponentError, match="digits"):
        resolve_dataset({"dataset_name": "digit"})
    with pytest.raises(ComponentError, match="jiter"):
        resolve_dataset({"dataset_name": "digits", "transform": "mine:jiter"})
    with pytest.raises(ConfigError, match="path"):
        resolve_dataset({"dataset_name": "table"})


def test_a_dataset_is_made_once_and_divided(mine):
    found = opened(dataset_name="mine:Squares", size=100, val_fraction=0.2, test_fraction=0.1)
    assert mine.calls == ["Squares"]
    assert found.counts == {"train": 70, "val": 20, "test": 10}
    values = torch.cat(
        [torch.stack([part[i][0] for i in range(len(part))]) for part in found.parts.values()]
    )
    assert values[:, 0].sort().values.tolist() == list(range(100))
    assert (found.name, found.classes, found.num_classes) == ("Squares", ("even", "odd"), 2)


def test_a_dataset_that_splits_itself_is_made_once_per_split(mine):
    found = opened(dataset_name="mine:BySplit")
    assert [call for call in mine.calls if call != "Squares"] == ["train", "val", "test"]
    assert found.counts == {"train": 40, "val": 7, "test": 5}
    found = opened(("test",), dataset_name="mine:BySplit")
    assert list(found.parts) == ["test"]
    assert list(opened(dataset_name="mine:without_test").parts) == ["train", "val"]


@pytest.mark.parametrize("key", ["val_fraction", "test_fraction", "split_seed"])
def test_fractions_beside_a_dataset_that_splits_itself_are_refused(mine, key):
    value = 1 if key == "split_seed" else 0.3
    with pytest.raises(ConfigError, match=f"{key} has no effect"):
        resolve_dataset({"dataset_name": "mine:BySplit", key: value})


def test_only_the_training_split_is_subsampled(mine):
    whole = opened(dataset_name="mine:plain_tensors", size=100)
    part = opened(dataset_name="mine:plain_tensors", size=100, subsample_rate=0.5)
    assert part.counts == {"train": 35, "val": 15, "test": 15}
    assert torch.equal(whole.parts["val"].tensors[0], part.parts["val"].tensors[0])
    kept = set(part.parts["train"].tensors[0][:, 0].tolist())
    assert kept < set(whole.parts["train"].tensors[0][:, 0].tolist())
    other = opened(
        dataset_name="mine:plain_tensors", size=100, subsample_rate=0.5, subsample_seed=1
    )
    assert set(other.parts["train"].tensors[0][:, 0].tolist()) != kept
    assert part.fingerprint == whole.fingerprint


def test_only_the_training_split_is_repeated(mine):
    found = opened(dataset_name="mine:plain_tensors", size=100, subsample_rate=2)
    assert found.counts == {"train": 140, "val": 15, "test": 15}
    numbers = found.parts["train"].indices
    assert numbers.bincount().unique().tolist() == [0, 2]
    whole = opened(dataset_name="mine:plain_tensors", size=100)
    assert found.fingerprint == whole.fingerprint


def test_splits_do_not_depend_on_what_else_is_asked_for(mine):
    for name in ("mine:Squares", "mine:plain_tensors", "mine:plain_arrays"):
        alone = opened(("test",), dataset_name=name)
        together = opened(dataset_name=name)
        assert list(alone.parts) == ["test"]
        assert alone.fingerprint == together.fingerprint
        one, other = alone.parts["test"], together.parts["test"]
        assert all(torch.equal(one[i][0], other[i][0]) for i in range(len(one)))


def test_forms_that_hold_only_tensors_are_seen(mine):
    for name, classes in (("mine:plain_tensors", 4), ("mine:plain_arrays", 3)):
        found = opened(dataset_name=name)
        assert all(part.in_memory for part in found.parts.values())
        assert found.num_classes == classes


def test_a_part_of_a_part_keeps_its_order():
    rows = TensorDataset(torch.arange(10))
    for data in (rows, [torch.tensor(i) for i in range(10)]):
        part = as_source(Subset(Subset(data, [7, 1, 4, 9]), [3, 0, 1]), "part")
        found = part.select(torch.tensor([2, 0]))
        values = [found[i][0] if isinstance(found[i], tuple) else found[i] for i in range(2)]
        assert values == [1, 9]


def test_a_class_or_function_may_be_given_itself(mine):
    found = opened(dataset_name=mine.Squares)
    assert found.name == "Squares"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mine:empty", "holds no samples"),
        ("mine:a_loader", "train_loader"),
        ("mine:jitter", "x"),
        ("mine:Unsplit", "cannot be divided"),
    ],
)
def test_what_is_no_dataset_is_refused(mine, name, message):
    with pytest.raises((DataError, ConfigError), match=message):
        opened(dataset_name=name)


def test_a_stream_cannot_be_subsampled(mine):
    with pytest.raises(DataError, match="subsample_rate=1"):
        opened(dataset_name="mine:Stream", subsample_rate=0.5)


def test_transforms(mine):
    assert find_transform(None) is None
    assert find_transform("mine:jitter") is mine.jitter
    assert isinstance(find_transform("mine:Jitter"), mine.Jitter)
    assert find_transform(mine.jitter) is mine.jitter
