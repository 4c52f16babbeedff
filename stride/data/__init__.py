"""Datasets, splits and loaders: batches on the device, the same in every run of a seed."""

from stride.data.batches.base import Batches, move
from stride.data.build import Data, build_data
from stride.data.columns import ArrayDataset
from stride.data.datasets import resolve_dataset
from stride.data.given import given, given_data
from stride.data.info import DataInfo
from stride.data.normalize import Normalization
from stride.data.options import resolve_loader

__all__ = [
    "ArrayDataset",
    "Batches",
    "Data",
    "DataInfo",
    "Normalization",
    "build_data",
    "given",
    "given_data",
    "move",
    "resolve_dataset",
    "resolve_loader",
]
