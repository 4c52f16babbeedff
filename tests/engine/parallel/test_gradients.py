"""Several ranks train as one process does with the batches of all of them."""

import copy
from itertools import islice

import pytest
import torch
from torch import nn

from stride.config.sections.distributed import DistributedConfig
from stride.data.batches.memory import MemoryBatches
from stride.data.batches.sampler import Order
from stride.distributed import all_sum, gather, rank, shard, world_size
from stride.engine.optim.optimizers import Optimizers
from stride.engine.parallel.build import build_gradients, choose_strategy
from stride.engine.parallel.gradients import Flat, OwnGradients
from stride.engine.precision import Precision
from stride.engine.update import NonFiniteLoss, Update
from stride.models.model import Model
from stride.models.steps.step import Step, loss_or_zero

CPU = torch.device("cpu")
FP32 = Precision("fp32", CPU)
SAMPLES = 27  # the last global batch is smaller than the others, with 4 ranks than their number
STRATEGIES = ["flat", "ddp"]


class Sometimes(nn.Module):
    """Use one layer always, one on some inputs only, and one never."""

    def __init__(self):
        super().__init__()
        self.always, self.some, self.never = (nn.Linear(4, 3) for _ in range(3))

    def forward(self, inputs):
        outputs = self.always(inputs)
        return outputs + self.some(inputs) if inputs[0, 0] > 0 else outputs


OTHERS = {"sometimes": Sometimes, "rows": lambda: Rows()}


def network(kind="mlp"):
    torch.manual_seed(0)
    if kind in OTHERS:
        return OTHERS[kind]()
    if kind == "norm":
        return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))


def columns(unlabelled=0.0):
    made = torch.Generator().manual_seed(1)
    inputs = torch.randn(SAMPLES, 4, generator=made)
    labels = torch.randint(0, 3, (SAMPLES,), generator=made)
    return inputs, labels.masked_fill(torch.rand(SAMPLES, generator=made) < unlabelled, -100)


def windows(size, accumulate, epoch, position=0, unlabelled=0.0):
    """Give the windows of an epoch: of whole batches in one process, else of shares."""
    order = Order(SAMPLES, size, seed=1, shuffle=True, shard=shard())
    batches = MemoryBatches(columns(unlabelled), order, CPU)
    batches.set_epoch(epoch, position)
    drawn = iter(batches) if world_size() == 1 else batches.shards()
    return iter(lambda: tuple(islice(drawn, accumulate)), ())


def gradients_of(model, strategy, **config):
    config = DistributedConfig(strategy=strategy, **config)
    return build_gradients(model, FP32, lambda: tuple(c[:2] for c in columns()), config)


class Rows(nn.Module):
    """Take rows of a table whose gradients are sparse."""

    def __init__(self):
        super().__init__()
        self.table, self.out = nn.Embedding(8, 4, sparse=True), nn.Linear(4, 3)

    def forward(self, inputs):
        return self.out(self.table((inputs[:, 0] > 0).long() + 2))


class Stated(Model):
    """Steps that state their size as a number, and have no loss where it is zero."""

    def training_step(self, batch):
        inputs, labels = batch
        losses = nn.functional.cross_entropy(self.network(inputs), labels, reduction="none")
        size = int((labels >= 0).sum())
        return Step(losses.sum() / size if size else losses.sum() / torch.zeros(()), size)


def train(strategy, size, accumulate=1, kind="mlp", epochs=2, begin=0, **options):
    """Train, each rank with batches of that size; return weights, losses and samples."""
    unlabelled, weight = options.pop("unlabelled", 0.0), options.pop("weight", None)
    criterion = nn.CrossEntropyLoss(weight=weight and torch.tensor(weight))
    model = options.pop("model", Model)(network(kind), criterion)
    for parameter in model.parameters():  # the others take them from rank 0
        parameter.data += rank()
    make = torch.optim.SGD if kind == "rows" else torch.optim.AdamW
    optimizer = make(model.parameters(), lr=0.05)
    gradients = gradients_of(model, strategy)
    update = Update(model, Optimizers({"": optimizer}), FP32, gradients=gradients, **options)
    losses, samples = [], 0
    for epoch in range(begin, epochs):
        update.train()
        for window in windows(size, accumulate, epoch, unlabelled=unlabelled):
            step = update.gradients(window)
            update.apply(window, step)
            total, count = all_sum([float(loss_or_zero(step) * step.size), float(step.size)])
            losses.append(total / count if count else 0.0)
            samples += count
        update.train(False)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    return state, losses, samples


def close(one, other):
    for name, value in one[0].items():
        torch.testing.assert_close(value, other[0][name], rtol=1e-4, atol=1e-5)
    assert one[1] == pytest.approx(other[1], rel=1e-4)
    assert one[2] == other[2]


def identical(one, other):
    assert all(torch.equal(value, other[0][name]) for name, value in one[0].items())
    assert one[1:] == other[1:]


@pytest.mark.ddp
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_sparse_gradients_are_added_too(ranks, strategy):
    alone = train(strategy, 4, kind="rows")
    first, second = ranks(2, train, strategy, 2, kind="rows")
    identical(first, second)
    close(first, alone)


