"""Several ranks train one run: the same as one process does, and exactly resumed."""

import json
import os
import signal
import time
from itertools import chain
from pathlib import Path

import pytest
import torch
from torch import nn

from stride.callbacks.base import Callback
from stride.distributed import rank
from stride.engine.checkpoint.checkpoint import read_state
from stride.engine.checkpoint.fidelity import same
from stride.runs.layout import RunPaths
from stride.runs.run import Run
from stride.runs.status import current_state
from stride.trainer.fit.finalizer import Finalizer
from stride.trainer.trainer import Trainer
from tests.trainer.networks import STUDENT

pytestmark = pytest.mark.ddp
SLOW = pytest.mark.slow  # what adds little to the others, which try each strategy and 1 to 4 ranks

TIMES = ("wall_seconds", "train_seconds", "samples_per_second")


class Points(torch.utils.data.Dataset):
    """Points of three numbers in two classes."""

    classes = ("below", "above")

    def __init__(self, length):
        drawn = torch.Generator().manual_seed(length)
        self.x = torch.randn(length, 3, generator=drawn)
        self.y = (self.x.sum(1) > 0).long()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], int(self.y[i])


class Act(Callback):
    """Do something to this process after a step, and note the samples of each step."""

    def __init__(self, what=None, step=0, only=None):
        self.what, self.step, self.only = what, step, only
        self.seen = []

    def before_step(self, trainer, batches):
        self.seen.append([row.tolist() for batch in batches for row in batch[0]])

    def after_step(self, trainer, step):
        if trainer.state.step != self.step or self.only not in (None, rank()):
            return
        if self.what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.what == "signal":
            os.kill(os.getpid(), signal.SIGTERM)
        if self.what == "stop":
            trainer.stop("enough")
        if self.what == "raise":
            raise ValueError("broken on purpose")
        if self.what == "log":
            trainer.log("mine", float(rank()))


def network(dropout):
    torch.manual_seed(0)
    layers = [nn.Linear(3, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 8), nn.Linear(8, 2)]
    return nn.Sequential(*layers)


def trained(
    folder, act=(), resume=None, dropout=0.0, size=2, strategy="auto", seconds=120, **training
):
    """Train in this process, which is one of several; return what it has at the end."""
    callback = Act(*act)
    trainer = Trainer(
        folder,
        device="cpu",
        dataset_kwargs={"dataset_name": "digits", "subsample_rate": 0.05},
        load_data_kwargs={"batch_size": size},
        model_kwargs={"model_name": "MLP", "hidden": [6], "dropout": dropout},
        optimizer_kwargs={"lr": 0.01},
        training_config={"max_epochs": 3, "log_interval": 4, **training},
        checkpoint_config={"every_steps": 3, "keep_last": 20, "background": False},
        distributed_config={"strategy": strategy, "agree_every": 5, "timeout_seconds": seconds},
        logging_config={"terminal_display": "off"},
        callbacks=[callback],
    )
    try:
        value = trainer.fit(resume=resume)
    except KeyboardInterrupt as error:
        value = str(error)
    weights = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    return value, weights, callback.seen, trainer.state.step, str(trainer.run.paths.path)


def rows(path):
    return [
        {key: value for key, value in json.loads(line).items() if key != "time"}
        for line in (path / "metrics.jsonl").read_text().splitlines()
    ]


def left(path):
    """Return all that a run leaves which does not tell the time."""
    paths = RunPaths(Path(path))
    states = {name: read_state(paths.checkpoint(name).path) for name in paths.checkpoint_names()}
    for state in states.values():
        del state["clock"], state["noticed"]
    results = json.loads((paths.path / "results.json").read_text())
    return rows(paths.path), states, results["best"], results["last"], results["weights_sha256"]


def identical(one, other):
    for mine, theirs in zip(left(one), left(other), strict=True):
        assert same(mine, theirs)


