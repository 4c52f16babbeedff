"""Several ranks train a model of which each has its rows, as one process does the whole."""

from itertools import islice
from operator import le

import pytest
import torch
from torch import nn

from stride.config.sections.distributed import DistributedConfig
from stride.data.batches.memory import MemoryBatches
from stride.data.batches.sampler import Order
from stride.distributed import all_sum, rank, shard, world_size
from stride.engine.evaluate import evaluate
from stride.engine.fingerprint import Fingerprint
from stride.engine.optim.optimizers import Optimizers
from stride.engine.parallel.build import build_gradients
from stride.engine.parallel.fsdp import blocks, divide, require_fsdp_fits
from stride.engine.precision import Precision
from stride.engine.update import Update
from stride.errors import ConfigError
from stride.models.build import as_model
from stride.models.model import Model
from stride.models.shards import full_tensor, is_sharded, local_shard
from stride.runs.fingerprints import digests_of

CPU = torch.device("cpu")
FP32 = Precision("fp32", CPU)
SAMPLES = 25  # with batches of 4 from each of 2 or 3 ranks, the last one has one sample


class Own(nn.Module):
    """Bring a training step which calls its layers, and not itself."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 3)
        self.shift = nn.Parameter(torch.zeros(8))

    def training_step(self, batch):
        inputs, targets = batch
        inside = torch.tanh(self.first(inputs) + self.shift)
        return nn.functional.cross_entropy(self.second(inside), targets)


class Counting(nn.Module):
    """Count the batches, as the statistics of a BatchNorm do."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, inputs):
        if self.training:
            self.seen += 1
        return inputs


def network(kind="mlp"):
    torch.manual_seed(0)
    if kind == "own":
        return Own()
    if kind == "tied":
        layers = [nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Linear(4, 3)]
        layers[2].weight = layers[0].weight
        return nn.Sequential(*layers)
    extra = {"count": [Counting()], "drop": [nn.Dropout(0.5)]}.get(kind, [])
    return nn.Sequential(nn.Linear(4, 8), *extra, nn.Tanh(), nn.Linear(8, 3))


def columns():
    made = torch.Generator().manual_seed(1)
    inputs = torch.randn(SAMPLES, 4, generator=made)
    return inputs, torch.randint(0, 3, (SAMPLES,), generator=made)


def batches(size, epoch=0):
    order = Order(SAMPLES, size, seed=1, shuffle=True, shard=shard())
    made = MemoryBatches(columns(), order, CPU)
    made.set_epoch(epoch)
    return made


def windows(size, accumulate, epoch):
    drawn = batches(size, epoch)
    drawn = iter(drawn) if world_size() == 1 else drawn.shards()
    return iter(lambda: tuple(islice(drawn, accumulate)), ())


def held(model):
    """Return how many rows this process has of each parameter."""
    return [len(local_shard(parameter)) for parameter in model.parameters()]


def train(size, accumulate=1, kind="mlp", strategy="fsdp", **options):
    """Train for two epochs; return weights, losses, samples, gradient norms and held rows."""
    model = as_model(network(kind), nn.CrossEntropyLoss())
    for parameter in model.parameters():  # the others take them from rank 0
        parameter.data += rank()
    if strategy == "fsdp" and world_size() > 1:
        divide(model, CPU)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05, fused=True)
    example = tuple(column[:2] for column in columns())
    config = DistributedConfig(strategy=strategy)
    gradients = build_gradients(model, FP32, lambda: example, config)
    norms, losses, samples, rows = [], [], 0, [held(model)]
    update = Update(
        model,
        Optimizers({"": optimizer}),
        FP32,
        gradients=gradients,
        note_norm=norms.append,
        **options,
    )
    for epoch in range(2):
        update.train()
        for window in windows(size, accumulate, epoch):
            step = update.gradients(window)
            update.apply(window, step)
            total, count = all_sum([float(step.loss.detach() * step.size), float(step.size)])
            losses.append(total / count)
            samples += count
            rows.append(held(model))
        update.train(False)
    scores = evaluate(model, batches(size), {}, split="x", precision=FP32)
    rows.append(held(model))
    state = {
        name: full_tensor(value).detach().clone() for name, value in model.state_dict().items()
    }
    return state, losses, samples, [norm.item() for norm in norms], scores, rows, torch.rand(1)


def close(one, other):
    for name, value in one[0].items():
        torch.testing.assert_close(value, other[0][name], rtol=1e-4, atol=1e-5)
    assert one[1] == pytest.approx(other[1], rel=1e-4)
    assert one[2] == other[2]
    assert one[3] == pytest.approx(other[3], rel=1e-4)
    assert one[4] == pytest.approx(other[4], rel=1e-4)


@pytest.mark.ddp
@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("world", [2, 3])
def test_ranks_train_as_one_process_with_their_batches_together(ranks, world, accumulate):
    alone = train(4 * world, accumulate, clip_grad_norm=0.5)
    assert alone[2] == 2 * SAMPLES
    answers = ranks(world, train, 4, accumulate, clip_grad_norm=0.5)
    for answer in answers:
        close(answer, alone)
    again = ranks(world, train, 4, accumulate, clip_grad_norm=0.5)
    for one, other in zip(answers, again, strict=True):
        assert all(torch.equal(value, other[0][name]) for name, value in one[0].items())
        assert one[1:6] == other[1:6]


