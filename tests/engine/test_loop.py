"""The loop: limits, order of hooks, non-finite losses, and no wait for the device in a step."""

import math
from contextlib import nullcontext
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from stride.data.batches.waiting import WaitEnded
from stride.engine.epoch_losses import EpochLosses
from stride.engine.hooks import NAMES, Hooks
from stride.engine.loop import Loop
from stride.engine.optim.optimizers import Optimizers
from stride.engine.optim.rates import learning_rate
from stride.engine.optim.schedule import Schedule
from stride.engine.precision import Precision
from stride.engine.state import TrainState
from stride.engine.stopping import Limits, StopRequest
from stride.engine.update import Update
from stride.errors import DataError, NonFiniteError
from stride.models.model import Model


class Batches:
    """Five batches of four samples; `poison` makes one of them NaN."""

    batch_size = 4

    def __init__(self, count=5, poison=None):
        torch.manual_seed(1)
        self.data = [(torch.randn(4, 3), torch.randn(4, 2)) for _ in range(count)]
        if poison is not None:
            self.data[poison][0].fill_(math.nan)

    def set_epoch(self, epoch, position=0):
        self.start = position // 4

    def batches_left(self, epoch, position):
        return len(self.data) - position // 4

    def positions(self, epoch, position):
        return iter(range(position + 4, 4 * len(self.data) + 1, 4))

    def __iter__(self):
        return iter(self.data[self.start :])


class Trainer:
    """Whatever the hooks get; its own hooks are none."""


class Base:
    """Ten hooks that do nothing."""


for _name in NAMES:
    setattr(Base, _name, lambda self, *arguments: None)


class Journal(Base):
    """Note every hook that is called."""

    def __init__(self):
        self.calls = []

    def __getattribute__(self, name):
        if name not in NAMES:
            return super().__getattribute__(name)
        return lambda *arguments: self.calls.append(name)


for _name in NAMES:
    setattr(Journal, _name, lambda self, *arguments: None)


def build(
    batches=None,
    *,
    callbacks=(),
    nonfinite="stop",
    schedule=None,
    evaluation=lambda split: {},
    **limits,
):
    torch.manual_seed(0)
    model = Model(nn.Linear(3, 2), nn.MSELoss())
    rows = []
    state = TrainState()
    hooks = Hooks(Trainer(), callbacks, Base)
    update = Update(
        model,
        Optimizers({"": torch.optim.SGD(model.parameters(), lr=0.01)}),
        Precision("fp32", torch.device("cpu")),
        before_step=hooks.named("before_step"),
        check_loss=nonfinite != "stop",
    )
    loop = Loop(
        batches=Batches() if batches is None else batches,
        update=update,
        schedule=schedule or Schedule(),
        evaluation=evaluation,
        state=state,
        losses=EpochLosses(),
        hooks=hooks,
        record=lambda values: rows.append((state.step, state.epoch, dict(values))),
        limits=Limits(**({"max_epochs": None, "max_steps": None} | limits), nonfinite=nonfinite),
        rates=lambda: {"lr": 0.01},
        warn=lambda text: rows.append(text),
        stop=StopRequest(),
    )
    return loop, rows


def test_epochs_end_with_a_row_each_and_reports_come_between():
    loop, rows = build(max_epochs=2, log_interval=3)
    loop.run()
    assert [(step, epoch, sorted(values)) for step, epoch, values in rows] == [
        (3, 0, ["lr", "train/loss"]),
        (5, 1, ["lr", "train/epoch_loss"]),
        (6, 1, ["lr", "train/loss"]),
        (9, 1, ["lr", "train/loss"]),
        (10, 2, ["lr", "train/epoch_loss"]),
    ]
    assert (loop.state.step, loop.state.epoch, loop.state.position) == (10, 2, 0)


def test_loops_led_together_are_as_each_alone():
    alone, rows = build(max_epochs=2, log_interval=3)
    alone.run()
    pairs = [build(max_epochs=2, log_interval=3) for _ in range(2)]
    for windows in zip(*(loop.windows() for loop, _ in pairs), strict=True):
        for (loop, _), window in zip(pairs, windows, strict=True):
            loop.advance(window)
    assert [seen for _, seen in pairs] == [rows, rows]
    assert [loop.state.step for loop, _ in pairs] == [10, 10]


