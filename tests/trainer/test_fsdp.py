"""Several ranks train one run with a model that is divided among them, and resume it exactly."""

import json
import os
import signal
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from stride.callbacks.base import Callback
from stride.distributed import rank, world_size
from stride.engine.checkpoint.checkpoint import read_state
from stride.engine.checkpoint.fidelity import same
from stride.models.shards import local_shard
from stride.models.weights import read_weights
from stride.runs.layout import RunPaths
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer

pytestmark = pytest.mark.ddp
SLOW = pytest.mark.slow


LONGER = {"training_config.max_epochs": 2}


class Act(Callback):
    """Do something to this process after a step, and note the most rows held of a parameter."""

    def __init__(self, what=None, step=0, only=None):
        self.what, self.step, self.only = what, step, only
        self.most = 0.0

    def after_step(self, trainer, step):
        shards = [local_shard(p).numel() / p.numel() for p in trainer.model.parameters()]
        self.most = max(self.most, *shards)
        if trainer.state.step != self.step or self.only not in (None, rank()):
            return
        if self.what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.what == "signal":
            os.kill(os.getpid(), signal.SIGTERM)
        if self.what == "raise":
            raise ValueError("broken on purpose")


def network():
    torch.manual_seed(3)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.Tanh(), nn.Linear(12, 10))


def trainer_of(
    folder,
    act=(),
    size=2,
    strategy="fsdp",
    given=False,
    dropout=0.0,
    seconds=30,
    device="cpu",
    **training,
):
    made = Trainer(
        folder,
        device=device,
        dataset_kwargs={"dataset_name": "digits", "subsample_rate": 0.05},
        load_data_kwargs={"batch_size": size},
        model_kwargs={"model_name": "MLP", "hidden": [12], "dropout": dropout},
        optimizer_kwargs={"lr": 0.01},
        training_config={"max_epochs": 2, "log_interval": 4, "digest_every": 5, **training},
        checkpoint_config={"every_steps": 3, "keep_last": 20},
        distributed_config={"strategy": strategy, "agree_every": 5, "timeout_seconds": seconds},
        logging_config={"terminal_display": "off"},
        callbacks=[Act(*act)],
    )
    if given:
        made.set_model(network())
    return made


def trained(folder, resume=None, fork=None, **options):
    """Train in this process, which is one of several; return what is there at the end."""
    trainer = trainer_of(folder, **options)
    try:
        again = trainer.fit if fork is None else partial(trainer.fork, fork, "last", LONGER)
        value = again(**({} if resume is None else {"resume": resume}))
    except KeyboardInterrupt as error:
        value = str(error)
    return value, str(trainer.run.paths.path), trainer.builder.callbacks[0].most


def rows(path):
    return [
        {key: value for key, value in json.loads(line).items() if key != "time"}
        for line in (Path(path) / "metrics.jsonl").read_text().splitlines()
    ]


def left(path):
    """Return all that a run leaves which does not tell the time."""
    paths = RunPaths(Path(path))
    states = {name: read_state(paths.checkpoint(name).path) for name in paths.checkpoint_names()}
    for state in states.values():
        del state["clock"], state["noticed"]
    results = json.loads(paths.results.read_text())
    bits = [json.loads(line) for line in paths.fingerprints.read_text().splitlines()]
    losses = "".join(row["loss"].partition(":")[2] for row in bits)
    return rows(path), states, results["best"], results["last"], results["weights_sha256"], losses


def fidelity(path, segment=1):
    return json.loads((Path(path) / "segments" / f"{segment}.json").read_text())["fidelity"]


