"""One optimiser update: accumulation, clipping, hooks, closures, non-finite losses."""

import copy
import math

import pytest
import torch
from torch import nn

from stride.engine.optim.optimizers import Optimizers
from stride.engine.precision import Precision
from stride.engine.update import NonFiniteLoss, Update
from stride.models.model import Model
from stride.models.steps.step import Step

CPU = torch.device("cpu")


def model_and_data():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    return Model(network, nn.CrossEntropyLoss()), torch.randn(12, 4), torch.randint(0, 3, (12,))


def updated(model, windows, optimizer=None, precision="fp32", **options):
    model = copy.deepcopy(model)
    make = optimizer or (lambda p: torch.optim.SGD(p, lr=0.1))
    update = Update(
        model,
        Optimizers({"": make(list(model.parameters()))}),
        Precision(precision, CPU),
        **options,
    )
    steps = []
    for window in windows:
        step = update.gradients(window)
        update.apply(window, step)
        steps.append(step)
    return model, steps


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_uneven_microbatches_give_the_gradient_of_the_whole_batch():
    model, x, y = model_and_data()
    whole, (step,) = updated(model, [[(x, y)]])
    parts, (joined,) = updated(model, [[(x[:7], y[:7]), (x[7:9], y[7:9]), (x[9:], y[9:])]])
    torch.testing.assert_close(weights(parts), weights(whole))
    torch.testing.assert_close(joined.loss, step.loss.detach())
    assert joined.size == 12
    torch.testing.assert_close(joined.outputs, step.outputs.detach())
    assert torch.equal(joined.targets, y)


class Named(Model):
    def training_step(self, batch):
        step = super().training_step(batch)
        values = {"total": step.outputs.mean()} | ({"first": 2.0} if len(batch[0]) > 2 else {})
        return step._replace(values=values)


def test_named_values_of_microbatches_are_averaged_by_their_sizes():
    model, x, y = model_and_data()
    named = Named(model.network, model.criterion)
    _, (step,) = updated(named, [[(x, y)]])
    _, (joined,) = updated(named, [[(x[:7], y[:7]), (x[7:9], y[7:9]), (x[9:], y[9:])]])
    torch.testing.assert_close(joined.values["total"], step.values["total"].detach())
    assert joined.values["first"] == 2.0  # of those that gave it


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_gradients_are_clipped_at_their_true_size_after_the_hook(precision):
    model, x, y = model_and_data()
    (true,) = torch.autograd.grad(model.criterion(model.network(x), y), model.network[0].weight)
    seen = []

    def enlarge(window):
        torch.testing.assert_close(held.network[0].weight.grad, true, atol=1e-3, rtol=1e-2)
        for p in held.parameters():
            p.grad.mul_(1e6)
        seen.append(len(window))

    held = copy.deepcopy(model)
    optimizer = torch.optim.SGD(held.parameters(), lr=1.0)
    update = Update(
        held,
        Optimizers({"": optimizer}),
        Precision(precision, CPU),
        clip_grad_norm=0.5,
        before_step=[enlarge],
    )
    before = weights(held)
    window = [(x, y)]
    update.apply(window, update.gradients(window))
    assert seen == [1]
    assert torch.linalg.vector_norm(weights(held) - before).item() == pytest.approx(0.5, rel=1e-4)


def test_an_optimizer_with_a_closure_evaluates_again_and_descends():
    model, x, y = model_and_data()
    _, steps = updated(model, [[(x, y)]] * 3, lambda p: torch.optim.LBFGS(p, max_iter=5, lr=0.5))
    losses = [step.loss.item() for step in steps]
    assert losses[2] < losses[1] < losses[0]


def test_a_closure_optimizer_equals_torchs_own_use_of_it():
    model, x, y = model_and_data()
    ours, _ = updated(model, [[(x, y)]] * 2, lambda p: torch.optim.LBFGS(p, max_iter=4))
    theirs = copy.deepcopy(model)
    optimizer = torch.optim.LBFGS(theirs.parameters(), max_iter=4)

    def closure():
        optimizer.zero_grad()
        loss = theirs.criterion(theirs.network(x), y)
        loss.backward()
        return loss

    for _ in range(2):
        optimizer.step(closure)
    assert torch.equal(weights(ours), weights(theirs))