@pytest.mark.parametrize(
    ("steps", "epoch", "position"), [(3, 0, 12), (5, 1, 0), (7, 1, 8), (10, 2, 0)]
)
def test_max_steps_ends_inside_an_epoch_or_with_it(steps, epoch, position):
    loop, rows = build(max_steps=steps, evaluation=lambda split: {"validation/epoch_loss": 1.0})
    loop.run()
    assert (loop.state.step, loop.state.epoch, loop.state.position) == (steps, epoch, position)
    assert "validation/epoch_loss" in rows[-1][2]  # the last values are always evaluated
    assert rows[-1][0] == steps


def test_hooks_are_called_in_the_documented_order():
    journal = Journal()
    loop, _ = build(Batches(2), callbacks=[journal], max_epochs=1)
    loop.run()
    step = ["before_step", "after_step"]
    assert journal.calls == [
        "before_train",
        "before_epoch",
        *step,
        *step,
        "before_evaluate",
        "after_evaluate",
        "after_epoch",
        "after_train",
    ]


def test_only_overridden_hooks_are_collected():
    class One(Base):
        def after_epoch(self, trainer, metrics):
            pass

    hooks = Hooks(Trainer(), [One(), Base()], Base)
    assert [name for name in NAMES if hooks.named(name)] == ["after_epoch"]


def test_a_stop_is_obeyed_after_the_step_and_still_evaluated():
    class Stopper(Base):
        def after_step(self, trainer, step):
            loop.stop.reason = "enough"

    loop, rows = build(callbacks=[Stopper()], max_epochs=9, evaluation=lambda split: {"seen": 1.0})
    loop.run()
    assert loop.state.step == 1
    assert rows[-1][2]["seen"] == 1.0


def test_a_signal_ends_the_loop_without_an_evaluation():
    class Signal(Base):
        def after_step(self, trainer, step):
            loop.stop.signal = 15

    loop, rows = build(callbacks=[Signal()], max_epochs=9)
    loop.run()
    assert loop.state.step == 1
    assert rows == []


@pytest.mark.parametrize(("status", "evaluations"), [("stopped", 0), ("done", 1)])
def test_a_stop_that_pauses_adds_no_evaluation_between_two_epochs(status, evaluations):
    """A training that goes on from there would not have made it."""
    seen = []

    class Stop(Base):
        def after_step(self, trainer, step):
            if loop.batches.batches_left(0, loop.state.position) <= 0:
                loop.stop.reason, loop.stop.status = "enough", status

    evaluation = lambda split: seen.append(loop.state.epoch) or {}  # noqa: E731
    loop, _ = build(callbacks=[Stop()], max_epochs=9, evaluate_every=2, evaluation=evaluation)
    loop.run()
    assert (loop.state.epoch, len(seen)) == (1, evaluations)


@pytest.mark.parametrize(
    ("after", "interruptible", "number", "ends"),
    [(2, True, 15, True), (2, False, 15, False), (2, True, 0, False), (0, True, 15, False)],
)
def test_a_wait_that_a_signal_ended_ends_the_loop_where_it_can_be_saved(
    after, interruptible, number, ends
):
    class Silent(Batches):
        def __iter__(self):
            yield from self.data[:after]
            loop.stop.signal = number
            raise WaitEnded

    Silent.interruptible = interruptible
    loop, rows = build(Silent(), max_epochs=9)
    with nullcontext() if ends else pytest.raises(WaitEnded):
        loop.run()
    assert (loop.state.step, loop.state.position) == (after, 4 * after)
    assert rows == []


def test_evaluation_comes_every_so_many_epochs_and_at_the_end():
    seen = []
    loop, _ = build(
        max_epochs=5, evaluate_every=2, evaluation=lambda split: seen.append(loop.state.epoch) or {}
    )
    loop.run()
    assert seen == [2, 4, 5]


def test_accumulation_counts_updates_and_keeps_the_uneven_last_window():
    loop, rows = build(max_epochs=2, accumulate=2)
    loop.run()
    assert (loop.state.step, loop.state.epoch, loop.state.drawn) == (6, 2, 40)
    assert rows[-1][2]["train/epoch_loss"] > 0


def test_a_step_schedule_steps_with_each_update_and_an_epoch_schedule_with_each_epoch():
    class Counted:
        count = 0

        def step(self):
            self.count += 1

    for interval, expected in (("step", 10), ("epoch", 2)):
        counted = Counted()
        loop, _ = build(schedule=Schedule(counted, interval), max_epochs=2)
        loop.run()
        assert counted.count == expected