@pytest.mark.ddp
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    "options",
    [{"weight": [1.0, 10.0, 0.0]}, {"model": Stated}, {"model": Stated, "accumulate": 2}],
)
def test_ranks_are_weighed_by_their_labels_and_not_by_their_samples(ranks, strategy, options):
    """With these batches some ranks, and some global batches, have no label at all."""
    options = {"epochs": 4, "unlabelled": 0.6, "clip_grad_norm": 0.5} | options
    alone = train(strategy, 4, **options)
    first, second = ranks(2, train, strategy, 2, **options)
    identical(first, second)
    close(first, alone)


@pytest.mark.ddp
@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("world", [1, 2, 3, 4])
def test_ranks_train_as_one_process_with_their_batches_together(ranks, world, strategy, accumulate):
    alone = train(strategy, 4 * world, accumulate, clip_grad_norm=0.5)
    assert alone[2] == 2 * SAMPLES
    first, *others = ranks(world, train, strategy, 4, accumulate, clip_grad_norm=0.5)
    for other in others:
        identical(first, other)
    close(first, alone)
    again = ranks(world, train, strategy, 4, accumulate, clip_grad_norm=0.5)
    identical(first, again[0])


@pytest.mark.ddp
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_batch_may_have_fewer_samples_than_there_are_ranks(ranks, strategy):
    alone = train(strategy, 8 * 4)  # 27 = 3 * 8 + 3
    for first in ranks(4, train, strategy, 8):
        close(first, alone)
    close(ranks(4, train, strategy, 2, accumulate=3)[2], train(strategy, 8, accumulate=3))


def _from_its_end(accumulate, kind="mlp", **config):
    """Begin with the last sample of an epoch, as a start or a resume there; then train another."""
    model = Model(network(kind), nn.CrossEntropyLoss())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    update = Update(
        model, Optimizers({"": optimizer}), FP32, gradients=gradients_of(model, "ddp", **config)
    )
    size = (SAMPLES - 1) // world_size()
    for epoch, position in ((0, SAMPLES - 1), (1, 0)):
        for window in windows(size, accumulate, epoch, position):
            update.apply(window, update.gradients(window))
    update.train(False)
    return {name: value.clone() for name, value in model.state_dict().items()}, [], 0


@pytest.mark.ddp
@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("mlp", {}),
        ("mlp", {"static_graph": True}),
        ("mlp", {"gradient_as_bucket_view": True}),
        ("sometimes", {"find_unused_parameters": True}),
    ],
)
def test_a_rank_may_have_no_samples_in_its_first_step(ranks, accumulate, kind, config):
    alone = _from_its_end(accumulate, kind)
    first, second = ranks(2, _from_its_end, accumulate, kind, **config)
    identical(first, second)
    close(first, alone)


@pytest.mark.ddp
def test_a_gradient_may_be_missing_on_some_ranks_or_on_all(ranks):
    alone = train("flat", 4, kind="sometimes", epochs=1)
    whole = train("flat", 1, kind="sometimes", epochs=1)
    assert not torch.equal(alone[0]["some.weight"], whole[0]["some.weight"])  # it is used by rows
    first, *others = ranks(2, train, "flat", 1, kind="sometimes", epochs=1)
    for other in others:
        identical(first, other)
    start = network("sometimes")
    # AdamW would decay what has a gradient of zeros.
    assert torch.equal(first[0]["never.weight"], start.never.weight)
    assert not torch.equal(first[0]["some.weight"], start.some.weight)


@pytest.mark.ddp
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_buffers_at_the_end_are_rank_0s(ranks, strategy):
    first, second = ranks(2, train, strategy, 5, kind="norm", epochs=1)
    identical(first, second)
    assert first[0]["1.num_batches_tracked"] == 3
    assert not torch.equal(first[0]["1.running_mean"], torch.zeros(8))


def _resumed(strategy, stop):
    """Train to the end in one go, and in two that share nothing but weights and momenta."""
    states = []
    for begin, end in ((0, 3), (0, stop), (stop, 3)):
        torch.manual_seed(0)
        model = Model(nn.Sequential(*(nn.Linear(4, 4) for _ in range(6))), nn.CrossEntropyLoss())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        gradients = gradients_of(model, strategy)
        if begin:
            model.load_state_dict(states[-1][0])
            optimizer.load_state_dict(states[-1][1])
        update = Update(model, Optimizers({"": optimizer}), FP32, gradients=gradients)
        for window in islice(windows(2, 1, 0), begin, end):
            update.apply(window, update.gradients(window))
        states.append(copy.deepcopy((model.state_dict(), optimizer.state_dict())))
    whole, _, resumed = states
    return all(torch.equal(value, resumed[0][name]) for name, value in whole[0].items())


@pytest.mark.ddp
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("world", [2, 3, 4])
def test_gradients_built_anew_add_in_the_same_order(ranks, world, strategy):
    assert all(ranks(world, _resumed, strategy, 2))