@pytest.mark.parametrize(
    ("strategy", "accumulate", "worlds"),
    [
        ("flat", 1, [3, 4]),
        ("ddp", 1, [2]),
        pytest.param("flat", 1, [2], marks=SLOW),
        pytest.param("ddp", 3, [2, 3, 4], marks=SLOW),
        pytest.param("flat", 3, [2, 3, 4], marks=SLOW),
        pytest.param("ddp", 1, [3, 4], marks=SLOW),
    ],
)
def test_a_run_of_several_ranks_is_that_of_one_process(
    ranks, tmp_path, strategy, accumulate, worlds
):
    for world in worlds:
        alone = trained(tmp_path / f"alone{world}", size=2 * world, accumulate=accumulate)
        answers = ranks(
            world, trained, tmp_path / f"ranks{world}", strategy=strategy, accumulate=accumulate,
            group=False,
        )  # fmt: skip
        ours, expected = (rows(Path(one[4])) for one in (answers[0], alone))
        for mine, theirs in zip(ours, expected, strict=True):
            assert mine == pytest.approx(theirs, rel=1e-3, abs=1e-5)
        for value, weights, _, step, path in answers:
            assert value == answers[0][0] == pytest.approx(alone[0], rel=1e-4)
            assert step == alone[3] and path == answers[0][4]
            for name, tensor in weights.items():
                assert torch.equal(tensor, answers[0][1][name])
                torch.testing.assert_close(tensor, alone[1][name], rtol=1e-3, atol=1e-4)
        together = [[*chain(*parts)] for parts in zip(*(one[2] for one in answers), strict=False)]
        for mine, theirs in zip(together, alone[2], strict=True):
            assert sorted(mine) == sorted(theirs)


def test_one_rank_writes_the_run(ranks, tmp_path):
    answers = ranks(2, trained, tmp_path / "W", act=("log", 3), group=False)
    run = Run(answers[0][4])
    assert sorted(os.listdir(tmp_path / "W")) == [".stride", "0"]
    assert run.status["state"] == "done"
    assert sorted(os.listdir(run.path / "logs")) == ["rank0.log", "rank1.log"]
    assert "rank 1 local_rank 1" in (run.path / "logs" / "rank1.log").read_text()
    assert run.config.distributed_config.strategy == "flat"
    assert [row["mine"] for row in run.metrics() if "mine" in row] == [0.0]
    assert run.provenance["devices"] == ["cpu", "cpu"]
    again = ranks(2, trained, tmp_path / "W", group=False)
    assert again[0][4].endswith("/1")


@pytest.mark.parametrize(
    ("world", "strategy"),
    [
        (2, "ddp"),
        pytest.param(3, "ddp", marks=SLOW),
        pytest.param(2, "flat", marks=SLOW),
        pytest.param(3, "flat", marks=SLOW),
        pytest.param(4, "flat", marks=SLOW),
        pytest.param(4, "ddp", marks=SLOW),
    ],
)
def test_killed_and_resumed_a_run_has_the_same_bits(ranks, tmp_path, world, strategy):
    options = {"dropout": 0.3, "strategy": strategy, "clip_grad_norm": 0.5, "group": False}
    whole = ranks(world, trained, tmp_path / "whole", **options)
    errors = ranks(world, trained, tmp_path / "cut", act=("kill", 11), fails=True, **options)
    assert all("died" in error for error in errors)
    resumed = ranks(world, trained, tmp_path / "cut", resume=0, **options)
    segment = json.loads((Path(resumed[0][4]) / "segments" / "1.json").read_text())
    assert 0 < segment["from_step"] < 11
    # What the callback has seen is its own, and named; everything else is exact.
    assert [*segment["fidelity"]["inexact"]] == ["callback-Act.seen"]
    identical(whole[0][4], resumed[0][4])
    for mine, theirs in zip(whole, resumed, strict=True):
        assert mine[0] == theirs[0]
        assert same(mine[1], theirs[1])


class Centred(nn.Module):
    """Statistics of each rank's own share, which its steps read."""

    def __init__(self):
        super().__init__()
        self.norm, self.head = nn.BatchNorm1d(64), nn.Linear(64, 10)
        self.register_buffer("centre", torch.zeros(64))

    def forward(self, x):
        x = self.norm(x.flatten(1))
        if self.training:
            self.centre.lerp_(x.detach().mean(0), 0.5)
        return self.head(x - self.centre)


