"""From the two sections of a config to loaders, description, statistics and digest."""

import numpy as np
import pytest
import torch

from stride.data import Normalization, build_data, resolve_dataset, resolve_loader
from stride.data.batches.loader import LoaderBatches
from stride.data.batches.memory import MemoryBatches
from stride.data.datasets import TRANSFORMS
from stride.data.seeding import advanced_since, read_globals
from stride.errors import DataError

CPU = torch.device("cpu")
WHOLE = {"val_fraction": 0.0, "test_fraction": 0.0}


def build(loader=None, seed=0, splits=("train", "val", "test"), normalization=None, **dataset):
    return build_data(
        resolve_dataset(dataset), resolve_loader(loader or {}), seed=seed, device=CPU,
        splits=splits, normalization=normalization,
    )  # fmt: skip


def test_digits():
    data = build()
    info = data.info
    assert (info.input_shape, info.target_shape, info.target_kind) == ((1, 8, 8), (), "class")
    assert (info.num_classes, info.dataset) == (10, "digits")
    assert (info.num_train, info.num_val, info.num_test) == (1257, 270, 270)
    assert isinstance(data.train_loader, MemoryBatches)
    inputs, targets = next(iter(data.train_loader))
    assert inputs.shape == (64, 1, 8, 8) and targets.dtype == torch.int64
    assert data.normalization is None and data.train_loader.num_samples == 1257


def test_building_draws_nothing(mine):
    before = read_globals()
    build(dataset_name="mine:Noisy", normalize="standard", transform="mine:jitter")
    build()
    assert not advanced_since(before)


def test_a_table_end_to_end(tmp_path):
    rows = "".join(f"{i},{i * 2},{'yes' if i % 2 else 'no'}\n" for i in range(40))
    (tmp_path / "t.csv").write_text("a,b,label\n" + rows)
    info = build(dataset_name="table", path=str(tmp_path / "t.csv"), target="label").info
    assert (info.input_shape, info.num_classes, info.classes) == ((2,), 2, ("no", "yes"))
    info = build(dataset_name="table", path=str(tmp_path / "t.csv"), target="b", features=["a"],
                 target_kind="float").info  # fmt: skip
    assert (info.target_kind, info.num_classes, info.target_shape) == ("float", None, ())


def test_what_only_the_data_tells_is_learned_where_a_key_was_left_open(tmp_path, mine):
    np.savez(tmp_path / "a.npz", inputs=np.ones((20, 2)), targets=np.array(["b", "a"] * 10))
    options = {"dataset_name": "arrays", "path": str(tmp_path / "a.npz")}
    assert build(**options).inferred == {"classes": ["a", "b"]}
    assert build(**options, classes=["b", "a"]).inferred == {}
    assert build(dataset_name="mine:labelled", path=options["path"]).inferred == {}
    (tmp_path / "t.csv").write_text("x,y\n" + "a,no\nb,yes\n" * 10)
    options = {"dataset_name": "table", "path": str(tmp_path / "t.csv"), "target": "y"}
    data = build(**options, text_features="codes", categories={"x": ["b", "a"]})
    assert data.inferred == {"categories": {"x": ["b", "a"], "y": ["no", "yes"]}}


def test_mapped_arrays_are_read_by_batches(tmp_path):
    np.savez(tmp_path / "a.npz", inputs=np.random.rand(50, 3), targets=np.arange(50) % 5)
    options = {"dataset_name": "arrays", "path": str(tmp_path / "a.npz"), "normalize": "standard"}
    mapped, loaded = build(**options, memory_map=True), build(**options)
    assert isinstance(mapped.train_loader, LoaderBatches)
    assert isinstance(loaded.train_loader, MemoryBatches)
    assert mapped.info == loaded.info and mapped.fingerprint == loaded.fingerprint
    for one, other in zip(mapped.train_loader, loaded.train_loader, strict=True):
        assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])
    forced = build({"in_memory": True}, **options, memory_map=True)
    assert isinstance(forced.train_loader, MemoryBatches)
    for one, other in zip(forced.train_loader, loaded.train_loader, strict=True):
        assert torch.equal(one[0], other[0])
    some, source = torch.arange(5), mapped.sources["train"]
    assert torch.equal(source.to_memory().take(some)[0], source.take(some)[0])
    half = [build(**options, memory_map=m, subsample_rate=0.5) for m in (True, False)]
    for one, other in zip(*(data.train_loader for data in half), strict=True):
        assert torch.equal(one[1], other[1])


