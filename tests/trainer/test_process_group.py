"""Processes that do not fit each other learn it before anything is written."""

import os
import time
from pathlib import Path

import pytest

from stride.config.schema import Config
from stride.distributed import process_group, rank, require_alike
from stride.errors import DeviceError, RunError, StrideError
from stride.metrics.base import Metric
from stride.trainer import process_group as joining
from stride.trainer.process_group import broadcast_user_errors, process_group_for, require_shared
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer

pytestmark = pytest.mark.ddp

SOON = 20.0  # seconds, where waiting for the other would take the timeout of 600


def told(call, *arguments, **named):
    """Return which error a call raises, its words and its exit code, and whether it was soon."""
    begun = time.monotonic()
    try:
        call(*arguments, **named)
    except StrideError as error:
        return type(error).__name__, str(error), error.exit_code, time.monotonic() - begun < SOON
    return "nothing", "", 0, True


def join(of_rank, start=("Fresh", "Fresh", "Fresh")):
    values = {"work_dir": "W", **of_rank[rank()]}
    with process_group_for(Config.from_json(values), start[rank()]):
        pass


def joined_as(of_rank, **named):
    return told(join, of_rank, **named)


def test_those_that_are_alike_join(ranks):
    same = [{}, {"device": "cpu"}, {"dataset_kwargs": {"path": "/scratch/1"}}]
    assert [one[0] for one in ranks(3, joined_as, same, group=False)] == ["nothing"] * 3


@pytest.mark.parametrize("wrong", [{"seed": 1}, {"optimizer_kwargs": {"lr": 0.2}}])
def test_another_config_on_one_rank_is_told_to_all(ranks, wrong):
    answers = ranks(3, joined_as, [{}, {}, wrong], group=False)
    assert len({*answers}) == 1
    kind, words, code, soon = answers[0]
    assert (kind, code, soon) == ("UserError", 2, True)
    key = "seed is 1" if "seed" in wrong else "optimizer_kwargs.lr is 0.2"
    assert f"cannot train together: rank 2: {key} here and" in words


def test_another_start_on_one_rank_is_told_to_all(ranks):
    starts = ("Resumed", "Fresh")
    answers = ranks(2, joined_as, [{}, {}], start=starts, group=False)
    assert all("the start is Fresh here and Resumed on rank 0" in one[1] for one in answers)


def other_torch():
    if rank() == 1:
        joining.torch.__version__ = "1.0"  # of this process, which ends with the test
    return joined_as([{}, {}])


def test_another_torch_on_one_rank_is_told_to_all(ranks, pool):
    answers = ranks(2, other_torch, group=False)
    pool.close()
    assert all("rank 1: torch is 1.0 here and" in one[1] for one in answers)


def test_a_device_that_one_rank_lacks_is_told_to_all(ranks):
    answers = ranks(2, joined_as, [{}, {"device": "cuda:77"}], group=False)
    assert [one[0] for one in answers] == ["UserError", "DeviceError"]
    assert all("CUDA device" in one[1] and one[2:] == (2, True) for one in answers)


def owning(*things):
    return told(require_alike, {}, own=things[rank()])


def test_a_device_that_two_of_them_would_share_is_refused_by_both(ranks):
    answers = ranks(2, owning, "the device GPU-1", "the device GPU-1", group=False)
    assert len({one[:3] for one in answers}) == 1 and answers[0][0] == "UserError"
    assert "rank 1: the device GPU-1 is rank 0's already" in answers[0][1]
    apart = ranks(2, owning, "the device GPU-1", "the device GPU-2", group=False)
    assert [one[0] for one in apart] == ["nothing"] * 2


def start(folder):
    trainer = Trainer(folder)
    trainer.fit(resume=3 if rank() else None)


def started(folder):
    return told(start, folder)


@pytest.mark.parametrize("name", ["W", "deep/er/W"])
def test_who_cannot_begin_tells_the_others_and_no_folder_is_left(ranks, tmp_path, name):
    answers = ranks(2, started, tmp_path / name, group=False)
    assert [one[0] for one in answers] == ["UserError", "RunError"]
    assert "rank 1: no run '3'" in answers[0][1] or "rank 1: cannot read" in answers[0][1]
    assert all(one[2:] == (2, True) for one in answers)
    assert [*tmp_path.iterdir()] == []


