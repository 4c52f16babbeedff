"""A comparison is made of ordinary runs that start alike, and goes on where it was left."""

import json
import os
import signal

import pytest

from stride.active.curves.groups import group_curves
from stride.callbacks.base import Callback
from stride.engine.signals import Interrupted
from stride.errors import ConfigError, UserError
from stride.runs.files.jsonl import read_lines
from stride.runs.layout import WorkDirPaths
from stride.runs.records.curves import CurvesRecord
from stride.runs.run import Run
from stride.trainers.active.comparison import Comparison
from stride.trainers.active.trainer import ActiveTrainer

STRATEGIES = ["UniformSampling", "CoreSet"]
CONFIG = [
    "device=cpu",
    "dataset_kwargs.subsample_rate=0.05",
    "load_data_kwargs.batch_size=8",
    "model_kwargs.model_name=MLP",
    "model_kwargs.hidden=[6]",
    "training_config.max_epochs=2",
    "active_config.start_size=6",
    "active_config.num_queries=4",
    "active_config.num_rounds=2",
]


def comparison(folder, strategies=STRATEGIES, seeds=(0, 3), config=()):
    return Comparison.of(folder, strategies, seeds, [*CONFIG, *config])


def trained(made):
    """Train, and return what was told."""
    lines = []
    made.train(lines.append)
    return lines


def rounds(folder, run):
    return read_lines(Run(folder / run).paths.rounds)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.isdecimal())


def test_the_same_seed_gives_every_strategy_the_same_start(tmp_path):
    made = comparison(tmp_path / "W")
    assert not (tmp_path / "W").exists()  # looking creates nothing
    lines = trained(made)
    assert lines[0] == "run 1 of 4: UniformSampling, seed 0"
    assert lines[3] == "run 4 of 4: CoreSet, seed 3"
    uniform, core, *others = (rounds(tmp_path / "W", name) for name in "0123")
    assert uniform[0]["metrics"] == core[0]["metrics"] != others[0][0]["metrics"]
    assert others[0][0]["metrics"] == others[1][0]["metrics"]
    assert uniform[0]["queried"] != core[0]["queried"]
    found = [Run(tmp_path / "W" / name) for name in "0123"]
    told = [(run.config.seed, run.config.active_config.strategy) for run in found]
    assert told == [(seed, name) for seed in (0, 3) for name in STRATEGIES]
    assert {run.config.dataset_kwargs.split_seed for run in found} == {0}


def test_each_run_is_as_if_trained_alone(tmp_path):
    trained(comparison(tmp_path / "W", seeds=[3]))
    typed = [f"work_dir={tmp_path / 'V'}", "trainer=active", *CONFIG, "seed=3"]
    alone = ActiveTrainer(overrides=[*typed, "active_config.strategy=CoreSet"])
    alone.fit()
    told = [Run(one).results["weights_sha256"] for one in (tmp_path / "W" / "1", tmp_path / "V/0")]
    assert told[0] == told[1]


def test_what_is_done_is_not_done_again(tmp_path):
    trained(comparison(tmp_path / "W", STRATEGIES[:1]))
    lines = trained(comparison(tmp_path / "W", seeds=[3, 0]))
    assert lines == [
        f"run 1 of 4: UniformSampling, seed 3, is done already: {tmp_path}/W/1",
        "run 2 of 4: CoreSet, seed 3",
        f"run 3 of 4: UniformSampling, seed 0, is done already: {tmp_path}/W/0",
        "run 4 of 4: CoreSet, seed 0",
    ]
    assert names(tmp_path / "W") == ["0", "1", "2", "3"]
    assert [one.run.name for one in comparison(tmp_path / "W").runs()] == ["0", "3", "1", "2"]


@pytest.mark.parametrize("other", ["model_kwargs.hidden=[7]"])
def test_another_config_is_another_run(tmp_path, other):
    trained(comparison(tmp_path / "W", STRATEGIES[:1], [3]))
    made = comparison(tmp_path / "W", STRATEGIES[:1], [3], [other])
    assert made.runs() == []
    assert trained(made) == ["run 1 of 1: UniformSampling, seed 3"]


