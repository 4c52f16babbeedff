"""Whatever hooks do, a packed run has the files that it has alone, and its own words in its log."""

import logging
import shutil
import signal
import warnings

import pytest
import torch
from torch import nn

from stride import Callback
from stride.engine.signals import Interrupted
from stride.log import LOGGER
from stride.runs.run import Run
from stride.trainer.packs.packs import Packs
from stride.trainer.starts.resume import ResumedRun
from tests.integration.same_runs import problems_of
from tests.trainer.packs.packed_and_alone import differences, train_packed, trainer_of, words

PAIR = [{"seed": 0}, {"seed": 1, "optimizer_kwargs": {"lr": 0.01}}]
DROPPING = [{**one, "model_kwargs": {"norm": "batch", "dropout": 0.3}} for one in PAIR]


class _Changing(Callback):
    """Change something at the beginning of the second epoch."""

    def before_epoch(self, trainer):
        if trainer.state.epoch == 1:
            self.change(trainer, trainer.model.network)


class Frozen(_Changing):
    def change(self, trainer, network):
        next(network.parameters()).requires_grad_(False)


class Exchanged(_Changing):
    def change(self, trainer, network):
        for parameter in network.parameters():
            parameter.data = 0.9 * parameter.data


class OtherStatistics(_Changing):
    def change(self, trainer, network):
        norm = next(one for one in network if isinstance(one, nn.BatchNorm1d))
        norm.running_mean = norm.running_mean * 0.5


class Hooked(_Changing):
    def change(self, trainer, network):
        network[1].register_forward_hook(lambda module, inputs, outputs: 1.01 * outputs)


class Longer(_Changing):
    def change(self, trainer, network):
        network.append(nn.Dropout(0.0))


class OtherMomentum(_Changing):
    def change(self, trainer, network):
        next(one for one in network if isinstance(one, nn.BatchNorm1d)).momentum = 0.3


class Masked(_Changing):
    def change(self, trainer, network):
        next(network.parameters()).register_hook(lambda gradient: 0.5 * gradient)


class Replaced(_Changing):
    def change(self, trainer, network):
        network[-1].forward = lambda inputs: nn.functional.linear(inputs, network[-1].weight)


class Threads(_Changing):
    """Change what torch computes with, for the whole process: here how it multiplies."""

    def change(self, trainer, network):
        torch.use_deterministic_algorithms(True)


CHANGES = {
    Masked: "'1.weight' has hooks",
    Replaced: "layer 5 was given another forward",
    Threads: "a hook has changed what torch computes with",
    Frozen: "a part of the network is frozen",
    Exchanged: "parameters or buffers were exchanged",
    OtherStatistics: "parameters or buffers were exchanged",
    Hooked: "layer 1 has hooks",
    Longer: "the layers were changed",
    OtherMomentum: "the layers were changed",
}


def test_a_training_leaves_its_pack_where_a_hook_has_changed_what_is_stacked(tmp_path):
    members = [{**DROPPING[0], "seed": n, "callbacks": [c]} for n, c in enumerate(CHANGES)]
    found, runs = differences(tmp_path, [*members, {**DROPPING[1], "seed": 9}])
    assert found == []
    assert {run.segments[0]["pack"]["width"] for run in runs} == {10}
    *left, stayed = [run.paths.log(0).read_text() for run in runs]
    for said, why in zip(left, CHANGES.values(), strict=True):
        assert f"trained alone from step 4 on: {why}" in said
    assert "trained alone" not in stayed


class TwoThreads(_Changing):
    def change(self, trainer, network):
        torch.set_num_threads(2)


class NotesThreads(Callback):
    def after_evaluate(self, trainer, metrics):
        trainer.log("threads", torch.get_num_threads())


def test_what_a_hook_sets_for_the_process_is_its_own_trainings(tmp_path):
    members = [
        {**one, "callbacks": [*more, NotesThreads]}
        for one, more in zip(PAIR, ([TwoThreads], []), strict=True)
    ]
    found, runs = differences(tmp_path, members)
    assert found == [] and torch.get_num_threads() == 1
    threads = [[row["threads"] for row in run.metrics() if "threads" in row] for run in runs]
    assert threads == [[1, 2, 2], [1, 1, 1]]


class Renewed(_Changing):
    """What a pack takes as it stands: moments, numbers and gradients of its own."""

    def change(self, trainer, network):
        trainer.optimizer.state.clear()
        trainer.optimizer.param_groups[0]["lr"] *= 0.5
        for module in network:
            if isinstance(module, nn.Dropout):
                module.p = 0.1
        for parameter in network.parameters():
            parameter.grad = None


