"""Several networks as one module: who answers, who is trained, and what a run keeps of them."""

import copy

import pytest
import torch
from torch import nn

from stride import Trainer, load_run
from stride.active.pool.candidates import Candidates, Committee
from stride.errors import ConfigError
from stride.models.build import as_model, build_model
from stride.models.model import Model
from tests.trainer.killing import Killed, Killer

ENTRIES = [{"model_name": "MLP", "hidden": [8], "dropout": 0.2}, {"model_name": "MLP"}]


def net(seed: int = 0, outputs: int = 3) -> nn.Module:
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, outputs))


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    return torch.randn(6, 5, generator=draw), torch.randint(3, (6,), generator=draw)


def gradients(network: nn.Module) -> list[bool]:
    return [parameter.grad is not None for parameter in network.parameters()]


def equal(one: nn.Module, other: nn.Module) -> bool:
    mine, theirs = one.state_dict(), other.state_dict()
    return [*mine] == [*theirs] and all(torch.equal(mine[name], theirs[name]) for name in mine)


def make(tmp_path, **arguments) -> Trainer:
    model = {"model_name": "Candidates", "candidates": ENTRIES}
    sections = {
        "dataset_kwargs": {"subsample_rate": 0.2},
        "model_kwargs": model | arguments.pop("model_kwargs", {}),
        "training_config": {"max_epochs": 2},
        "logging_config": {"terminal_display": "off"},
    }
    return Trainer(arguments.pop("work_dir", tmp_path / "w"), **(sections | arguments))


def test_the_chosen_network_answers_and_it_alone_has_gradients() -> None:
    one, other = net(0), net(1)
    whole = Candidates([one, other])
    model = as_model(whole, nn.CrossEntropyLoss())
    assert type(model) is Model and whole.active_network is one
    whole.choose(1)
    inputs, _ = batch()
    assert whole.active_network is other and torch.equal(whole(inputs), other(inputs))
    model.training_step(batch()).loss.backward()
    assert all(gradients(other)) and not any(gradients(one))
    with pytest.raises(IndexError, match="there is no candidate 2 among 2"):
        whole.choose(2)


def test_an_optimiser_leaves_the_others_as_they_are() -> None:
    whole = Candidates([net(0), net(1)])
    model = as_model(whole, nn.CrossEntropyLoss())
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.5)
    before = copy.deepcopy(whole)
    for index in (1, 0):
        whole.choose(index)
        optimizer.zero_grad()
        model.training_step(batch()).loss.backward()
        optimizer.step()
        assert equal(whole.networks[0], before.networks[0]) == (index == 1)


def test_weights_say_which_one_answers() -> None:
    source = Candidates([net(0), net(1)])
    source.choose(1)
    target = Candidates([net(2), net(3)])
    target.load_state_dict(source.state_dict())
    assert target.active_network is target.networks[1] and equal(target, source)
    assert copy.deepcopy(source).active_network is not source.active_network
    nested = nn.ModuleDict({"a": Candidates([net(2), net(3)])})
    nested.load_state_dict({f"a.{key}": value for key, value in source.state_dict().items()})
    assert nested["a"].active_network is nested["a"].networks[1]