def close(path, other):
    """Compare two runs to float tolerance: all metrics, and the weights."""
    for mine, theirs in zip(rows(path), rows(other), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-3, abs=1e-5)
    mine, theirs = (read_weights(RunPaths(Path(one)).weights) for one in (path, other))
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        torch.testing.assert_close(tensor, theirs[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("world", "accumulate"), [(2, 1), pytest.param(3, 3, marks=SLOW)])
def test_a_run_of_several_ranks_is_that_of_one_process(ranks, tmp_path, world, accumulate):
    options = {"accumulate": accumulate, "clip_grad_norm": 0.5}
    alone = trained(tmp_path / "alone", size=2 * world, strategy="flat", **options)
    answers = ranks(world, trained, tmp_path / "W", group=False, **options)
    path = Path(answers[0][1])
    close(path, alone[1])
    for value, where, most in answers:
        assert value == pytest.approx(alone[0], rel=1e-4) and where == str(path)
        assert most < 0.61  # of 10 rows no rank has more than 5, or 4; of 12 more than 6, or 4
    loaded = load_run(path).model.state_dict()
    assert all(
        torch.equal(read_weights(path / "weights.safetensors")[n], loaded[n]) for n in loaded
    )
    assert not verify_run(path).problems
    newest = Run(path).checkpoints()[-1]
    names = {file.name for file in newest.iterdir()}
    assert {f"model.rank{k}.safetensors" for k in range(world)} <= names
    assert "model.safetensors" not in names
    assert sum((newest / f"optimizer.rank{k}.safetensors").stat().st_size for k in (0, 1)) > 0


@pytest.mark.parametrize("world", [2, pytest.param(3, marks=SLOW)])
def test_killed_and_resumed_a_run_has_the_same_bits(ranks, tmp_path, world):
    options = {"dropout": 0.3, "clip_grad_norm": 0.5, "group": False}
    whole = ranks(world, trained, tmp_path / "whole", **options)
    ranks(world, trained, tmp_path / "cut", act=("kill", 11), fails=True, **options)
    resumed = ranks(world, trained, tmp_path / "cut", resume=0, **options)
    assert [*fidelity(resumed[0][1])["inexact"]] == ["callback-Act.most"]
    assert Run(resumed[0][1]).status["state"] == "done"
    for mine, theirs in zip(left(whole[0][1]), left(resumed[0][1]), strict=True):
        assert same(mine, theirs)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(("fsdp", 2), ("fsdp", 3), marks=SLOW),
        pytest.param(("fsdp", 3), ("fsdp", 1), marks=SLOW),
        pytest.param(("flat", 2), ("fsdp", 2), marks=SLOW),
        pytest.param(("fsdp", 2), ("flat", 2), marks=SLOW),
    ],
)
def test_rows_are_divided_anew(ranks, tmp_path, before, after):
    """The global batch is the same all along, so that the run is that of one process."""
    alone = trained(tmp_path / "alone", size=6, strategy="flat")
    (strategy, world), (then, others) = before, after
    options = {"size": 6 // world, "strategy": strategy, "group": False}
    ranks(world, trained, tmp_path / "W", act=("kill", 8), fails=True, **options)
    rewrite(tmp_path / "W" / "0" / "config.json", 6 // others, then)
    path = ranks(others, trained, tmp_path / "W", resume=0, group=False)[0][1]
    report = fidelity(path)
    assert ("world_size" in report["inexact"]) == (world != others)
    assert {"model", "optimizer", "callback-BestWeights"} <= {*report["exact"]}
    close(path, alone[1])


def rewrite(path, size, strategy):
    """Give each rank another batch, of the same size for all together."""
    config = json.loads(path.read_text())
    config["load_data_kwargs"]["batch_size"] = size
    config["distributed_config"]["strategy"] = strategy
    path.write_text(json.dumps(config))
    first = RunPaths(path.parent).segment(0)
    segment = json.loads(first.read_text())
    segment.pop("config_sha256")  # or the run would know that this is not its config
    first.write_text(json.dumps(segment))


@SLOW
def test_a_damaged_file_of_one_rank_makes_all_pass_over_its_checkpoint(ranks, tmp_path):
    path = Path(ranks(2, trained, tmp_path / "W", max_epochs=1, group=False)[0][1])
    newest = Run(path).checkpoints()[-1]
    with (newest / "model.rank1.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"!")
    assert any("model.rank1" in str(problem) for problem in verify_run(path).problems)
    before = left_weights(path)
    ranks(2, longer, tmp_path / "W", group=False)
    segment = json.loads((path / "segments" / "1.json").read_text())
    assert segment["checkpoint"] and segment["checkpoint"] != newest.name
    assert before != left_weights(path)


def left_weights(path):
    return json.loads((path / "results.json").read_text())["weights_sha256"]


def longer(folder):
    return trainer_of(folder).fit(LONGER, resume=0)


@SLOW
def test_a_signal_leaves_a_checkpoint_and_whole_weights(ranks, tmp_path):
    whole = ranks(2, trained, tmp_path / "whole", group=False)
    told = ranks(2, trained, tmp_path / "W", act=("signal", 9, 1), group=False)
    assert [one[0] for one in told] == ["interrupted by SIGTERM"] * 2
    assert load_run(told[0][1]).model is not None
    again = ranks(2, trained, tmp_path / "W", resume=0, group=False)
    assert rows(again[0][1]) == rows(whole[0][1])


@SLOW
def test_an_exception_on_one_rank_ends_all(ranks, tmp_path):
    options = {"act": ("raise", 7, 1), "seconds": 5, "group": False, "fails": True}
    errors = ranks(2, trained, tmp_path / "W", **options)
    assert all("broken on purpose" in error for error in errors)
    assert Run(tmp_path / "W" / "0").status["state"] == "failed"
    resumed = ranks(2, trained, tmp_path / "W", resume=0, group=False)
    assert Run(resumed[0][1]).status["state"] == "done"


@SLOW
def test_a_fork_keeps_what_it_began_from(ranks, tmp_path):
    parent = ranks(2, trained, tmp_path / "W", max_epochs=1, group=False)[0][1]
    child = ranks(2, trained, tmp_path / "W", fork=0, group=False)[0][1]
    origin = read_state(RunPaths(Path(child)).origin.path)
    newest = read_state(Run(parent).checkpoints()[-1])
    assert same(origin["model"], newest["model"]) and same(origin["optimizer"], newest["optimizer"])
    assert not verify_run(Path(child)).problems


@SLOW
def test_a_given_model_is_rank_0s_and_its_start_is_kept_whole(ranks, tmp_path):
    path = Path(ranks(2, trained, tmp_path / "W", given=True, group=False)[0][1])
    start = read_weights(path / "initial_weights.safetensors")
    assert same(start, {**network().state_dict()})


def evaluated_after(folder):
    """Evaluate once more, and train a second run with the same trainer."""
    trainer = trainer_of(folder, max_epochs=1)
    trainer.check()
    trainer.fit()
    again = trainer.evaluate("validation")
    trainer.fit()
    return again, trainer.results["last"], world_size()


@SLOW
def test_a_trainer_can_be_used_again(ranks, tmp_path):
    (again, last, _), _ = ranks(2, evaluated_after, tmp_path / "W", group=False)
    assert again["validation/epoch_loss"] == pytest.approx(last["validation/epoch_loss"])


def test_one_process_trains_as_without_it(tmp_path, caplog):
    one, other = (trained(tmp_path / name, strategy=name)[1] for name in ("fsdp", "flat"))
    assert same(left(one), left(other))
    assert "divides nothing in one process" in caplog.text


@pytest.mark.gpu
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_a_run_on_two_gpus_is_killed_and_resumed(ranks, tmp_path):
    options = {"device": "cuda", "group": False}
    whole = ranks(2, trained, tmp_path / "whole", **options)
    ranks(2, trained, tmp_path / "cut", act=("kill", 11), fails=True, **options)
    resumed = ranks(2, trained, tmp_path / "cut", resume=0, **options)
    close(resumed[0][1], whole[0][1])
    assert whole[0][2] < 0.61


def misfit(folder):
    trainer = trainer_of(folder)
    trainer.set_model(nn.Sequential(nn.Flatten(), nn.Linear(63, 10)))
    return trainer.fit()


@SLOW
def test_a_model_that_does_not_fit_is_told_before_there_is_a_run(ranks, tmp_path):
    for error in ranks(2, misfit, tmp_path / "W", group=False, fails=True):
        assert "DataError: the model does not fit the data" in error
    assert not (tmp_path / "W").exists()