@pytest.mark.ddp
@pytest.mark.parametrize("world", [2, 3])
def test_each_rank_holds_its_rows_alone(ranks, world):
    lengths = [len(parameter) for parameter in network().parameters()]
    answers = [answer[5] for answer in ranks(world, train, 4)]
    for moment in zip(*answers, strict=True):
        assert [sum(rows) for rows in zip(*moment, strict=True)] == lengths
        most = [-(-length // world) for length in lengths]
        assert all(all(map(le, rows, most)) for rows in moment)


@pytest.mark.ddp
@pytest.mark.parametrize("kind", ["tied", "own"])
def test_tied_weights_and_a_networks_own_step_are_trained_alike(ranks, kind):
    alone = train(8, kind=kind)
    for answer in ranks(2, train, 4, kind=kind):
        close(answer, alone)


@pytest.mark.ddp
def test_who_goes_along_without_samples_changes_nothing_by_it(ranks):
    first, second = ranks(2, train, 4, kind="count")
    assert first[0]["1.seen"] == second[0]["1.seen"] == 6  # of 8; two had no sample for rank 0
    first, flat = (ranks(2, train, 4, kind="drop", strategy=one)[0] for one in ("fsdp", "flat"))
    close(first, flat)
    assert first[6] == flat[6]  # as many random numbers were drawn


def _evaluated(size):
    torch.manual_seed(0)
    model = Model(network(), nn.CrossEntropyLoss())
    if world_size() > 1:
        divide(model, CPU)
    data = tuple(column[:size] for column in columns())
    drawn = MemoryBatches(data, Order(size, 2, seed=0, shuffle=False, shard=shard()), CPU)
    return evaluate(model, drawn, {}, split="x", precision=FP32)


@pytest.mark.ddp
@pytest.mark.parametrize("size", [1, 2, 7, 12])
def test_each_sample_is_evaluated_once(ranks, size):
    alone = _evaluated(size)
    for scores in ranks(3, _evaluated, size):
        assert scores == pytest.approx(alone, rel=1e-5)


class Nested(nn.Module):
    """Have lists in lists, and layers outside of them."""

    def __init__(self, tied=False):
        super().__init__()
        self.embed = nn.Linear(2, 2)
        self.body = nn.Module()
        self.body.layers = nn.ModuleList(nn.Sequential(nn.Linear(2, 2), nn.ReLU()) for _ in "ab")
        self.heads = nn.ModuleList([nn.Linear(2, 2), Own()])
        if tied:
            self.heads[0].weight = self.embed.weight


def test_blocks_are_the_members_of_the_outermost_lists():
    made = Nested()
    assert blocks(made) == [*(layer[0] for layer in made.body.layers), *made.heads]
    assert blocks(Own()) != [] and [type(one) for one in blocks(Own())] == [nn.Linear] * 2
    made = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Sequential(nn.Linear(2, 2)))
    assert blocks(made) == [made[0], made[2][0]]
    assert blocks(nn.Linear(2, 2)) == []


def test_what_shares_a_parameter_is_no_block():
    made = Nested(tied=True)
    assert made.heads[0] not in blocks(made) and made.heads[1] in blocks(made)


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))


def _refused():
    told = []
    scaled, model = Model(Scaled(), nn.MSELoss()), Model(network(), nn.MSELoss())
    divide(model, CPU)
    lbfgs, sgd = torch.optim.LBFGS(model.parameters()), torch.optim.SGD(model.parameters(), lr=1)
    for refused in (
        lambda: divide(scaled, CPU),
        lambda: divide(model, CPU),
        lambda: require_fsdp_fits(lbfgs, FP32),
        lambda: require_fsdp_fits(sgd, Precision("fp16", CPU)),
        lambda: require_fsdp_fits(sgd, FP32, compiles=True),
    ):
        with pytest.raises(ConfigError) as error:
            refused()
        told.append(str(error.value))
    require_fsdp_fits(sgd, FP32)
    return told


@pytest.mark.ddp
def test_what_cannot_be_divided_is_told(ranks):
    for scalar, again, closure, precision, compiled in ranks(2, _refused):
        assert "'scale' is a single number" in scalar and "strategy=ddp" in scalar
        assert "divided already" in again
        assert "LBFGS" in closure and "fp16" in precision
        assert "training_config.compile cannot be used with strategy=fsdp" in compiled


def digests(changed):
    """Return the digest of a divided model before and after one rank has changed its rows."""
    model = as_model(network(), nn.CrossEntropyLoss())
    divide(model, CPU)
    fingerprint = Fingerprint()
    for step in (1, 2):
        fingerprint.add_digest(step, model.state_dict())
        with torch.no_grad():
            local_shard(next(model.parameters())).add_(float(rank() == changed))
    fingerprint.add_losses([0.0] * 2, torch.float32)
    return digests_of(fingerprint.take_rows()[0])


@pytest.mark.ddp
@pytest.mark.parametrize("changed", [0, 3])
def test_a_digest_is_of_the_rows_of_all_ranks(ranks, changed):
    answers = ranks(4, digests, changed)  # of 3 outputs the last has none
    assert answers == [answers[0]] * 4
    (_, before), (_, after) = answers[0]
    assert before != after


def test_one_process_has_all_rows(caplog):
    model = Model(network(), nn.CrossEntropyLoss())
    divide(model, CPU)
    assert not is_sharded(model.network)
    assert "divides nothing in one process" in caplog.text
