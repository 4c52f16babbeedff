"""What the data is said to be: its classes counted, or named by its owner."""

import torch
from torch.utils.data import TensorDataset

from stride.data.data_info import describe, num_classes
from stride.data.samples import as_source


class Named:
    """Samples one by one, with classes that need not all be there."""

    classes = ("a", "b", "c", "d")

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return torch.zeros(2), 0


class Listed(Named):
    classes = None
    targets = (0, 2, 255)


def test_classes_are_counted_without_those_that_stand_for_none():
    targets = torch.tensor([0, 2, -1, 255])
    source = as_source(TensorDataset(torch.zeros(4, 2), targets), "data")
    assert num_classes(source) == 256
    assert num_classes(source, ignored=255) == 3
    assert num_classes(as_source(Listed(), "data"), ignored=255) == 3
    assert num_classes(as_source(Named(), "data")) == 4


def test_what_is_no_class_has_no_number_of_them():
    numbers = as_source(TensorDataset(torch.zeros(4, 2), torch.rand(4)), "data")
    assert num_classes(numbers) is None
    info = describe((torch.zeros(4, 2), torch.rand(4)), {"train": 4}, "data", num_classes=3)
    assert (info.target_kind, info.num_classes, info.num_train) == ("float", None, 4)