@pytest.mark.parametrize("name", ["mine:plain_tensors", "mine:Squares"])
def test_statistics_are_the_training_splits_alone(mine, name):
    data = build(dataset_name=name, normalize="standard", subsample_rate=0.5)
    inputs = torch.cat([batch[0] for batch in data.train_loader]).double()
    assert torch.allclose(inputs.mean(0), torch.zeros(inputs.shape[1]).double(), atol=1e-6)
    assert torch.allclose(inputs.std(0, correction=0), torch.ones(inputs.shape[1]).double())
    val = torch.cat([batch[0] for batch in data.val_loader])
    assert val.mean().abs() > 1e-3
    given = Normalization.from_json(data.normalization.to_json())
    again = build(dataset_name=name, normalize="standard", splits=("val",), normalization=given)
    assert torch.equal(torch.cat([batch[0] for batch in again.val_loader]), val)


@pytest.mark.parametrize("kind", ["none", "minmax"])
def test_targets_of_samples_are_normalised_before_a_transform_sees_them(mine, kind):
    options = {"dataset_name": "mine:numbers", "normalize": kind, **WHOLE}
    data = build({"batch_size": 500}, normalize_targets="minmax", **options)
    ((inputs, targets),) = data.train_loader
    assert (targets.min(), targets.max()) == (0, 1) and targets.is_floating_point()
    assert inputs.max() == (19 if kind == "none" else 1)
    assert data.normalization.targets.scale == (19.0,)
    assert Normalization.from_json(data.normalization.to_json()) == data.normalization
    shifted = build(transform="mine:shifted", normalize_targets="minmax", **options)
    assert next(iter(shifted.train_loader))[1].max() < 2.1


def test_all_samples_have_a_part_in_the_statistics(mine):
    size = 300
    data = build(dataset_name="mine:Squares", size=size, normalize="minmax", **WHOLE)
    assert data.normalization.scale == (size - 1, (size - 1) ** 2)


def test_statistics_without_a_training_loader(mine):
    whole = build(dataset_name="mine:plain_tensors", normalize="minmax")
    alone = build(dataset_name="mine:plain_tensors", normalize="minmax", splits=("test",))
    assert alone.normalization == whole.normalization
    assert alone.train_loader is None and alone.val_loader is None


def test_other_statistics_are_refused(mine):
    other = Normalization("standard", (0.0,) * 5, (1.0,) * 5)
    with pytest.raises(DataError, match="inputs of 3 channels"):
        build(dataset_name="mine:plain_tensors", normalize="standard", normalization=other)


def test_each_repetition_of_a_sample_is_augmented_by_itself(mine):
    twice = {"dataset_name": "mine:plain_tensors", "transform": "mine:Jitter", "subsample_rate": 2}
    loader = {"batch_size": 500, "shuffle": False}
    data = build(loader, **twice)
    ((inputs, targets),) = data.train_loader
    assert torch.equal(targets[::2], targets[1::2])
    assert not (inputs[::2] == inputs[1::2]).any()
    ((again, _),) = build(loader, **twice).train_loader
    assert torch.equal(inputs, again)


class Seen:
    """A sampler or batch sampler that records the dataset it is made for."""

    def __init__(self, dataset):
        Seen.dataset = dataset

    def __len__(self):
        return 1

    def __iter__(self):
        return iter([[len(self.dataset) - 1, 0]])


@pytest.mark.parametrize("key", ["sampler", "batch_sampler"])
@pytest.mark.parametrize("name", ["mine:plain_tensors", "mine:Squares"])
def test_a_sampler_is_given_the_split_alone(mine, name, key):
    options = {"dataset_name": name, "subsample_rate": 0.5, "normalize": "minmax"}
    whole = build(**options, transform="mine:Jitter").sources["train"]
    loader = build(
        {key: {"sampler": LastAndFirst, "batch_sampler": Seen}[key]},
        **options,
        transform="mine:Jitter",
    ).train_loader
    given = Seen.dataset
    assert type(given) is type(whole) and len(given) == len(whole)
    assert torch.equal(given.indices, whole.indices)
    assert [torch.as_tensor(part).tolist() for part in given[3]] == [
        torch.as_tensor(part).tolist() for part in whole[3]
    ]
    if name == "mine:plain_tensors":
        assert given.tensors[0].amax() == 1  # normalised, not transformed
    else:
        assert type(given.dataset).__name__ == "Squares"
    ((_, targets),) = loader
    assert targets.tolist() == [int(whole[len(whole) - 1][1]), int(whole[0][1])]