class End(Callback):
    """End the training in the middle of a round: by Ctrl-C, or by a callback's own wish."""

    def __init__(self, state):
        self._state = state

    def after_step(self, trainer, step):
        if trainer.state.step == 5 and self._state == "stopped":
            trainer.stop("enough")
        elif trainer.state.step == 5:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("state", ["interrupted", "stopped"])
def test_what_was_left_goes_on(tmp_path, state):
    trained(comparison(tmp_path / "V", STRATEGIES[1:], [3]))
    made = comparison(tmp_path / "W", STRATEGIES[1:], [3])
    left = ActiveTrainer(overrides=made.wanted[0].overrides, callbacks=[End(state)])
    if state == "interrupted":
        with pytest.raises(Interrupted):
            left.fit()
    else:
        left.fit()
    assert Run(tmp_path / "W" / "0").state == state and made.runs() == []
    assert trained(made) == [f"run 1 of 1: CoreSet, seed 3, goes on with {tmp_path}/W/0"]
    told = [Run(tmp_path / one / "0").results["weights_sha256"] for one in "VW"]
    assert told[0] == told[1] and names(tmp_path / "W") == ["0"]


def test_a_run_that_is_done_counts_before_a_newer_one(tmp_path):
    made = comparison(tmp_path / "W", STRATEGIES[1:], [3])
    trained(made)
    ActiveTrainer(overrides=made.wanted[0].overrides, callbacks=[End("stopped")]).fit()
    assert trained(made) == [f"run 1 of 1: CoreSet, seed 3, is done already: {tmp_path}/W/0"]
    assert [one.run.name for one in made.runs()] == ["0"]


def test_a_run_that_another_process_trains_is_left_alone(tmp_path):
    made = comparison(tmp_path / "W", STRATEGIES[:1], [0])
    seen = []

    class Look(Callback):
        def before_train(self, trainer):
            if not seen:
                seen.extend(trained(made))

    ActiveTrainer(overrides=made.wanted[0].overrides, callbacks=[Look()]).fit()
    assert seen == [f"run 1 of 1: UniformSampling, seed 0, is running already: {tmp_path}/W/0"]


def test_the_curves_are_saved_with_a_picture(tmp_path):
    made = comparison(tmp_path / "W")
    trained(made)
    told = made.save(group_curves(made.runs()), 0.1)
    paths = WorkDirPaths(tmp_path / "W")
    record = CurvesRecord.read(paths.curves)
    assert record.metric == "test/accuracy" and record.target == 0.1
    assert [one.to_json() for one in record.groups] == [
        {k: list(v) if isinstance(v, tuple) else v for k, v in one.items()}
        for one in told["groups"]
    ]
    assert {one.name: one.runs for one in record.groups} == {
        "UniformSampling": ["0", "2"],
        "CoreSet": ["1", "3"],
    }
    assert json.loads(paths.curves.read_text())["baseline"] == "UniformSampling"
    assert paths.curves_plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("strategies", "config", "words"),
    [
        (["UniformSampling", "CoreSett"], [], "did you mean 'CoreSet'"),
        (["BALD"], ["model_kwargs.dropout=0"], "dropout"),
        (["UniformSampling"], ["active_config.nun_rounds=2"], "num_rounds"),
        (["UniformSampling"], ["seed=3"], "type: --seeds 0,1,2"),
        (["UniformSampling"], ["run=mine"], "each run gets a number"),
        (["UniformSampling"], ["active_config.strategy=BADGE"], "type: --compare A,B"),
        (["UniformSampling"], ["active_config.oracle=person"], "oracle=dataset"),
        (["UniformSampling"], ["trainer=supervised"], "'supervised' asks for no labels"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_runs(tmp_path, strategies, config, words):
    with pytest.raises(UserError, match=words):
        comparison(tmp_path / "W", strategies, config=config)
    assert not (tmp_path / "W").exists()


def test_several_processes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="by one process"):
        comparison(tmp_path / "W")


def test_own_keys_name_their_option(tmp_path):
    with pytest.raises(ConfigError) as error:
        comparison(tmp_path / "W", config=["work_dir=V"])
    assert error.value.key == "work_dir"
