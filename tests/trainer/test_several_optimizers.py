"""Several optimisers that take turns: a WGAN-GP as by hand, its resume, and what is refused."""

import pytest
import torch
from torch import nn

from stride.config.schema import Config
from stride.engine.checkpoint.checkpoint import read_state
from stride.errors import ConfigError, DataError, RunError
from stride.models.steps.step import Step
from stride.runs.run import Run
from tests.integration.same_runs import problems_of
from tests.trainer.killing import Killed, Killer
from tests.trainer.wgan import RATE, Recorder, Wgan, by_hand

OPTIMIZERS = {
    "generator": {
        "optimizer_name": "Adam",
        "lr": RATE["generator"],
        "match": "generator.*",
        "groups": [{"match": "*.bias", "betas": [0.9, 0.999]}],
    },
    "critic": {
        "optimizer_name": "Adam",
        "lr": RATE["critic"],
        "match": "critic.*",
        "scheduler_kwargs": {
            "scheduler_name": "StepLR",
            "interval": "step",
            "step_size": 3,
            "gamma": 0.5,
        },
    },
}
WGAN = {
    "model_kwargs": {"model_name": "tests.trainer.wgan:Wgan", "hidden": None},
    "optimizers": OPTIMIZERS,
    "training_config": {"metrics": [], "with_validation": False, "max_epochs": 3},
    "checkpoint_config": {"every_steps": 3, "background": False},
    "dataset_kwargs": {"normalize": "standard"},
    "logging_config": {"loggers": ["csv"]},
}


@pytest.fixture
def wgan(make):
    """Return a function that makes a trainer of it; other sections as keyword arguments."""

    def make_wgan(**arguments):
        given = {**WGAN, **arguments}
        trainer = make(**{k: v for k, v in given.items() if k != "model_kwargs"})
        torch.manual_seed(0)
        trainer.set_model(Wgan())
        return trainer

    return make_wgan


def test_it_is_a_loop_by_hand_to_the_bit(wgan):
    trainer = wgan(callbacks=[recorder := Recorder()])
    trainer.fit()
    assert trainer.state.step == len(recorder.batches) == 12
    last = Run(trainer.run.paths.path).checkpoints()[-1]
    state, ours = read_state(last)["model"], by_hand(recorder).state_dict()
    assert all(torch.equal(state[n], v) for n, v in ours.items() if isinstance(v, torch.Tensor))
    rows = [r for r in Run(trainer.run.paths.path).metrics() if "train/epoch_loss" in r]
    assert [row["lr/critic"] for row in rows] == [RATE["critic"] * 0.5**n for n in (1, 2, 3)]
    assert {row["lr/generator/bias"] for row in rows} == {RATE["generator"]}
    assert "lr" not in rows[0]


def test_killed_inside_of_an_epoch_it_is_resumed_and_reproduced_to_the_bit(wgan, tmp_path):
    (whole := wgan()).fit()
    killed = wgan(callbacks=[Killer(8)], work_dir=tmp_path / "killed")
    with pytest.raises(Killed):
        killed.fit()
    wgan(work_dir=tmp_path / "killed").fit(resume=0)
    assert problems_of(killed.run.paths.path, whole.run.paths.path) == []
    assert wgan().reproduce(0).identical


def test_one_of_them_starts_over_in_a_fork_where_its_own_keys_differ(wgan):
    wgan().fit()
    override = {"optimizers.critic.lr": 0.1, "training_config.max_epochs": 4}
    (fork := wgan()).fork(0, "last", override)
    log = Run(fork.run.paths.path).paths.log(0).read_text()
    assert "starts over: schedule-critic" in log
    assert fork.optimizers["critic"].param_groups[0]["lr"] < 0.1  # its schedule has begun again


def test_a_trainer_has_them_by_name(wgan):
    (trainer := wgan()).check()
    assert [*trainer.optimizers] == ["generator", "critic"]
    with pytest.raises(RunError, match=r"several optimisers: generator, critic"):
        _ = trainer.optimizer


def changed(name, **options):
    return {**OPTIMIZERS, name: {**OPTIMIZERS[name], **options}}