def frozen(folder, strategy):
    """Train the head of a network whose normalisation is frozen; return weights before, after."""
    trainer = Trainer(
        folder,
        device="cpu",
        dataset_kwargs={"dataset_name": "digits", "subsample_rate": 0.05},
        load_data_kwargs={"batch_size": 9},
        model_kwargs={"model_name": f"{__name__}:Centred", "freeze": ["norm"]},
        training_config={"max_epochs": 2},
        distributed_config={"strategy": strategy},
    )
    states = [{k: v.clone() for k, v in trainer.model.state_dict().items()}]
    trainer.fit()
    return [*states, {k: v.clone() for k, v in trainer.model.state_dict().items()}]


@pytest.mark.parametrize("strategy", ["ddp", pytest.param("flat", marks=SLOW)])
def test_what_is_frozen_stays_on_every_rank(ranks, tmp_path, strategy):
    answers = ranks(2, frozen, tmp_path / "W", strategy, group=False)
    assert same(answers[0][1], answers[1][1])
    before, after = answers[0]
    changed = {name for name, value in after.items() if not torch.equal(before[name], value)}
    assert changed == {"centre", "head.weight", "head.bias"}


def distilled(folder, strategy):
    """Train a teacher, and a student of it; return the student's weights and the copy's bytes."""
    options = {
        "device": "cpu",
        "dataset_kwargs": {"dataset_name": "digits", "subsample_rate": 0.05},
        "distributed_config": {"strategy": strategy},
    }
    (teacher := Trainer(folder, **options)).fit(max_steps=1)
    helped = {"frozen": {"teacher": str(teacher.run.path)}, "model_kwargs": STUDENT}
    (student := Trainer(folder, **options, **helped)).fit(max_steps=3)
    weights = {k: v.clone() for k, v in student.model.state_dict().items()}
    copy = student.run.paths.frozen_weights("teacher").read_bytes()
    return weights, copy == teacher.run.paths.weights.read_bytes()


@SLOW
@pytest.mark.parametrize("strategy", ["ddp", "flat"])
def test_a_teacher_helps_every_rank(ranks, tmp_path, strategy):
    one, other = ranks(2, distilled, tmp_path / "W", strategy, group=False)
    assert one[1] and other[1] and same(one[0], other[0])


def centred(folder, strategy, resume=None, kill=0):
    """Train with buffers that differ between the ranks; return weights and buffers."""
    torch.manual_seed(0)
    trainer = Trainer(
        folder,
        device="cpu",
        dataset_kwargs={"dataset_name": "digits", "subsample_rate": 0.05},
        load_data_kwargs={"batch_size": 8},
        training_config={"max_steps": 6},
        checkpoint_config={"every_steps": 2, "background": False},
        distributed_config={"strategy": strategy},
        callbacks=[Act("kill", kill)],
    )
    trainer.set_model(Centred())
    trainer.fit(resume=resume)
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


@pytest.mark.parametrize("strategy", ["flat", pytest.param("ddp", marks=SLOW)])
def test_each_rank_has_its_own_buffers_again(ranks, tmp_path, strategy):
    whole = ranks(2, centred, tmp_path / "whole", strategy, group=False)
    ranks(2, centred, tmp_path / "cut", strategy, kill=3, fails=True, group=False)
    resumed = ranks(2, centred, tmp_path / "cut", strategy, resume=0, group=False)
    for mine, theirs in zip(whole, resumed, strict=True):
        assert same(mine, theirs)
    segment = json.loads((tmp_path / "cut" / "0" / "segments" / "1.json").read_text())
    assert segment["from_step"] == 2 and "rank_buffers" in segment["fidelity"]["exact"]