def test_moments_and_numbers_that_a_hook_changes_are_taken_over(tmp_path):
    found, runs = differences(tmp_path, [{**one, "callbacks": [Renewed]} for one in DROPPING])
    assert found == []
    assert "trained alone" not in runs[0].paths.log(0).read_text()


class Looking(Callback):
    """Keep views of the weights, and log what is seen there."""

    def before_train(self, trainer):
        self.views = [parameter.detach() for parameter in trainer.model.parameters()]

    def after_evaluate(self, trainer, metrics):
        trainer.log("seen", float(sum(view.sum() for view in self.views)))


def test_a_training_of_whose_weights_views_are_kept_is_trained_alone(tmp_path):
    found, runs = differences(tmp_path, [{**one, "callbacks": [Looking]} for one in PAIR])
    assert found == []
    assert all("pack" not in run.segments[0] for run in runs)


class Warns(Callback):
    """Warn of the same in each epoch, and of an image that is out of range, in a thread."""

    def after_epoch(self, trainer, metrics):
        warnings.warn("the same words", stacklevel=1)
        LOGGER.warning("own words of %s", trainer.run.name)
        logging.getLogger("elsewhere").warning("other words")
        trainer.log_image("far", torch.full((4, 4), 5.0 + trainer.config.seed))


WARNING = [{**one, "callbacks": [Warns]} for one in PAIR]


def test_each_is_warned_in_its_own_log_as_it_is_alone(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        found, runs = differences(tmp_path, WARNING)
    assert found == []
    for run in runs:
        said = [line for line in words(run.path) if "the same words" in line]
        assert len(said) == 1


def test_a_filter_that_shows_all_warnings_shows_all_of_each(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        found, runs = differences(tmp_path, WARNING)
    assert found == []
    assert sum("the same words" in line for line in words(runs[0].path)) == 3


class Interrupting(Callback):
    """Interrupt a training at a step after which it is to evaluate: it does so when resumed."""

    def after_step(self, trainer, step):
        if trainer.state.step == 3:
            signal.raise_signal(signal.SIGINT)


def test_an_average_that_was_looked_at_before_the_first_step_follows_the_weights(tmp_path):
    often = {"training_config": {"max_steps": 9, "evaluate_every_steps": 3, "log_interval": 50}}
    kept = {"checkpoint_config": {"every_steps": 3, "background": False}}
    members = [{**one, **often, **kept, "average_config": {"kind": "swa"}} for one in PAIR]
    for folder in ("whole", "packed"):
        for member in members:
            trainer = trainer_of(tmp_path / folder, member)
            if folder == "whole":
                trainer.fit()
                continue
            trainer.builder.callbacks.append(Interrupting())
            with pytest.raises(Interrupted):
                trainer.fit()
    trainers = [trainer_of(tmp_path / "packed", member) for member in members]
    starts = [ResumedRun.of(tmp_path / "packed" / str(number)) for number in range(2)]
    ended = Packs().fit(trainers, starts)
    assert [one.error for one in ended] == [None, None]
    for number in "01":
        packed = Run(tmp_path / "packed" / number)
        assert packed.segments[1]["pack"]["width"] == 2
        assert problems_of(packed.path, tmp_path / "whole" / number) == []


def test_a_run_whose_folder_is_deleted_ends_alone(tmp_path):
    class Deleted(Callback):
        def after_epoch(self, trainer, metrics):
            shutil.rmtree(trainer.run.paths.path)

    members = [{"seed": 0}, {"seed": 1, "callbacks": [Deleted]}, {"seed": 2}]
    ended = train_packed(tmp_path / "packed", members)
    assert ["its folder is gone" in str(one.error) for one in ended] == [False, True, False]
    for number in (0, 2):
        alone = trainer_of(tmp_path / "alone", members[number])
        assert alone.fit() == ended[number].value
        assert problems_of(tmp_path / "packed" / str(number), alone.run.paths.path) == []


def test_a_batch_that_is_never_reached_and_cannot_be_trained_on_is_no_fault_of_any(tmp_path):
    """As of one sample, which has no variance; the proof tries all sizes that an epoch has."""
    single = {"load_data_kwargs": {"batch_size": 25}, "model_kwargs": {"norm": "batch"}}
    given = {**single, "training_config": {"max_steps": 3}}
    found, _ = differences(tmp_path, [{**one, **given} for one in PAIR])
    assert found == []
