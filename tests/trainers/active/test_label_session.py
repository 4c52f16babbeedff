"""A person's answers become labels of the samples that a run asks for."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import IterableDataset

from stride.active.labels.rendering import Picture, Table, Words
from stride.data.array_dataset import ArrayDataset
from stride.errors import DataError, RunError
from stride.runs.labels.labels_jsonl import add_labels, read_labels
from stride.runs.layout import RunPaths
from stride.runs.writer import RunWriter
from stride.trainers.active.label_session import LabelSession
from tests.trainers.active.waiting import pets, waiting


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """Give a run that asks for the animals 7, 3 and 5 of its training split."""
    return waiting(tmp_path / "w", pets(tmp_path))


def here(name: str) -> dict[str, Any]:
    return {"dataset_name": f"{__name__}:{name}"}


class Texts:
    """Texts without known targets; nobody knows how many classes there are."""

    feature_names = ("unused",)

    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> tuple[str, int]:
        return f"text {index}", -1


class Measured(Texts):
    feature_names = ("width", "height")

    def __getitem__(self, index: int) -> Any:
        return torch.tensor([1.5, 2.5]), torch.tensor(float("nan"))


class Bare(Texts):
    def __getitem__(self, index: int) -> Any:
        return torch.zeros(2)


class Named(Bare):
    classes = ("a", "b")


class Stream(IterableDataset[Any]):
    def __init__(self, split: str) -> None: ...

    def __iter__(self) -> Any:
        return iter([(torch.zeros(2), 1)])


def numbered() -> ArrayDataset:
    return ArrayDataset([torch.zeros(40, 2), torch.arange(40) % 3], classes=("10", "20", "30"))


def test_it_tells_what_is_asked_for_and_of_which_classes(paths: RunPaths) -> None:
    labelling = LabelSession(paths.path)
    assert [asked.id for asked in labelling.missing()] == [7, 3, 5]
    assert labelling.classes == labelling.names == ("cat", "cow", "dog")
    assert (labelling.kind, labelling.num_classes) == ("class", 3)


def test_samples_are_those_of_the_training_split_with_the_names_of_their_columns(
    tmp_path: Path,
) -> None:
    section = {
        **pets(tmp_path),
        "normalize": "standard",
        "val_fraction": 0.2,
        "subsample_rate": 0.8,
    }
    labelling = LabelSession(waiting(tmp_path / "w", section).path)
    from stride.data import build_data

    data = build_data(section, {}, seed=0, device=torch.device("cpu"), splits=("train",))
    assert data.normalization is not None
    (scaled, _) = data.sources["train"][7]  # type: ignore[index]
    age = scaled[0] * data.normalization.scale[0] + data.normalization.shift[0]
    found = labelling.show(7)
    assert isinstance(found, Table)
    assert [name for name, _ in found.rows] == ["age", "body weight"]
    assert float(found.rows[0][1]) == round(float(age))


def test_only_the_features_that_are_used_are_shown(tmp_path: Path) -> None:
    section = {**pets(tmp_path), "features": ["body weight"]}
    found = LabelSession(waiting(tmp_path / "w", section).path).show(0)
    assert isinstance(found, Table) and [name for name, _ in found.rows] == ["body weight"]


def test_digits_are_images_of_ten_classes(tmp_path: Path) -> None:
    labelling = LabelSession(waiting(tmp_path / "w", {"dataset_name": "digits"}).path)
    assert isinstance(labelling.show(7), Picture)
    assert labelling.classes == tuple("0123456789") and labelling.names == ()
    assert labelling.read("7") == 7


def test_a_user_s_dataset_of_text(tmp_path: Path) -> None:
    labelling = LabelSession(waiting(tmp_path / "w", here("Texts")).path)
    assert isinstance(labelling.show(7), Words)
    assert (labelling.kind, labelling.classes) == ("class", ())
    assert labelling.read("12") == 12


def test_numbers_are_asked_for_where_targets_are_numbers(tmp_path: Path) -> None:
    labelling = LabelSession(waiting(tmp_path / "w", here("Measured")).path)
    assert (labelling.kind, labelling.classes) == ("float", ())
    assert labelling.show(3) == Table((("width", "1.5"), ("height", "2.5")))
    assert labelling.give(3, "0,5", by="ann") == 0.5
    with pytest.raises(DataError, match="'much' is not a number"):
        labelling.give(5, "much", by="ann")


def test_numbers_are_asked_for_where_there_are_no_targets(tmp_path: Path) -> None:
    assert LabelSession(waiting(tmp_path / "w", here("Bare")).path).kind == "float"


def test_classes_that_are_named_are_asked_for_also_without_targets(tmp_path: Path) -> None:
    assert LabelSession(waiting(tmp_path / "w", here("Named")).path).classes == ("a", "b")


def test_a_stream_cannot_be_labelled(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="stream"):
        LabelSession(waiting(tmp_path / "w", here("Stream")).path)


@pytest.mark.parametrize(
    ("typed", "label"),
    [("dog", "dog"), ("2", "dog"), (" Ca ", "cat"), ("CAT", "cat"), ("d", "dog")],
)
def test_a_class_is_typed_by_number_name_or_beginning(
    paths: RunPaths, typed: str, label: str
) -> None:
    assert LabelSession(paths.path).give(3, typed, by="ann") == label
    assert read_labels(paths) == {3: label}


@pytest.mark.parametrize(
    ("typed", "said"),
    [("c", "'c' may be cat or cow"), ("bird", "not a class"), ("3", "not a class")],
)
def test_what_means_no_class_or_several_is_refused(paths: RunPaths, typed: str, said: str) -> None:
    labelling = LabelSession(paths.path)
    with pytest.raises(DataError, match=said):
        labelling.give(3, typed, by="ann")
    with pytest.raises(DataError, match="not a class"):
        labelling.read("")
    assert len(labelling.missing()) == 3


def test_names_that_are_numbers_are_no_codes(tmp_path: Path) -> None:
    labelling = LabelSession(waiting(tmp_path / "w", here("numbered")).path)
    assert labelling.read("20") == "20" and labelling.read("3") == "30"
    with pytest.raises(DataError, match="not a class"):
        labelling.read("0")


def test_a_label_is_taken_back(paths: RunPaths) -> None:
    labelling = LabelSession(paths.path)
    labelling.give(3, "dog", by="ann")
    add_labels(paths, {5: 1}, by="bob")  # somebody else at the same time
    assert [asked.id for asked in labelling.missing()] == [7]
    labelling.withdraw(3, by="ann")
    assert [asked.id for asked in labelling.missing()] == [7, 3]


def test_a_label_that_was_given_and_is_no_class_is_told_at_once(paths: RunPaths) -> None:
    add_labels(paths, {5: "bird"}, by="ann")
    with pytest.raises(DataError, match="the label 'bird' of sample 5 is not a class"):
        LabelSession(paths.path)


def test_a_sample_beyond_the_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no sample 20 in the training split"):
        LabelSession(waiting(tmp_path / "w", pets(tmp_path), ids=(3, 20)).path)


def test_a_run_that_never_asked_is_refused(paths: RunPaths) -> None:
    paths.queries.unlink()
    with pytest.raises(RunError, match=r"run 0 has asked for no labels.*oracle=person"):
        LabelSession(paths.path)


@pytest.mark.parametrize("state", ["done", "stopped"])
def test_a_run_that_has_ended_wants_no_labels(tmp_path: Path, state: str) -> None:
    paths = waiting(tmp_path / "w", pets(tmp_path), state=state)
    with pytest.raises(RunError, match=f"run 0 is {state} and wants no labels"):
        LabelSession(paths.path)


@pytest.mark.parametrize("state", ["interrupted", "failed"])
def test_a_run_that_was_killed_after_it_asked_takes_labels(tmp_path: Path, state: str) -> None:
    labelling = LabelSession(waiting(tmp_path / "w", pets(tmp_path), state=state).path)
    assert labelling.give(7, "dog", by="ann") == "dog"


def test_labels_that_were_trained_on_stay(paths: RunPaths) -> None:
    labelling = LabelSession(paths.path)
    for sample in (7, 3, 5, 5):
        labelling.give(sample, "dog", by="ann")
    RunWriter.resume(paths.path).close("interrupted")
    assert LabelSession(paths.path).missing() == []
    with pytest.raises(RunError, match=r"has continued with the labels.*type: stride resume"):
        labelling.give(5, "cat", by="ann")
    with pytest.raises(RunError, match="has continued with the labels"):
        labelling.withdraw(5, by="ann")
    assert read_labels(paths)[5] == "dog"


def test_a_run_that_goes_on_takes_no_labels(paths: RunPaths) -> None:
    labelling = LabelSession(paths.path)
    writer = RunWriter.resume(paths.path)
    try:
        with pytest.raises(RunError, match="a process is writing this run"):
            LabelSession(paths.path)
        with pytest.raises(RunError, match="a process is writing this run"):
            labelling.give(7, "dog", by="ann")
    finally:
        writer.close("waiting")


def test_the_data_may_lie_elsewhere(tmp_path: Path) -> None:
    paths = waiting(tmp_path / "w", pets(tmp_path))
    (tmp_path / "new").mkdir()
    (tmp_path / "pets.csv").rename(tmp_path / "new" / "pets.csv")
    with pytest.raises(DataError, match="no file"):
        LabelSession(paths.path)
    assert LabelSession(paths.path, str(tmp_path / "new")).num_classes == 3
