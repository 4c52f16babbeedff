"""Datasets, splits and loaders: batches on the device, the same in every run of a seed."""

from stride.data.array_dataset import ArrayDataset
from stride.data.batches.base import Batches
from stride.data.build import Data, build_data
from stride.data.build import batches_in_order as batches_in_order
from stride.data.datasets import resolve_dataset
from stride.data.normalize import Normalization
from stride.data.options import resolve_loader
from stride.data.user_loaders import data_from_loaders, user_batches, validation_loaders

__all__ = [
    "ArrayDataset",
    "Batches",
    "Data",
    "Normalization",
    "batches_in_order",
    "build_data",
    "data_from_loaders",
    "resolve_dataset",
    "resolve_loader",
    "user_batches",
    "validation_loaders",
]
