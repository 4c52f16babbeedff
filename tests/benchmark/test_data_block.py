"""Data blocks: what they hold, what they refuse, and the file that runs read them from."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stride import DataBlock
from stride.benchmark.data_file import StoredBlocks
from stride.data.datasets import open_dataset, resolve_dataset
from stride.errors import DataError, UserError

SERIES = torch.arange(24.0).reshape(3, 2, 4)
LABELS = [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]


def test_series_come_as_one_array_or_as_a_list() -> None:
    block = DataBlock(SERIES.double().numpy(), LABELS)
    assert torch.equal(block.inputs, SERIES) and block.inputs.dtype == torch.float32
    assert block.labels is not None and block.labels.tolist() == np.array(LABELS, bool).tolist()
    assert torch.equal(DataBlock(list(SERIES[:, None])).inputs, SERIES)
    assert DataBlock(SERIES).labels is None and len(block) == 3
    assert (block.of_classes, block.section) == (False, {})


def test_a_block_stays_what_it_was_checked_to_be() -> None:
    series, labels = SERIES.clone(), torch.tensor(LABELS) > 0
    for given in (series, series.numpy()):
        block = DataBlock(given, labels)
        series.fill_(torch.nan)
        labels.fill_(True)
        assert block.labels is not None and int(block.labels.sum()) == 2
        assert torch.equal(block.inputs, SERIES)
        series.copy_(SERIES)
        labels.copy_(torch.tensor(LABELS))


def test_classes_label_all_points_of_their_series() -> None:
    block = DataBlock.from_classes(SERIES, ["n", "v", "s"], normal=["n", "s"])
    assert block.of_classes and block.labels is not None
    assert block.labels.int().tolist() == [[0] * 4, [1] * 4, [0] * 4]
    assert torch.equal(block.normal().inputs, SERIES[[0, 2]]) and block.normal().of_classes
    numbers = DataBlock.from_classes(SERIES, torch.tensor([1, 2, 1]), normal=1)
    assert numbers.labels is not None and torch.equal(numbers.labels, block.labels)


def test_a_split_of_a_set_is_had_by_its_name() -> None:
    block = DataBlock("sines", split="validation", num_val=5, length=20, anomaly_length=4)
    assert block.inputs.shape == (5, 1, 20) and block.labels is not None
    assert (block.split, block.section["num_val"]) == ("val", 5)
    assert not block.of_classes


@pytest.mark.parametrize(
    ("arguments", "named", "said"),
    [
        ((SERIES[0],), {}, r"series\[:, None\]"),
        ((torch.empty(0, 1, 4),), {}, "at least one series"),
        (([SERIES[:1], SERIES[:1, :, :3]],), {}, r"\(1, 2, 4\), \(1, 2, 3\)"),
        ((SERIES, [[0] * 4]), {}, r"shape \(1, 4\), and their series want \(3, 4\)"),
        ((SERIES, [[2] * 4] * 3), {}, "the label 2 of series 0 is neither 0 nor 1"),
        ((torch.where(SERIES == 13, torch.nan, SERIES),), {}, "series 1 has nan at point 1"),
        ((np.array([[["a"]]]),), {}, "no numbers"),
        ((None,), {}, "no numbers"),
        ((3,), {}, r"shape \(N, channels, points\), not \(\)"),
        ((SERIES.to(torch.complex64),), {}, "complex"),
        (("sines", LABELS), {"split": "test"}, "labels are given beside sines"),
        ((SERIES,), {"split": "test"}, "split is of a set"),
        (("sines",), {"split": "tset"}, "did you mean 'test'"),
        (("sines",), {}, "give split="),
        (("sines",), {"split": "val", "num_val": 0}, "no val split"),
        (("sines",), {"split": "val", "normalize": "standard"}, "for all splits alike"),
        (("digits",), {"split": "val"}, "not series alone"),
        (("sines",), {"split": "val", "nun_val": 3}, "did you mean 'num_val'"),
        (("sine",), {"split": "val"}, "did you mean 'sines'"),
    ],
)
def test_what_is_wrong_is_refused_with_what_to_do(arguments: Any, named: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        DataBlock(*arguments, **named)


def test_a_class_that_no_series_has_is_refused() -> None:
    with pytest.raises(DataError, match=r"no series is of the class 4.*there are 1, 2"):
        DataBlock.from_classes(SERIES, [1, 2, 1], normal=4)
    with pytest.raises(DataError, match="one class for each series"):
        DataBlock.from_classes(SERIES, [1, 2], normal=1)


def stored(blocks: Mapping[str, DataBlock], work_dir: Path) -> dict[str, Any]:
    """Write what is to be written of blocks; return how a config names them."""
    kept = StoredBlocks(blocks)
    kept.write(work_dir)
    return kept.section


def blocks(**named: DataBlock) -> dict[str, DataBlock]:
    return {
        split: DataBlock(SERIES + n) for n, split in enumerate(("train", "val", "test"))
    } | named


def test_arrays_are_written_once_and_read_as_they_were(tmp_path: Path) -> None:
    given = blocks(test=DataBlock(SERIES, LABELS))
    section = stored(given, tmp_path)
    file = tmp_path / section["path"]
    before = os.stat(file)
    assert stored(blocks(test=DataBlock(SERIES, LABELS)), tmp_path) == section
    assert os.stat(file) == before and [*file.parent.iterdir()] == [file]
    assert stored(blocks(), tmp_path) != section
    read = open_dataset(resolve_dataset({**section, "path": str(file)}), [*given]).parts
    for split, block in given.items():
        assert torch.equal(read[split].tensors[0], block.inputs)
    assert read["test"].annotations["labels"].int().tolist() == LABELS
    assert not read["train"].annotations


def test_a_named_set_stays_a_name_as_long_as_it_is_all_of_it(tmp_path: Path) -> None:
    named = {split: DataBlock("sines", split=split, num_train=8) for split in blocks()}
    section = stored(named, tmp_path)
    assert section["dataset_name"] == "sines" and section["num_train"] == 8
    assert not [*tmp_path.iterdir()]
    other = {**named, "val": named["test"]}
    assert stored(other, tmp_path)["dataset_name"] == "series_arrays"


def test_annotations_of_windows_are_kept(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n" + "\n".join(map(str, range(60))))
    options: dict[str, Any] = {"path": str(tmp_path / "t.csv"), "window": 5, "train_points": 40}
    train, test = (DataBlock("csv_series", split=one, **options) for one in ("train", "test"))
    section = stored({"train": train, "val": test, "test": test}, tmp_path)
    section["path"] = str(tmp_path / section["path"])
    read = open_dataset(resolve_dataset(section), ["val"]).parts["val"]
    assert read.annotations["start"].tolist() == test.annotations["start"].tolist()


def test_blocks_of_one_benchmark_are_of_one_shape(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\(2, 4\) and \(2, 3\)"):
        stored(blocks(val=DataBlock(SERIES[..., :3])), tmp_path)


def test_a_run_in_the_place_of_the_data_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "status.json").write_text("{}")
    with pytest.raises(DataError, match="a run is called data"):
        stored(blocks(), tmp_path)