@pytest.mark.parametrize("interval", [2, 50])
def test_stop_names_the_step_and_batch_of_the_first_loss_that_is_not_finite(interval):
    loop, rows = build(Batches(poison=2), max_epochs=3, log_interval=interval)
    with pytest.raises(NonFiniteError, match=r"step 3, batch 3 of epoch 1"):
        loop.run()
    if interval == 2:
        assert math.isnan(rows[-1][2]["train/loss"])


def test_raise_stops_before_the_update_that_would_spoil_the_weights():
    loop, _ = build(Batches(poison=2), nonfinite="raise", max_epochs=3)
    with pytest.raises(NonFiniteError, match="step 3"):
        loop.run()
    assert all(torch.isfinite(p).all() for p in loop.update._parameters)
    assert loop.state.step == 2


def test_skip_leaves_the_update_out_and_says_so():
    loop, rows = build(Batches(poison=2), nonfinite="skip", max_epochs=1)
    loop.run()
    assert loop.state.step == 5
    assert all(torch.isfinite(p).all() for p in loop.update._parameters)
    assert "step 3" in rows[0]
    assert math.isfinite(rows[-1][2]["train/epoch_loss"])


def test_a_loader_without_batches_is_an_error_and_no_endless_loop():
    loop, _ = build(Batches(0), max_steps=5)
    with pytest.raises(DataError, match="no batch"):
        loop.run()


def test_an_epoch_is_gone_on_with_at_its_position():
    whole, rows = build(max_epochs=1)
    whole.run()
    part, part_rows = build(max_epochs=1, max_steps=2)
    part.run()
    part.limits = Limits(max_epochs=1, max_steps=None)
    part.run()
    assert part.state.step == 5
    assert part_rows[-1][2] == rows[-1][2]
    ours, theirs = part.update._parameters, whole.update._parameters
    assert all(torch.equal(p, q) for p, q in zip(ours, theirs, strict=True))


WAITING = ("item", "tolist", "cpu", "numpy", "is_nonzero")
WAITING += ("__bool__", "__float__", "__int__", "__index__", "__array__")


class Waits(TorchFunctionMode):
    """Let no tensor seem to be on the CPU, and note the step of every call that would wait."""

    def __init__(self, state):
        super().__init__()
        self.state = state
        self.steps = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func == Tensor.is_cpu.__get__:
            return False
        if getattr(func, "__name__", "") in WAITING:
            self.steps.append(self.state.step)
        return func(*args, **(kwargs or {}))


def test_a_step_that_does_not_report_never_waits_for_the_device():
    loop, _ = build(Batches(20), max_epochs=1, log_interval=8)
    with Waits(loop.state) as waits:
        loop.run()
    # Law 10. The wait of step 20 is the end of the epoch.
    assert set(waits.steps) == {8, 16, 20}


def test_the_choice_to_skip_waits_in_each_step_as_documented():
    loop, _ = build(Batches(4), nonfinite="skip", max_epochs=1)
    with Waits(loop.state) as waits:
        loop.run()
    assert {0, 1, 2, 3} <= set(waits.steps)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_step_on_a_gpu_never_waits_for_it():
    loop, _ = build(max_epochs=1, log_interval=1000)
    model = loop.update._model.to("cuda")
    loop.update = Update(
        model,
        Optimizers({"": torch.optim.SGD(model.parameters(), lr=0.01)}),
        Precision("fp32", torch.device("cuda")),
    )
    batches = [(x.cuda(), y.cuda()) for x, y in Batches(30).data]
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for batch in batches:
            step = loop.update.gradients([batch])
            loop.update.apply([batch], step)
            loop.losses.add(step)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert math.isfinite(loop.losses.read())


def test_a_step_is_complete_with_its_schedule_when_after_step_is_called():
    steps = []

    class Every(Schedule):
        def __init__(self):
            super().__init__()
            self.every_step = True

        def step(self, optimizer):
            steps.append("schedule")

    class Note(Base):
        def after_step(self, trainer, step):
            steps.append("after_step")

    loop, _ = build(Batches(1), callbacks=[Note()], schedule=Every(), max_epochs=1)
    loop.run()
    assert steps == ["schedule", "after_step"]


def test_the_microbatches_of_a_loss_that_is_not_finite_are_named():
    loop, _ = build(Batches(poison=3), max_epochs=1, accumulate=2)
    with pytest.raises(NonFiniteError, match="step 2, batches 3 to 4 of epoch 1"):
        loop.run()


