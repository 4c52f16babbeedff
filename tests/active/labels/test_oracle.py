"""Labels become targets, and targets become those of the dataset for these samples alone."""

import numpy as np
import pytest
import torch
from torch import Tensor

from stride.active.labels.oracle import class_of, relabel, require_samples, targets_of
from stride.active.pool.pool_reader import Reader
from stride.data.array_dataset import ArrayDataset
from stride.data.normalize import Normalization
from stride.data.samples import SampleDataset, StreamDataset
from stride.errors import DataError

PETS = ("cat", "dog", "Hamster")


def test_classes_by_name_or_number_in_the_order_of_the_labels() -> None:
    targets = targets_of({9: "dog", 2: 0, 5: "2", 1: 1.0, 7: "hamster"}, PETS)
    assert targets.tolist() == [1, 0, 2, 1, 2] and targets.dtype == torch.int64


def test_classes_without_names_are_numbers() -> None:
    assert targets_of({4: 9, 5: "3", 6: 2.0}, num_classes=10).tolist() == [9, 3, 2]
    assert targets_of({4: 99}, kind="class").tolist() == [99]


def test_numbers_are_float32() -> None:
    targets = targets_of({4: 0.5, 5: "-1.5", 6: "0,25", 7: 3})
    assert targets.tolist() == [0.5, -1.5, 0.25, 3] and targets.dtype == torch.float32
    assert targets_of({}).shape == (0,)
    assert targets_of({4: 3}, num_classes=2, kind="float").tolist() == [3.0]


def test_a_number_is_the_name_where_names_are_numbers() -> None:
    years = ("3", "5", "7")
    assert [class_of(label, years) for label in (3, "5", 7.0, "7")] == [0, 1, 2, 2]
    with pytest.raises(DataError, match=r"1 is not a class.*3, 5, 7"):
        class_of(1, years)


def test_upper_and_lower_case_are_one_where_that_leaves_no_doubt() -> None:
    assert class_of("TRUE", ("false", "true")) == 1
    assert class_of("a", ("A", "a")) == 1
    with pytest.raises(DataError):
        class_of("Ab", ("AB", "ab"))


@pytest.mark.parametrize("label", [3, -1, 0.5, "3", "bird", "", "ca"])
def test_what_is_no_class_is_refused_by_sample_and_label(label: int | float | str) -> None:
    with pytest.raises(DataError) as refusal:
        targets_of({8: 0, 17: label}, PETS)
    assert f"the label {label!r} of sample 17 is not a class" in str(refusal.value)
    assert refusal.value.hint


def test_the_nearest_class_is_told() -> None:
    with pytest.raises(DataError, match="did you mean 'Hamster'"):
        class_of("Hampster", PETS)
    with pytest.raises(DataError, match="numbers from 0 to 9"):
        class_of(10, num_classes=10)


@pytest.mark.parametrize("label", ["much", "nan", "inf", ""])
def test_what_is_no_number_is_refused_by_sample_and_label(label: str) -> None:
    with pytest.raises(DataError, match=rf"the label '{label}' of sample 17 is not a number"):
        targets_of({17: label})


def dataset(targets: Tensor | None) -> ArrayDataset:
    inputs = torch.arange(12.0).view(6, 2)
    return ArrayDataset([inputs] if targets is None else [inputs, targets], classes=PETS)


def test_columns_get_the_targets_and_the_given_dataset_stays() -> None:
    unknown = torch.full((6,), -1)
    source = dataset(unknown)
    found = relabel(source, dict(zip((4, 1), targets_of({4: "dog", 1: 2}, PETS), strict=True)))
    assert isinstance(found, ArrayDataset)
    assert found.tensors[1].tolist() == [-1, 2, -1, -1, 1, -1]
    assert unknown.tolist() == [-1] * 6
    assert found.tensors[0] is source.tensors[0] and found.classes == PETS


def test_a_third_column_and_the_normalisation_stay() -> None:
    normalization = Normalization("standard", torch.zeros(2), torch.ones(2))
    source = ArrayDataset([*dataset(torch.zeros(6)).tensors, torch.arange(6)])
    source.normalization = normalization
    found = relabel(source, {3: 0.5})
    assert isinstance(found, ArrayDataset) and found.normalization is normalization
    assert found.tensors[1].tolist() == [0, 0, 0, 0.5, 0, 0]
    assert found.tensors[2].tolist() == list(range(6))


def test_a_column_of_columns_keeps_its_shape_and_type() -> None:
    found = relabel(dataset(torch.zeros(6, 1, dtype=torch.float64)), {3: torch.tensor(0.5)})
    column = found[3][1]
    assert column.tolist() == [0.5] and column.dtype == torch.float64