@pytest.mark.parametrize(
    ("before", "after"), [pytest.param(2, 3, marks=SLOW), (3, 1), pytest.param(1, 2, marks=SLOW)]
)
def test_another_number_of_ranks_goes_on_with_the_same_samples(ranks, tmp_path, before, after):
    epoch = trained(tmp_path / "alone", size=2, max_epochs=1)[2]
    options = {"max_epochs": 1, "group": False}
    ranks(before, trained, tmp_path / "W", act=("kill", 7), fails=True, **options)
    answers = ranks(after, trained, tmp_path / "W", resume=0, **options)
    segment = json.loads((tmp_path / "W" / "0" / "segments" / "1.json").read_text())
    assert segment["from_step"] == 6 and "world_size" in segment["fidelity"]["inexact"]
    order = [*chain(*epoch)]
    rest = [*chain(*chain(*_by_step(answers)))]
    assert rest == order[6 * 2 * before :]
    run = Run(answers[0][4])
    assert run.status["state"] == "done"
    last = [row for row in run.metrics() if "train/epoch_loss" in row]
    assert len(last) == 1


def _by_step(answers):
    """Return the samples of each step, by rank; a rank without any in the last has no entry."""
    longest = max(len(one[2]) for one in answers)
    return [[one[2][n] for one in answers if n < len(one[2])] for n in range(longest)]


@SLOW
def test_a_resume_may_begin_with_fewer_samples_than_there_are_ranks(ranks, tmp_path):
    options = {"strategy": "ddp", "size": 31, "group": False}  # of 63 samples
    whole = ranks(2, trained, tmp_path / "whole", **options)
    assert ranks(2, trained, tmp_path / "W", act=("stop", 1), **options)[0][3] == 1
    resumed = ranks(2, trained, tmp_path / "W", resume=0, **options)
    assert resumed[0][2][0] == [] != resumed[1][2][0]  # rank 0 begins with none
    assert rows(Path(resumed[0][4])) == rows(Path(whole[0][4]))
    assert all(same(one[1], other[1]) for one, other in zip(whole, resumed, strict=True))


@pytest.mark.parametrize("only", [pytest.param(0, marks=SLOW), 1])
def test_what_one_rank_is_told_all_of_them_do(ranks, tmp_path, only):
    stopped = ranks(2, trained, tmp_path / "W", act=("stop", 6, only), group=False)
    assert stopped[0][3] == stopped[1][3] <= 8  # the next report, or sooner
    run = Run(stopped[0][4])
    assert (run.status["state"], run.status["reason"]) == ("stopped", "enough")
    told = ranks(2, trained, tmp_path / "W", act=("signal", 9, only), group=False)
    assert told[0][3] == told[1][3] <= 12  # the same
    assert [one[0] for one in told] == ["interrupted by SIGTERM"] * 2
    whole = ranks(2, trained, tmp_path / "whole", group=False)
    resumed = ranks(2, trained, tmp_path / "W", resume=1, group=False)
    assert rows(Path(resumed[0][4])) == rows(Path(whole[0][4]))
    assert all(same(one[1], other[1]) for one, other in zip(whole, resumed, strict=True))


@pytest.mark.parametrize("only", [pytest.param(0, marks=SLOW), 1])
def test_an_exception_on_one_rank_ends_all_and_is_told_everywhere(ranks, tmp_path, only):
    # The processes of the tests live on: the other one learns of it when it has waited in vain.
    options = {"act": ("raise", 3, only), "seconds": 10, "group": False}
    errors = ranks(2, trained, tmp_path / "W", fails=True, **options)
    assert "ValueError: broken on purpose" in errors[only]
    assert "RunFailed" in errors[1 - only] and "broken on purpose" in errors[1 - only]
    folder = tmp_path / "W" / "0"
    for log in ("rank0.log", "rank1.log"):
        assert "broken on purpose" in (folder / "logs" / log).read_text()
    status = Run(folder).status
    assert status["state"] == "failed"
    assert "ValueError: broken on purpose" in status["reason"]
    assert ("rank 1 failed first" in status["reason"]) == (only == 1)
    innocent = errors[1 - only]
    assert f"RunFailed: rank {only} failed first: ValueError: broken on purpose\n" in innocent
    assert "after_step" in innocent  # where it was raised, below the line that a person reads