class LastAndFirst(Seen):
    """The same for single numbers."""

    def __len__(self):
        return 2

    def __iter__(self):
        return iter([len(self.dataset) - 1, 0])


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_each_split_has_its_own_transform(mine, split):
    key = {"train": "transform"}.get(split, f"{split}_transform")
    plain = build(dataset_name="mine:plain_tensors")
    data = build(dataset_name="mine:plain_tensors", **{key: "mine:Jitter"})
    for name in ("train", "val", "test"):
        loader = getattr(data, f"{name}_loader")
        assert isinstance(loader, LoaderBatches if name == split else MemoryBatches)
        one, other = next(iter(getattr(plain, f"{name}_loader"))), next(iter(loader))
        assert torch.equal(one[1], other[1])
        assert torch.equal(one[0], other[0]) is (name != split)
        assert torch.equal(other[0], next(iter(loader))[0])  # the draws of a sample are its own
    assert set(data.transforms) == {split} - {"train"}


def test_a_further_split_has_the_transform_of_validation(mine):
    data = build(
        dataset_name="mine:plain_tensors", val_transform="mine:jitter", extra_splits={"big": {}}
    )
    assert isinstance(data.extra_loaders["big"], LoaderBatches)
    assert data.transforms == {"val": mine.jitter, "big": mine.jitter}
    assert data.samples == {"train": 34, "val": 8, "test": 8, "big": 8}


def test_a_transform_of_input_and_target_draws_once_for_both(mine):
    options = {"dataset_name": "mine:plain_arrays"}
    for workers in (0, 1):
        loader = {"batch_size": 500, "shuffle": False, "num_workers": workers}
        ((plain, classes),) = build(loader, **options).val_loader
        ((inputs, targets),) = build(loader, val_transform="mine:shifted", **options).val_loader
        drawn = (inputs - plain)[:, 0]
        assert torch.allclose(targets - classes, drawn, atol=1e-5)
        assert len(drawn.unique()) == len(drawn) > 3


@pytest.mark.parametrize(
    ("name", "transform", "message"),
    [
        ("mine:no_targets", "mine:shifted", "has not both"),
        ("mine:plain_tensors", "mine:one_of_two", "gave Tensor, not the two"),
    ],
)
def test_a_transform_that_has_or_gives_no_target_is_refused(mine, name, transform, message):
    for split, key in TRANSFORMS.items():
        with pytest.raises(DataError, match=message) as caught:
            data = build(dataset_name=name, **{key: transform})
            next(iter(getattr(data, f"{split}_loader")))
        assert caught.value.where == f"dataset_kwargs.{key}"


def test_a_split_without_the_targets_to_normalise_is_refused_by_their_key(mine):
    data = build(dataset_name="mine:unlike", normalize_targets="minmax")
    with pytest.raises(DataError, match="has not both") as caught:
        next(iter(data.test_loader))
    assert caught.value.where == "dataset_kwargs.normalize_targets"


def test_streams_by_split(mine):
    data = build(dataset_name="mine:Stream")
    assert data.info.num_train is None and data.info.input_shape == (1,)
    with pytest.raises(DataError, match="a stream has no statistics"):
        build(dataset_name="mine:Stream", normalize="standard")


def test_impossible_batches_and_splits(mine):
    with pytest.raises(DataError, match="drop_last leaves nothing"):
        build({"drop_last": True, "batch_size": 1000}, dataset_name="mine:plain_tensors")
    with pytest.raises(DataError, match="none of the splits"):
        build(dataset_name="mine:plain_tensors", test_fraction=0.0, splits=("test",))


def test_the_seed_decides_the_order(mine):
    def first(seed):
        return next(iter(build(seed=seed).train_loader))[1]

    assert torch.equal(first(0), first(0)) and not torch.equal(first(0), first(1))


def test_a_rank_builds_its_share(monkeypatch):
    whole = next(iter(build({"batch_size": 32}).train_loader))
    monkeypatch.setenv("WORLD_SIZE", "2")
    parts = []
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        data = build({"batch_size": 16})
        assert data.info.num_train == data.train_loader.num_samples == 1257
        assert len(data.train_loader) == 40
        parts.append(next(iter(data.train_loader)))
    for batch, *some in zip(whole, *parts, strict=True):
        assert torch.equal(torch.cat(some), batch)
    with pytest.raises(DataError, match="drop_last leaves nothing"):
        build({"batch_size": 700, "drop_last": True})