def _warmed_up(strategy):
    model = Model(network("norm"), nn.CrossEntropyLoss())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(7)
    model.network.eval()
    gradients_of(model, strategy)
    same = all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    clean = all(parameter.grad is None for parameter in model.parameters())
    return same, clean, model.network.training, torch.initial_seed(), torch.rand(1).item()


@pytest.mark.ddp
def test_building_leaves_no_trace(ranks):
    torch.manual_seed(7)
    expected = (True, True, False, 7, torch.rand(1).item())
    for strategy in STRATEGIES:
        assert ranks(2, _warmed_up, strategy) == [expected, expected]


def _not_finite(strategy):
    model = Model(network(), nn.CrossEntropyLoss())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    update = Update(
        model,
        Optimizers({"": optimizer}),
        FP32,
        check_loss=True,
        gradients=gradients_of(model, strategy),
    )
    seen = []
    for number, window in enumerate(windows(3, 2, 0)):
        if number == 1 and rank() == 1:
            window[0][0][0].fill_(torch.inf)
        try:
            update.apply(window, update.gradients(window))
            seen.append("trained")
        except NonFiniteLoss:
            seen.append("refused")
    return seen, gather(model.network[0].weight.tolist())


@pytest.mark.ddp
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_all_ranks_refuse_what_is_not_finite_on_one(ranks, strategy):
    for seen, weights in ranks(2, _not_finite, strategy):
        assert seen == ["trained", "refused", "trained"]
        assert weights[0] == weights[1]


def _with_closure():
    model = Model(network(), nn.CrossEntropyLoss())
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4, line_search_fn="strong_wolfe")
    update = Update(model, Optimizers({"": optimizer}), FP32, gradients=gradients_of(model, "flat"))
    for window in windows(12 // world_size(), 1, 0):
        update.apply(window, update.gradients(window))
    return [parameter.tolist() for parameter in model.parameters()]


@pytest.mark.ddp
def test_a_search_along_a_line_sees_the_loss_of_all_ranks(ranks):
    first, second = ranks(2, _with_closure)
    assert first == second
    for one, alone in zip(first, _with_closure(), strict=True):
        torch.testing.assert_close(torch.tensor(one), torch.tensor(alone), rtol=1e-2, atol=1e-3)


def _thawed(strategy):
    made = network()
    made[0].requires_grad_(False)
    model = Model(made, nn.CrossEntropyLoss())
    optimizer = torch.optim.SGD(made[2].parameters(), lr=0.1)
    update = Update(
        model, Optimizers({"": optimizer}), FP32, gradients=gradients_of(model, strategy)
    )
    for number, window in enumerate(windows(12 // world_size(), 1, 0)):
        if number == 1:
            made[0].requires_grad_(True)
            optimizer.add_param_group({"params": made[0].parameters()})
        update.apply(window, update.gradients(window))
    return {name: value.clone() for name, value in model.state_dict().items()}, [], 0


def _switched(strategy):
    """Train with parameters that the optimiser has all along, and that are switched on and off."""
    made = network()
    made[0].requires_grad_(False)
    model = Model(made, nn.CrossEntropyLoss())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    update = Update(
        model, Optimizers({"": optimizer}), FP32, gradients=gradients_of(model, strategy)
    )
    for number, window in enumerate(windows(8 // world_size(), 1, 0)):
        made[0].requires_grad_(number > 0)
        made[2].requires_grad_(number != 2)
        update.apply(window, update.gradients(window))
    return {name: value.clone() for name, value in model.state_dict().items()}, [], 0


@pytest.mark.ddp
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("changing", [_thawed, _switched])
def test_parameters_may_be_trained_later(ranks, strategy, changing):
    first, second = ranks(2, changing, strategy)
    identical(first, second)
    close(first, changing(strategy))
    assert not torch.equal(first[0]["0.weight"], network()[0].weight)


def _given():
    model = Model(network(), nn.CrossEntropyLoss())
    gradients = Flat(model)
    batch = tuple(c[rank() :: 2][:8] for c in columns())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    update = Update(model, Optimizers({"": optimizer}), FP32, gradients=gradients)
    update.gradients([(batch, None)])
    assert gradients.batches([(batch, None), (None, None)]) == [batch]
    return model.network[0].weight.grad.tolist()


@pytest.mark.ddp
def test_where_nobody_knows_every_rank_has_as_many_samples(ranks):
    model = Model(network(), nn.CrossEntropyLoss())
    model.training_step(tuple(c[:16] for c in columns())).loss.backward()
    for gradient in ranks(2, _given):
        torch.testing.assert_close(torch.tensor(gradient), model.network[0].weight.grad)


def test_one_process_trains_by_itself_whatever_is_asked():
    model = Model(network(), nn.CrossEntropyLoss())
    assert isinstance(gradients_of(model, "ddp"), OwnGradients)
    assert choose_strategy("auto", model) == "auto"


def test_auto_takes_one_sum_for_small_models(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    small, large = (Model(nn.Linear(n, n), nn.MSELoss()) for n in (10, 3000))
    assert (choose_strategy("auto", small), choose_strategy("auto", large)) == ("flat", "ddp")
    assert choose_strategy("ddp", small) == "ddp"
    large.network.requires_grad_(False)
    assert choose_strategy("auto", large) == "flat"