@pytest.mark.parametrize("only", [pytest.param(0, marks=SLOW), 1])
def test_a_killed_process_leaves_an_interrupted_run(ranks, tmp_path, only):
    options = {"act": ("kill", 5, only), "seconds": 10, "group": False}
    errors = ranks(2, trained, tmp_path / "W", fails=True, **options)
    lost = "LostProcess: another process was lost: its connection from 127.0.0.1 was closed\n"
    assert lost in errors[1 - only]
    state, reason = current_state(RunPaths(tmp_path / "W" / "0"))
    told = ("another process was lost", "has ended without a word")[only == 0]
    assert state == "interrupted" and told in reason


def test_a_mistake_on_rank_0_leaves_no_folder_and_nobody_waiting(ranks, tmp_path):
    (tmp_path / "W").write_text("a file")
    errors = ranks(2, trained, tmp_path / "W", group=False, fails=True)
    assert all("could not go on" in error or "RunError" in error for error in errors)


class Told(Callback):
    """Note each checkpoint that is told of: its name, whether it stands, and the step."""

    def __init__(self):
        self.seen = []

    def after_checkpoint(self, trainer, path):
        stands = (path / "checkpoint.json").is_file()
        self.seen.append((path.name.partition("_epoch_")[2], stands, trainer.state.step))


def told(folder, strategy, background):
    """Train in this process, which is one of several; return what it was told of checkpoints."""
    callback = Told()
    Trainer(
        folder,
        device="cpu",
        dataset_kwargs={"dataset_name": "digits", "subsample_rate": 0.05},
        load_data_kwargs={"batch_size": 2},
        model_kwargs={"model_name": "MLP", "hidden": [6]},
        training_config={"max_epochs": 2, "log_interval": 4},
        checkpoint_config={"every_steps": 6, "every_epochs": 1, "background": background},
        distributed_config={"strategy": strategy, "agree_every": 1},
        logging_config={"terminal_display": "off"},
        callbacks=[callback],
    ).fit()
    return callback.seen


@pytest.mark.parametrize(
    ("strategy", "background"),
    [("flat", True), *(pytest.param(*p, marks=SLOW) for p in (("flat", False), ("fsdp", True)))],
)
def test_every_rank_is_told_of_each_checkpoint_after_the_same_step(
    ranks, tmp_path, strategy, background
):
    first, second = ranks(2, told, tmp_path, strategy, background, group=False)
    assert first == second and len(first) == 7
    for name, stands, step in first:
        epoch, _, begun = name.partition("_step_")
        begun = int(begun or 16 * int(epoch))
        assert stands and (step >= begun if strategy == "flat" and background else step == begun)


class Looked(Callback):
    """Note what this rank draws, and the time by which it writes."""

    def before_train(self, trainer):
        callbacks = trainer.session.callbacks
        self.seen = torch.rand(3).tolist(), callbacks.checkpoints._now(), callbacks.best._now()


def looked(folder):
    callback = Looked()
    Trainer(
        folder,
        device="cpu",
        dataset_kwargs={"dataset_name": "digits", "subsample_rate": 0.05},
        model_kwargs={"model_name": "MLP", "hidden": [6]},
        training_config={"max_steps": 1},
        logging_config={"terminal_display": "off"},
        callbacks=[callback],
    ).fit()
    return callback.seen


def test_ranks_have_draws_of_their_own_and_one_clock(ranks, tmp_path):
    (draws, *clock), (others, *same) = ranks(2, looked, tmp_path, group=False)
    assert draws != others and clock == same


def twice(folder):
    """Train two runs in a group with a name; rank 0 takes its time to end the first."""
    os.environ["TORCHELASTIC_RUN_ID"] = "named"
    finish = Finalizer.finish

    def late(ending):
        time.sleep(0.5 if rank() == 0 else 0)
        finish(ending)

    Finalizer.finish = late
    try:
        return [trained(folder)[4] for _ in range(2)]
    finally:
        Finalizer.finish = finish
        del os.environ["TORCHELASTIC_RUN_ID"]


def test_no_rank_goes_on_before_the_run_is_over(ranks, tmp_path):
    """A rank that came early would take the run for one that its launcher has to go on with."""
    for paths in ranks(2, twice, tmp_path):
        assert [Path(path).name for path in paths] == ["0", "1"]
