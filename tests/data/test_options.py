"""`load_data_kwargs` takes what DataLoader takes, and says what it does not."""

import json

import pytest

from stride.config.values import Raw
from stride.data.options import loader_options, resolve_loader
from stride.errors import ComponentError, ConfigError


def refused(**kwargs):
    with pytest.raises(ConfigError) as caught:
        resolve_loader(kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_defaults_are_complete_and_plain():
    resolved = resolve_loader({})
    assert json.loads(json.dumps(resolved)) == resolved
    assert resolved["batch_size"] == 64 and resolved["num_workers"] == 0
    assert resolve_loader(resolved) == resolved


def test_text_is_converted():
    resolved = resolve_loader(
        {
            "num_workers": Raw("2"),
            "pin_memory": Raw("true"),
            "val_loader_kwargs": {"batch_size": Raw("7"), "in_memory": Raw("false")},
        }
    )
    assert resolved["num_workers"] == 2 and resolved["pin_memory"] is True
    assert resolved["val_loader_kwargs"] == {"batch_size": 7, "in_memory": False}


def test_the_split_sections_lie_on_top():
    resolved = resolve_loader(
        {
            "batch_size": 8,
            "drop_last": True,
            "num_workers": 1,
            "train_loader_kwargs": {"shuffle": False},
            "val_loader_kwargs": {"batch_size": 99, "num_workers": 0},
            "test_loader_kwargs": {"drop_last": True},
        }
    )
    train, val, test = (loader_options(resolved, split) for split in ("train", "val", "test"))
    assert (train.batch_size, train.shuffle, train.drop_last) == (8, False, True)
    assert (val.batch_size, val.shuffle, val.drop_last) == (99, False, False)
    assert (test.batch_size, test.shuffle, test.drop_last) == (8, False, True)
    assert dict(train.torch) == {"num_workers": 1} and dict(val.torch) == {}


def test_shuffling_and_samplers_are_for_training(mine):
    resolved = resolve_loader({"shuffle": True, "sampler": "mine:Backwards"})
    assert "sampler" in loader_options(resolved, "train").objects
    val = loader_options(resolved, "val")
    assert not val.shuffle and not val.objects
    assert loader_options(resolve_loader({"val_loader_kwargs": {"shuffle": True}}), "val").shuffle


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"num_worker": 2}, "num_workers"),
        ({"val_loader_kwargs": {"batchsize": 2}}, "batch_size"),
        ({"num_workers": "many"}, "num_workers"),
        ({"generator": 1}, "seeded by seed"),
        ({"dataset": 1}, "dataset_name"),
        ({"prefetch_factor": 2}, "num_workers"),
        ({"persistent_workers": True}, "num_workers"),
        ({"num_workers": -1}, "num_workers"),
        ({"train_loader_kwargs": {"in_memory": "maybe"}}, "true, false or null"),
    ],
)
def test_wrong_keys_and_values_are_refused(kwargs, message):
    assert message in refused(**kwargs)


def test_what_is_no_name_of_a_function_is_refused():
    for key in ("sampler", "batch_sampler", "collate_fn", "worker_init_fn"):
        for value in (5, 0.5, True, {"a": 1}, "bare", *([] if "sampler" in key else [[1]])):
            with pytest.raises(ComponentError, match="not an import path"):
                resolve_loader({key: value})
    assert resolve_loader({"sampler": [2, 0]})["sampler"] == [2, 0]


def test_a_function_that_is_not_there(mine):
    with pytest.raises(ComponentError, match="mixing"):
        resolve_loader({"collate_fn": "mine:mixin"})
    with pytest.raises(ComponentError, match="collate_fn"):
        resolve_loader({"collate_fn": "mixing"})


@pytest.mark.parametrize(("world", "size"), [("1", 24), ("2", 12), ("3", 8)])
def test_a_global_batch_is_divided_among_the_processes(monkeypatch, world, size):
    monkeypatch.setenv("WORLD_SIZE", world)
    loader = resolve_loader({"batch_size": 5, "global_batch_size": 24})
    assert loader["batch_size"] == 5 and loader["global_batch_size"] == 24
    assert [loader_options(loader, split).batch_size for split in ("train", "val")] == [size] * 2


@pytest.mark.parametrize(("whole", "near"), [(25, 24), (2, 3)])
def test_a_global_batch_that_cannot_be_divided_is_refused(monkeypatch, whole, near):
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(ConfigError, match="cannot be divided by 3 processes") as caught:
        resolve_loader({"global_batch_size": whole})
    assert caught.value.key == "load_data_kwargs.global_batch_size"
    assert caught.value.hint == f"type: load_data_kwargs.global_batch_size={near}"