def test_a_mapped_column_is_read(tmp_path) -> None:
    from stride.data.array_dataset import MappedColumn

    np.save(tmp_path / "y.npy", np.arange(6))
    raw = (tmp_path / "y.npy").stat().st_size - 6 * 8
    mapped = MappedColumn(tmp_path / "y.npy", np.dtype("<i8"), (6,), raw, "C", torch.int64)
    found = relabel(ArrayDataset([torch.zeros(6, 2), mapped]), {3: 9})
    assert found.tensors[1].tolist() == [0, 1, 2, 9, 4, 5]


def test_columns_without_targets_get_some() -> None:
    assert relabel(dataset(None), {3: torch.tensor(2)}).tensors[1].tolist() == [
        -1, -1, -1, 2, -1, -1
    ]  # fmt: skip
    numbers = relabel(dataset(None), {3: torch.tensor(0.5)}).tensors[1]
    assert numbers[3] == 0.5 and numbers.isnan().sum() == 5


def test_no_labels_change_nothing() -> None:
    assert relabel(dataset(torch.arange(6)), {}).tensors[1].tolist() == list(range(6))


class Samples:
    """A user's dataset, whose samples have any form."""

    classes = ("cat", "dog")
    num_classes = 2

    def __init__(self, *samples: object) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> object:
        return self.samples[index]


def test_samples_keep_their_form_and_the_kind_of_their_target() -> None:
    own = Samples(
        ("a", -1), ["b", torch.tensor(-1.0), "weight"], {"inputs": "c", "targets": np.int64(-1)},
        "d", ("e", None), ("f", np.zeros(1)), ("g", 5),
    )  # fmt: skip
    found = relabel(SampleDataset(own), dict.fromkeys(range(6), torch.tensor(1)))
    assert isinstance(found, SampleDataset)
    samples = [found[index] for index in range(7)]
    assert samples[0] == ("a", 1) and samples[3:5] == [("d", 1), ("e", 1)]
    assert samples[1] == ("b", torch.tensor(1.0), "weight") and samples[1][1].dtype == torch.float32
    assert samples[2] == {"inputs": "c", "targets": 1} and type(samples[2]["targets"]) is np.int64
    assert samples[5][1].tolist() == [1.0]
    assert samples[6] == ("g", 5)
    assert own[0] == ("a", -1)


def test_numbers_count_in_the_split_and_not_in_the_dataset_it_was_taken_from() -> None:
    own = Samples(*[(name, -1) for name in "abcdef"])
    found = relabel(SampleDataset(own).select(torch.tensor([5, 3, 1])), {1: 1})
    assert [found[index] for index in range(3)] == [("f", -1), ("d", 1), ("b", -1)]
    assert found.classes == ("cat", "dog")


class Epochs(Samples):
    epoch = -1

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __getitems__(self, indices: list[int]) -> list[object]:
        return [self[index] for index in indices]


def test_relabelled_samples_are_read_in_batches() -> None:
    own = Epochs(*[(torch.zeros(2), -1) for _ in range(6)])
    found = relabel(SampleDataset(own), {1: 1, 4: 0})
    read = Reader(found, {"batch_size": 2}, seed=0, device=torch.device("cpu"))
    assert [batch[1].tolist() for batch in read(torch.tensor([4, 1, 0]))] == [[0, 1], [-1]]
    assert own.epoch >= 0


@pytest.mark.parametrize("targets", [torch.zeros(6, 3), torch.zeros(6, 2, 2)])
def test_targets_of_many_numbers_cannot_be_labels(targets: Tensor) -> None:
    with pytest.raises(DataError, match="more than one number"):
        relabel(dataset(targets), {3: 1.0})
    samples = relabel(SampleDataset(Samples((0, targets[0]))), {0: 1.0})
    with pytest.raises(DataError, match="more than one number"):
        samples[0]


@pytest.mark.parametrize("sample", [6, -1])
def test_a_sample_beyond_the_split_is_refused(sample: int) -> None:
    with pytest.raises(DataError, match=rf"no sample {sample} in the training split, which has 6"):
        relabel(dataset(torch.zeros(6)), {3: 1.0, sample: 1.0})
    with pytest.raises(DataError):
        require_samples([sample], 6)


def test_a_stream_has_no_samples_to_ask_for() -> None:
    with pytest.raises(DataError, match="stream"):
        relabel(StreamDataset([1, 2]), {0: 1})
