"""A committee: each member is trained as it would be alone, and their mean is what is evaluated."""

import copy
import math

import pytest
import torch
from torch import nn

from stride import Trainer
from stride.active.pool.candidates import Candidates, Committee
from stride.active.pool.means import mean_classes, mean_for, mean_labels, mean_outputs
from stride.errors import ConfigError
from stride.models.build import as_model

MEMBERS = [
    {"model_name": "MLP", "hidden": [8], "dropout": 0.0},
    {"model_name": "CNN", "dropout": 0.0},
    {"model_name": "MLP", "hidden": [], "dropout": 0.0, "model_seed": 7},
]


def trained(folder, model, optimizer, **training) -> nn.Module:
    trainer = Trainer(
        folder,
        dataset_kwargs={"subsample_rate": 0.1},
        load_data_kwargs={"batch_size": 40},
        model_kwargs=model,
        optimizer_kwargs=optimizer,
        training_config={"max_epochs": 2, "save_best": False, **training},
        checkpoint_config={"every_epochs": None},
        logging_config={"terminal_display": "off"},
    )
    trainer.fit()
    return trainer.model.network


def committee(*outputs: int, criterion: nn.Module | None = None) -> Committee:
    networks = []
    for seed, size in enumerate(outputs):
        torch.manual_seed(seed)
        networks.append(nn.Linear(5, size))
    return as_model(Candidates(networks, together=True), criterion or nn.CrossEntropyLoss())


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    return torch.randn(6, 5, generator=draw), torch.randint(3, (6,), generator=draw)


@pytest.mark.parametrize(
    ("optimizer", "training"),
    [
        ({"optimizer_name": "SGD", "lr": 0.1, "momentum": 0.9}, {}),
        ({"optimizer_name": "AdamW", "lr": 0.01}, {"accumulate": 2}),
    ],
)
def test_each_member_has_the_bits_that_it_would_have_alone(tmp_path, optimizer, training) -> None:
    model = {"model_name": "Candidates", "candidates": MEMBERS, "together": True}
    whole = trained(tmp_path / "together", model, optimizer, **training)
    for number, (member, section) in enumerate(zip(whole.members, MEMBERS, strict=True)):
        seed = section.get("model_seed", number)
        own = {**section, "model_seed": seed}
        alone = trained(tmp_path / str(number), own, optimizer, **training).state_dict()
        assert all(torch.equal(value, alone[name]) for name, value in member.state_dict().items())


def test_the_loss_reads_as_the_mean_and_its_gradients_are_those_of_the_sum(batch) -> None:
    model = committee(3, 3, 3)
    apart = copy.deepcopy(model.network)
    step = model.training_step(batch)
    step.loss.backward()
    losses = [nn.functional.cross_entropy(one(batch[0]), batch[1]) for one in apart.members]
    mean = torch.stack(losses).detach().mean()
    assert torch.allclose(step.loss.detach(), mean)
    assert step.size == 6
    for loss in losses:
        loss.backward()
    pairs = zip(model.network.parameters(), apart.parameters(), strict=True)
    assert all(torch.equal(one.grad, other.grad) for one, other in pairs)


def test_metrics_and_evaluation_see_the_mean(batch) -> None:
    model = committee(3, 3)
    chances = torch.stack([one(batch[0]).softmax(1) for one in model.network.members]).mean(0)
    trained, evaluated = model.training_step(batch), model.evaluation_step(batch)
    for step in (trained, evaluated):
        assert torch.allclose(step.outputs.exp(), chances, atol=1e-6)
        assert torch.equal(step.targets, batch[1])
    assert not trained.outputs.requires_grad
    expected = -chances[torch.arange(6), batch[1]].log().mean()
    assert torch.allclose(evaluated.loss, expected)
    assert torch.equal(model.predict(batch[0]), evaluated.outputs)


def test_targets_are_made_to_fit_each_member(batch) -> None:
    targets = torch.arange(6.0)
    shaped = committee(1, 1, criterion=nn.MSELoss())
    step = shaped.training_step((batch[0], targets))
    apart = [nn.functional.mse_loss(one(batch[0])[:, 0], targets) for one in shaped.network.members]
    assert torch.allclose(step.loss, sum(apart) / 2)
    assert step.targets.shape == step.outputs.shape == (6, 1)


def test_members_of_other_outputs_are_refused(batch) -> None:
    with pytest.raises(ConfigError, match=r"differ in shape: \(3,\) and \(4,\)"):
        committee(3, 4).training_step(batch)


def test_means_of_what_is_almost_sure_are_finite() -> None:
    sure = [torch.tensor([[200.0, -200.0]]), torch.tensor([[-200.0, 200.0]])]
    assert torch.allclose(mean_classes(sure), torch.full((1, 2), math.log(0.5)))
    assert torch.allclose(mean_labels(sure), torch.zeros(1, 2))
    assert torch.equal(mean_outputs(sure), torch.zeros(1, 2))
    some = torch.randn(2, 4, 3)
    assert torch.allclose(mean_labels([*some]).sigmoid(), some.sigmoid().mean(0), atol=1e-6)
    half = [one.to(torch.bfloat16) for one in sure]
    assert mean_classes(half).dtype is torch.float32


def test_classes_of_pixels_are_averaged_per_pixel() -> None:
    members = [torch.randn(2, 3, 4, 4) for _ in range(2)]
    chances = torch.stack(members).softmax(2).mean(0)
    assert torch.allclose(mean_classes(members).exp(), chances, atol=1e-6)


def test_a_criterion_of_ones_own_averages_outputs_as_they_are() -> None:
    found = [mean_for(one) for one in (nn.Identity(), nn.MSELoss(), nn.BCELoss())]
    assert found == [0, 0, 0]  # the numbers are in weights that were written
    assert [mean_for(nn.NLLLoss()), mean_for(nn.BCEWithLogitsLoss())] == [1, 2]
