"""Turn the columns to predict from into inputs: numbers as they are, text by its categories."""

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from stride.data.cells.categories import encode
from stride.data.cells.column import Columns, TableColumn
from stride.data.cells.column_type import column_type
from stride.data.cells.floats import to_floats
from stride.data.cells.numbers import parse_numbers
from stride.data.cells.read_options import ReadOptions

_LISTED = (
    "leave the column out of dataset_kwargs.features, "
    "or list its values in dataset_kwargs.categories"
)


@dataclass
class TableFeatures:
    """The inputs of a table.

    Attributes:
        inputs: float32 (N, number of inputs).
        names: what each input is called: its column, or `column=value`.
        categories: the values of each text column, by code.
    """

    inputs: Tensor
    names: list[str] = field(default_factory=list)
    categories: dict[str, list[str]] = field(default_factory=dict)


def read_features(columns: Columns, reading: ReadOptions) -> TableFeatures:
    """Return the inputs, in the order of the columns.

    Raises:
        DataError: text that no key allows, a cell that is neither clearly, an unknown category.
    """
    blocks: list[Tensor] = []
    made = TableFeatures(torch.empty(0))
    for name, column in columns.items():
        if not _is_categorical(column, reading):
            blocks.append(to_floats(column, reading, _otherwise(reading))[:, None])
            made.names.append(name)
            continue
        codes, values = encode(column, reading)
        made.categories[name] = values
        if reading.text_features == "one_hot":
            blocks.append(one_hot(codes, len(values)).to(torch.float32))
            made.names += [f"{name}={value}" for value in values]
        else:
            blocks.append(codes.to(torch.float32)[:, None])
            made.names.append(name)
    made.inputs = torch.cat(blocks, dim=1)
    return made


def _otherwise(reading: ReadOptions) -> str:
    otherwise = "leave the column out of dataset_kwargs.features"
    if reading.text_features is not None:
        return otherwise
    return f"type dataset_kwargs.text_features=one_hot if the column is text, or {otherwise}"


def _is_categorical(column: TableColumn, reading: ReadOptions) -> bool:
    if reading.text_features is None:
        return False
    if column.name in reading.categories:
        return True
    if not column.is_text or parse_numbers(column.cells, reading.decimal) is not None:
        return False
    return column_type(column, reading, _LISTED) == "text"