def test_a_checked_loss_that_is_not_finite_changes_nothing():
    model, x, y = model_and_data()
    update = Update(
        model,
        Optimizers({"": torch.optim.SGD(model.parameters(), lr=1.0)}),
        Precision("fp32", CPU),
        check_loss=True,
    )
    before = weights(model).clone()
    with pytest.raises(NonFiniteLoss):
        update.gradients([(x * float("nan"), y)])
    assert torch.equal(weights(model), before)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_lower_precision_trains_near_full_precision(precision):
    model, x, y = model_and_data()
    full, _ = updated(model, [[(x, y)]] * 5)
    low, steps = updated(model, [[(x, y)]] * 5, precision=precision)
    torch.testing.assert_close(weights(low), weights(full), atol=0.02, rtol=0.05)
    assert steps[0].outputs.dtype in (torch.bfloat16, torch.float16)


def test_an_overflow_in_half_precision_is_no_update_and_halves_the_scale():
    model, x, y = model_and_data()
    precision = Precision("fp16", CPU)
    update = Update(model, Optimizers({"": torch.optim.SGD(model.parameters(), lr=0.1)}), precision)
    before, scale = weights(model).clone(), precision.scaler.get_scale()
    window = [(x * 1e30, y)]
    update.apply(window, update.gradients(window))
    assert torch.equal(weights(model), before)
    assert precision.scaler.get_scale() == scale / 2


def test_each_gradient_of_a_search_along_a_line_is_clipped():
    model, x, y = model_and_data()
    optimizer, norms = torch.optim.LBFGS(model.parameters(), max_iter=4), []
    options = {"clip_grad_norm": 1e-3, "note_norm": norms.append}
    update = Update(model, Optimizers({"": optimizer}), Precision("fp32", CPU), **options)
    update.apply([(x, y)], update.gradients([(x, y)]))
    (state,) = optimizer.state.values()
    assert len(norms) == state["func_evals"] > 1


def test_a_bare_loss_of_a_users_step_is_weighted_by_its_batch():
    class Bare(Model):
        def training_step(self, batch):
            x, y = batch
            return self.criterion(self.network(x), y)

    model, x, y = model_and_data()
    bare = Bare(model.network, model.criterion)
    _, (step,) = updated(bare, [[(x, y)]])
    assert isinstance(step, Step)
    assert step.size == 12
    assert step.outputs is None


def test_modes_of_model_and_optimizer_are_switched_together():
    class Modal(torch.optim.SGD):
        mode = ""

        def train(self):
            self.mode = "train"

        def eval(self):
            self.mode = "eval"

    model, _, _ = model_and_data()
    optimizer = Modal(model.parameters(), lr=0.1)
    update = Update(model, Optimizers({"": optimizer}), Precision("fp32", CPU))
    update.train(False)
    assert (model.network.training, optimizer.mode) == (False, "eval")
    update.train()
    assert (model.network.training, optimizer.mode) == (True, "train")


def test_parameters_that_join_during_training_lose_their_old_gradients_too():
    model, x, y = model_and_data()
    late = list(model.network[0].parameters())
    optimizer = torch.optim.SGD(model.network[2].parameters(), lr=0.0)
    update = Update(model, Optimizers({"": optimizer}), Precision("fp32", CPU))
    update.gradients([(x, y)])
    optimizer.add_param_group({"params": late})
    update.gradients([(x, y)])
    once = late[0].grad.clone()
    update.gradients([(x, y)])
    assert torch.equal(late[0].grad, once)