def test_all_together_are_a_committee() -> None:
    networks = [net(0), net(1)]
    whole = Candidates(networks, together=True)
    assert isinstance(as_model(whole, nn.CrossEntropyLoss()), Committee)
    assert whole.active_network is whole and whole.members == networks
    inputs, _ = batch()
    each = whole(inputs, each=True)
    assert [torch.equal(a, b(inputs)) for a, b in zip(each, networks, strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("criterion", "squash"),
    [
        (nn.CrossEntropyLoss(), lambda outputs: outputs.softmax(1)),
        (nn.BCEWithLogitsLoss(), torch.sigmoid),
        (nn.MSELoss(), lambda outputs: outputs),
    ],
)
def test_the_answer_of_all_is_their_mean_wherever_the_weights_are(criterion, squash) -> None:
    networks = [net(0), net(1), net(2)]
    whole = as_model(Candidates(networks, together=True), criterion).network
    inputs, _ = batch()
    expected = torch.stack([squash(network(inputs)) for network in networks]).mean(0)
    assert torch.allclose(squash(whole(inputs)), expected, atol=1e-6)
    elsewhere = Candidates([net(5), net(6), net(7)], together=True)
    elsewhere.load_state_dict(whole.state_dict())
    assert torch.equal(elsewhere(inputs), whole(inputs))


@pytest.mark.parametrize(
    ("networks", "words"),
    [
        ([], "has no network"),
        ([net()] * 2, "has a network twice"),
        ([net(), Model(net(), nn.MSELoss())], r"candidates\[1\] is a Model, not a plain module"),
        ([Candidates([net()])], r"candidates\[0\] is a Candidates, not a plain module"),
    ],
)
def test_what_are_no_candidates_is_refused(networks, words) -> None:
    with pytest.raises(ConfigError, match=words):
        Candidates(networks)


def test_a_run_has_all_of_them_and_gives_them_back_without_data(tmp_path) -> None:
    trainer = make(tmp_path)
    trainer.model.network.choose(1)
    trainer.fit()
    loaded = load_run(tmp_path / "w", 0)
    section = loaded.raw_config["model_kwargs"]
    assert [one["model_seed"] for one in section["candidates"]] == [0, 1]
    assert section["candidates"][1]["hidden"] == [256, 256]
    assert section["candidates"][0]["output_shape"] == [10]
    assert loaded.model.active_network is loaded.model.networks[1]
    assert equal(loaded.model, trainer.model.network)
    fresh = build_model(section, nn.CrossEntropyLoss()).network
    assert equal(fresh.networks[0], loaded.model.networks[0])
    assert not equal(fresh.networks[1], loaded.model.networks[1])


@pytest.mark.parametrize("together", [False, True])
def test_a_run_that_was_killed_goes_on_with_the_same_bits(tmp_path, together) -> None:
    model = {"model_kwargs": {"together": together}, "optimizer_kwargs": {"lr": 1e-2}}
    often = {"every_steps": 3, "background": False}
    whole = make(tmp_path, work_dir=tmp_path / "a", **model)
    whole.model.network.choose(1)
    whole.fit()
    killed = make(tmp_path, callbacks=[Killer(5)], checkpoint_config=often, **model)
    killed.model.network.choose(1)
    with pytest.raises(Killed):
        killed.fit()
    resumed = make(tmp_path, checkpoint_config=often, **model)
    resumed.fit(resume=0)
    assert resumed.model.network._answer == 1
    assert equal(resumed.model.network, whole.model.network)
    last = [load_run(folder, 0).results["last"] for folder in (tmp_path / "a", tmp_path / "w")]
    assert last[0] == last[1]


def test_a_run_starts_from_the_weights_of_each_and_asks_for_them_no_more(tmp_path) -> None:
    sections = {
        "dataset_kwargs": {"subsample_rate": 0.2},
        "training_config": {"max_epochs": 1},
        "logging_config": {"terminal_display": "off"},
    }
    first = Trainer(tmp_path / "first", model_kwargs=ENTRIES[0], **sections)
    first.fit()
    started = {**ENTRIES[0], "init_from": str(tmp_path / "first" / "0")}
    often = {"every_steps": 3, "background": False}
    model = {"candidates": [started, ENTRIES[1]]}
    killed = make(tmp_path, callbacks=[Killer(2)], checkpoint_config=often, model_kwargs=model)
    assert equal(killed.model.network.networks[0], first.model.network)
    with pytest.raises(Killed):
        killed.fit()
    (tmp_path / "first").rename(tmp_path / "gone")
    resumed = make(tmp_path, model_kwargs=model)
    resumed.fit(resume=0)
    untouched = make(tmp_path, work_dir=tmp_path / "other")
    untouched.fit()
    loaded = load_run(tmp_path / "w", 0)
    assert loaded.raw_config["model_kwargs"]["init_from"] == [started["init_from"], None]
    assert equal(loaded.model.networks[1], untouched.model.network.networks[1])
    assert not equal(loaded.model.networks[0], untouched.model.network.networks[0])
    assert resumed.reproduce(0).identical


def test_each_network_needs_a_place_or_none_to_start_from() -> None:
    with pytest.raises(ConfigError, match="lists 1 places, and there are 2 candidates"):
        Candidates([net(0), net(1)]).load_parts([None])