@pytest.mark.parametrize(
    ("optimizers", "words"),
    [
        (changed("critic", match="*.weight"), r"'generator.0.weight' is moved by generator and cr"),
        (changed("critic", match="critic.0.*"), r"no optimizer moves 'critic.2.weight'.*freeze it"),
        (changed("critic", match="critics.*"), r"'critics.\*' matches no.*optimizers.critic.match"),
        (changed("critic", momentun=1), r"unknown key optimizers.critic.momentun"),
        (changed("critic", optimizer_name="Adem"), r"no optimizer 'Adem'.*'Adam'"),
        (changed("critic", betas=None, optimizer_name="LBFGS"), "betas"),
        (
            changed("critic", scheduler_kwargs={"scheduler_name": "StepLR", "step_sise": 1}),
            r"optimizers.critic.scheduler_kwargs.step_sise.*'step_size'",
        ),
        (
            changed("critic", scheduler_kwargs={"scheduler_name": "LinearLR", "total_iter": 1}),
            r"optimizers.critic.scheduler_kwargs.total_iter.*'total_iters'",
        ),
    ],
)
def test_a_wrong_config_leaves_no_folder(wgan, tmp_path, optimizers, words):
    with pytest.raises(Exception, match=words) as caught:
        wgan(optimizers=optimizers).fit()
    assert caught.value.exit_code == 2
    assert not (tmp_path / "w").exists()


def test_the_sections_of_one_optimizer_lead_to_those_of_several():
    for section, place in [
        ({"optimizer_kwargs": {"lr": 0.5}}, r"optimizers\.NAME\.lr"),
        (
            {"scheduler_kwargs": {"scheduler_name": "StepLR"}},
            r"optimizers\.NAME\.scheduler_kwargs\.scheduler_name",
        ),
    ]:
        with pytest.raises(ConfigError, match=place):
            Config.from_json({"work_dir": "w", "optimizers": OPTIMIZERS, **section})


def test_ddp_is_refused(wgan):
    with pytest.raises(ConfigError, match=r"several .* strategy=ddp.*strategy=flat"):
        wgan(distributed_config={"strategy": "ddp"}).fit()


class Naming(nn.Module):
    """A network whose steps name what they are told to."""

    def __init__(self, *names):
        super().__init__()
        self.first, self.second = nn.Linear(64, 1), nn.Linear(64, 1)
        self.names = names
        self.calls = 0

    def training_step(self, batch):
        name = self.names[self.calls % len(self.names)]
        self.calls += self.training and torch.is_grad_enabled()
        loss = (self.first(batch[0].flatten(1)) - self.second(batch[0].flatten(1))).mean()
        return Step(loss, len(batch[0]), optimizer=name)


TWO = {
    "first": {"optimizer_name": "SGD", "lr": 0.1, "match": "first.*"},
    "second": {"optimizer_name": "SGD", "lr": 0.1, "match": "second.*"},
}


def naming(make, *names, optimizers=TWO, **training):
    training = {"metrics": [], "with_validation": False, "max_epochs": 1, **training}
    trainer = make(optimizers=optimizers, training_config=training)
    trainer.set_model(Naming(*names))
    return trainer


@pytest.mark.parametrize(
    ("name", "optimizers", "words"),
    [
        ("", TWO, r"names no optimizer.*first, second.*optimizer=\"first\""),
        ("frist", TWO, r"'frist', and there are first, second.*did you mean 'first'"),
        ("first", {}, r"names the optimizer 'first', and the training has one"),
    ],
)
def test_a_step_that_names_none_is_refused_before_there_is_a_folder(
    make, tmp_path, name, optimizers, words
):
    with pytest.raises(DataError, match=words):
        naming(make, name, optimizers=optimizers).fit()
    assert not (tmp_path / "w").exists()


def test_the_microbatches_of_a_step_name_the_same(make):
    naming(make, "first", "first", "second", "second", accumulate=2).fit()
    with pytest.raises(DataError, match="the microbatches of a step name 'first' and 'second'"):
        naming(make, "first", "second", accumulate=2).fit()


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_only_the_named_parameters_have_gradients_and_are_clipped(make, precision):
    trainer = naming(make, "first", clip_grad_norm=0.25, precision=precision)
    before = [p.clone() for p in trainer.model.network.second.parameters()]
    trainer.fit()
    network = trainer.model.network
    assert all(p.grad is None for p in network.second.parameters())
    assert all(map(torch.equal, before, network.second.parameters()))
    norm = torch.stack([p.grad.norm() for p in network.first.parameters()]).norm()
    assert norm == pytest.approx(0.25, rel=1e-4)


def test_a_skipped_step_counts_for_the_schedule_of_its_own(make):
    schedule = {"scheduler_name": "StepLR", "interval": "step", "step_size": 1}
    optimizers = {**TWO, "second": {**TWO["second"], "scheduler_kwargs": schedule}}
    trainer = naming(make, "first", "second", optimizers=optimizers, nonfinite="skip")
    trainer.fit()
    rates = {name: one.param_groups[0]["lr"] for name, one in trainer.optimizers.items()}
    assert rates == {"first": 0.1, "second": pytest.approx(0.1 * 0.1**2)}