def test_alone_an_error_is_the_same_without_peers():
    with (
        pytest.raises(DeviceError),
        process_group_for(Config.from_json({"work_dir": "W", "device": "cuda:77"})),
    ):
        pass
    with pytest.raises(RunError), broadcast_user_errors():
        raise RunError("no run")
    require_shared("/nowhere")


def look(folder, apart):
    """Look for rank 0's folder by a path that leads to another one in each process."""
    own = Path(folder) / (str(rank()) if apart else "same")
    own.mkdir(exist_ok=True)
    os.chdir(own)
    with process_group(timeout=30):
        return told(require_shared, "/proc/self/cwd/deep/W", seconds=0.3), [*own.rglob("*")]


@pytest.mark.skipif(not os.path.exists("/proc/self/cwd"), reason="there is no /proc/self/cwd")
def test_a_work_dir_that_one_rank_does_not_see_is_refused_by_all(ranks, tmp_path, pool):
    answers = ranks(3, look, tmp_path, True, group=False)
    pool.close()  # they are in folders of the test
    assert len({one[0] for one in answers}) == 1
    kind, words, code, _ = answers[0][0]
    assert (kind, code) == ("RunError", 2)
    assert "rank 0's work_dir is not seen by rank 1 on" in words and ", 2 on" in words
    assert all(left == [] for _, left in answers)


@pytest.mark.skipif(not os.path.exists("/proc/self/cwd"), reason="there is no /proc/self/cwd")
@pytest.mark.slow
def test_a_work_dir_that_all_see_is_taken(ranks, tmp_path, pool):
    answers = ranks(3, look, tmp_path, False, group=False)
    pool.close()
    assert [one[0][0] for one in answers] == ["nothing"] * 3


def fit_with(folder, **config):
    Trainer(folder, dataset_kwargs={"subsample_rate": 0.05}, **config).fit(max_steps=2)


def fitted(folder, **config):
    return told(fit_with, folder, **config)


def test_statistics_of_batches_on_cpus_are_refused_by_all_before_there_is_a_run(ranks, tmp_path):
    config = {"device": "cpu", "distributed_config": {"sync_batchnorm": True}}
    answers = ranks(2, fitted, tmp_path / "W", group=False, **config)
    assert len({*answers}) == 1 and answers[0][0] == "ConfigError" and answers[0][2:] == (2, True)
    assert "on CUDA alone" in answers[0][1] and [*tmp_path.iterdir()] == []


def test_alone_a_run_with_shared_statistics_is_as_any_other(tmp_path):
    config = {"device": "cpu", "model_kwargs": {"model_name": "CNN", "hidden": [4]}}
    fit_with(tmp_path / "W", **config)
    fit_with(tmp_path / "W", distributed_config={"sync_batchnorm": True}, **config)
    plain, ours = (load_run(tmp_path / "W", name) for name in ("0", "1"))
    assert plain.results["weights_sha256"] == ours.results["weights_sha256"]
    assert "BatchNorm2d" in {type(part).__name__ for part in ours.model.modules()}


class Odd(Metric):
    """Count batches, and say nothing of several processes."""

    count = 0

    def update(self, step):
        self.count += 1

    def compute(self):
        return float(self.count)

    def reset(self):
        self.count = 0

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]


def whole_state():
    """Return a metric of torchmetrics whose update needs the state of all samples before."""
    classes = pytest.importorskip("torchmetrics").classification
    return type("Whole", (classes.MulticlassAccuracy,), {"full_state_update": True})(10)


@pytest.mark.parametrize("name", [f"{__name__}:Odd", f"{__name__}:whole_state"])
def test_a_metric_of_one_process_alone_is_refused_before_there_is_a_run(ranks, tmp_path, name):
    config = {"device": "cpu", "training_config": {"metrics": [name]}}
    answers = ranks(2, fitted, tmp_path / "W", group=False, **config)
    assert len({*answers}) == 1 and answers[0][0] == "ComponentError"
    assert answers[0][2:] == (2, True)
    assert "cannot be computed over several processes" in answers[0][1]
    assert "training_config.metrics" in answers[0][1] and [*tmp_path.iterdir()] == []
    fit_with(tmp_path / "W", **config)  # alone there is nothing to bring together