def test_a_closure_may_meet_a_loss_that_is_not_finite():
    model, x, y = model_and_data()
    lbfgs = lambda p: torch.optim.LBFGS(p, lr=1e30)  # noqa: E731
    with pytest.raises(NonFiniteLoss):  # of the second window's gradients, not inside of the first
        updated(model, [[(x, y)], [(x * math.inf, y)]], lbfgs, check_loss=True)


def test_microbatches_of_several_shapes_keep_their_outputs_apart():
    torch.manual_seed(0)
    model = Model(nn.Conv1d(2, 3, 1), nn.CrossEntropyLoss())
    window = [(torch.randn(4, 2, n), torch.zeros(4, n, dtype=torch.long)) for n in (5, 7)]
    _, (step,) = updated(model, [window])
    assert [tuple(part.shape) for part in step.outputs] == [(4, 3, 5), (4, 3, 7)]
    assert [tuple(part.shape) for part in step.targets] == [(4, 5), (4, 7)]


class Tokens(Model):
    """A loss that is the mean over the tokens of sequences of several lengths, padded by 0."""

    counts = staticmethod(int)

    def training_step(self, batch):
        x, mask = batch
        losses = self.network(x).square().mean(-1) * mask
        return Step(losses.sum() / mask.sum(), self.counts(mask.sum()))


class OnTheDevice(Tokens):
    counts = staticmethod(torch.Tensor.detach)


class InHalves(Tokens):
    """As many as half precision holds three of, and their sum it does not."""

    @staticmethod
    def counts(number):
        return (number * 30_000 / 4).half()


def test_the_sum_of_sizes_in_half_precision_is_a_number():
    model, x, _ = model_and_data()
    model = InHalves(model.network, model.criterion)
    window = [(one, torch.ones(1, 4)) for one in x.reshape(3, 1, 4, 4)]
    whole, (step,) = updated(Tokens(model.network, model.criterion), [window])
    parts, (joined,) = updated(model, [window])
    torch.testing.assert_close(weights(parts), weights(whole))
    torch.testing.assert_close(joined.loss, step.loss.detach())
    assert joined.size == 90_000


@pytest.mark.parametrize("kind", [Tokens, OnTheDevice])
def test_microbatches_are_weighed_by_the_size_that_their_step_states(kind):
    model, x, _ = model_and_data()
    model = kind(model.network, model.criterion)
    x, mask = x.reshape(3, 4, 4), (torch.arange(4) < torch.tensor([[1], [4], [2]])).float()
    whole, (step,) = updated(model, [[(x, mask)]])
    parts, (joined,) = updated(model, [[(x[:1], mask[:1]), (x[1:], mask[1:])]])
    torch.testing.assert_close(weights(parts), weights(whole))
    torch.testing.assert_close(joined.loss, step.loss.detach())
    assert joined.size == step.size == 7


def test_microbatches_without_a_label_count_nothing():
    model, x, y = model_and_data()
    some, (step,) = updated(model, [[(x[4:], y[4:])]])
    empty = torch.full_like(y[:4], -100)
    options = {"check_loss": True}
    both, (joined,) = updated(model, [[(x[:4], empty), (x[4:], y[4:])]], **options)
    torch.testing.assert_close(weights(both), weights(some))
    torch.testing.assert_close(joined.loss, step.loss.detach())
    for window in ([(x[:4], empty)], [(x[:4], empty)] * 2):
        none, _ = updated(model, [window], **options)
        assert torch.equal(weights(none), weights(model))


def test_a_step_of_size_zero_counts_nothing_whatever_its_loss():
    model, x, _ = model_and_data()
    model = Tokens(model.network, model.criterion)
    x, mask = x.reshape(3, 4, 4), torch.tensor([[0.0], [1.0], [1.0]]).expand(3, 4)
    some, _ = updated(model, [[(x[1:], mask[1:])]])
    both, _ = updated(model, [[(x[:1], mask[:1]), (x[1:], mask[1:])]])
    torch.testing.assert_close(weights(both), weights(some))
    none, _ = updated(model, [[(x[:1], mask[:1])]], check_loss=True)
    assert torch.equal(weights(none), weights(model))