def test_what_a_hook_adds_to_the_metrics_becomes_a_number_or_is_refused():
    class Add(Base):
        value = torch.tensor(2.0)

        def after_evaluate(self, trainer, metrics):
            metrics["mine"] = self.value

    add = Add()
    loop, rows = build(callbacks=[add], max_epochs=1)
    loop.run()
    assert type(rows[-1][2]["mine"]) is float
    add.value = "high"
    loop, _ = build(callbacks=[add], max_epochs=1)
    with pytest.raises(TypeError, match="'mine' is not one number, but the text 'high'"):
        loop.run()


def test_a_training_that_ends_inside_of_an_epoch_is_saved_before_it_is_evaluated():
    for limits, expected in (
        ({"max_steps": 3}, ["checkpoint", "evaluate"]),
        ({"max_epochs": 1}, ["evaluate"]),
    ):
        order = []
        loop, _ = build(**limits)
        loop.evaluation = lambda split, order=order: order.append("evaluate") or {}
        loop.checkpoint = partial(order.append, "checkpoint")
        loop.run()
        assert order == expected


def test_the_row_of_an_epoch_has_the_rate_that_it_was_trained_at():
    loop, rows = build(max_epochs=2)
    optimizer = loop.update._optimizers.only
    loop.schedule = Schedule(torch.optim.lr_scheduler.StepLR(optimizer, 1))
    loop.rates = lambda: {"lr": learning_rate(optimizer)}
    loop.run()
    assert [values["lr"] for _, _, values in rows] == pytest.approx([0.01, 0.001])


def test_a_state_is_put_back_into_an_epoch_once_its_hooks_and_modes_are_set():
    journal = Journal()
    loop, _ = build(callbacks=[journal], max_epochs=1)
    loop.state.position = 12
    loop.update.train(False)
    network = loop.update._model.network
    loop.restore_state = lambda: journal.calls.append(f"restore, training={network.training}")
    loop.run()
    assert journal.calls[:4] == [
        "before_train",
        "before_epoch",
        "restore, training=True",
        "before_step",
    ]


def test_a_step_is_settled_when_its_row_is_there_and_not_behind_its_epoch():
    seen = []
    loop, _ = build(
        Batches(2), max_epochs=1, log_interval=1, evaluation=lambda split: note("evaluate")
    )

    def note(what):
        seen.append((what, loop.state.hooks_done_step))
        return {}

    loop.record, loop.maybe_checkpoint = lambda values: note("row"), lambda: note("checkpoint")
    loop.run()
    steps = [("row", 0), ("checkpoint", 1), ("row", 1), ("checkpoint", 2)]
    assert seen == [*steps, ("evaluate", 0), ("row", 0)]


def test_an_epoch_that_is_cut_moves_no_schedule_of_epochs():
    loop, _ = build(max_steps=7)
    schedule = torch.optim.lr_scheduler.StepLR(loop.update._optimizers.only, 1)
    loop.schedule = Schedule(schedule)
    loop.run()
    assert schedule.last_epoch == 1


def test_a_loader_is_drawn_to_its_end_where_a_limit_comes_with_it():
    ended = []

    class Ending(Batches):
        def __iter__(self):
            yield from super().__iter__()
            ended.append(True)

    for steps, expected in ((4, []), (5, [True])):
        build(Ending(), max_steps=steps)[0].run()
        assert ended == expected


def test_what_another_rank_asked_for_in_an_epochs_last_hook_ends_the_training():
    journal = Journal()
    loop, _ = build(callbacks=[journal], max_epochs=9)

    def agree():
        assert journal.calls[-1] == "after_epoch"
        loop.stop.reason = "another rank's"

    loop.sync_stop = agree
    loop.run()
    assert loop.state.epoch == 1


def test_a_stop_that_was_asked_for_is_asked_for_again_but_no_signal():
    again = StopRequest()
    again.load_state_dict(StopRequest("enough", "stopped", 15).state_dict())
    assert again == StopRequest("enough", "stopped", 0)


def test_a_trainers_own_hooks_come_before_its_callbacks():
    calls = []

    class Own(Trainer):
        def after_train(self):
            calls.append("own")

    class Theirs(Base):
        def after_train(self, trainer):
            calls.append("a callback's")

    Hooks(Own(), [Theirs()], Base).call("after_train")
    assert calls == ["own", "a callback's"]
