"""A network of another run helps in a training: not trained, copied into the run, by its digest."""

import shutil

import pytest
import torch

from stride.components.trust import Trust
from stride.engine.checkpoint.checkpoint import read_state
from stride.engine.checkpoint.named import find_checkpoint
from stride.errors import ComponentError, ConfigError, RunError, UserError
from stride.runs.files.digest import sha256
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from stride.trainer.frozen_runs import complete_frozen
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer
from tests.trainer.killing import Killed, Killer
from tests.trainer.networks import STUDENT, TWO_PARTS, TwoParts

OFTEN = {"every_steps": 3, "background": False}


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """Train a teacher; return its folder."""
    trainer = Trainer(
        tmp_path_factory.mktemp("teachers"),
        dataset_kwargs={"subsample_rate": 0.2},
        model_kwargs={**TWO_PARTS, "freeze": ["head"]},
        logging_config={"terminal_display": "off"},
    )
    trainer.fit(max_steps=2)
    return trainer.run.path


@pytest.fixture
def teacher(taught, tmp_path):
    """Return a copy of that run."""
    return Run(shutil.copytree(taught, tmp_path / "teachers" / "0"))


@pytest.fixture
def distil(make, teacher):
    """Return a function that makes a Trainer of a student."""

    def make_student(**arguments):
        given = {"model_kwargs": STUDENT, "checkpoint_config": OFTEN, **arguments}
        return make(frozen={"teacher": str(teacher.path)}, **given)

    return make_student


def copy_of(run):
    return run.paths.frozen_weights("teacher")


def test_a_killed_distillation_goes_on_without_the_teachers_run(distil, make, teacher, tmp_path):
    whole = distil(work_dir=tmp_path / "whole")
    whole.fit()
    with pytest.raises(Killed):
        distil(callbacks=[Killer(2)]).fit()
    run = Run(tmp_path / "w" / "0")
    assert copy_of(run).read_bytes() == teacher.paths.weights.read_bytes()
    shutil.rmtree(teacher.path.parent)
    with pytest.raises(Killed):
        make(callbacks=[Killer(5)]).fit(resume=0)
    make().fit(resume=0)
    assert [one["from_step"] for one in run.segments] == [0, 0, 3]
    assert run.paths.weights.read_bytes() == whole.run.paths.weights.read_bytes()
    moved = shutil.move(run.path, tmp_path / "moved")
    assert load_run(moved).evaluate() == whole.evaluate()
    again = Trainer(tmp_path)
    assert again.reproduce("moved").identical
    assert copy_of(again.run).read_bytes() == copy_of(Run(moved)).read_bytes()
    again.fork("moved", "last", {"training_config.max_epochs": 3})
    assert verify_run(again.run.path).ok and copy_of(again.run).is_file()


def test_a_further_one_is_a_change_to_a_run_that_has_begun(distil, make, teacher):
    """Resuming refuses it; a fork judges its weights from then on."""
    distil().fit(max_epochs=1)
    more = {"training_config.max_epochs": 2, "frozen.other": str(teacher.path)}
    with pytest.raises(RunError, match=r"depend on what has changed: frozen\.other\.run was None"):
        make().fit(resume=0, overrides=more)
    forked = make()
    forked.fork(0, "last", more)
    assert "callback-BestWeights" in forked.run.paths.log(0).read_text().partition("over: ")[2]


def test_the_teacher_is_no_part_of_what_is_trained_or_saved(distil, teacher):
    trainer = distil(callbacks=[Killer(4)])
    with pytest.raises(Killed):
        trainer.fit()
    network = trainer.model.network
    helper = network.frozen["teacher"]
    assert not any(p.requires_grad for p in helper.parameters())
    assert not any(module.training for module in helper.modules()) and network.training
    assert all(name.startswith("layers.") for name in network.state_dict())
    assert len(trainer.optimizer.param_groups[0]["params"]) == len(list(network.parameters()))
    state = read_state(find_checkpoint(Run(trainer.run.path), "last"))
    assert state["held"] == {} and state["generators"] == {}
    assert "teacher" not in str(state["noticed"])
    with pytest.raises(KeyError, match=r"no frozen network 'techer': did you mean 'teacher'"):
        network.frozen["techer"]


def test_the_config_holds_what_the_network_is_and_which_weights(distil, teacher):
    trainer = distil()
    trainer.fit(max_steps=1)
    run = Run(trainer.run.path)
    table = run.raw_config["frozen"]["teacher"]
    assert table["run"] == str(teacher.path) and table["sha256"] == sha256(copy_of(run))
    assert table["model_kwargs"] == {**TWO_PARTS, "model_seed": 0, "outputs": 10}
    assert run.provenance["classes"]["frozen teacher"] == TWO_PARTS["model_name"]
    assert verify_run(run.path).ok
    content = bytearray(copy_of(run).read_bytes())
    content[-1] ^= 1
    copy_of(run).write_bytes(content)
    (problem,) = verify_run(run.path).problems
    assert problem.file == "frozen/teacher.safetensors" and "damaged" in problem.what
    with pytest.raises(RunError, match=r"not the weights of .*teachers/0 that this config means"):
        load_run(run.path).assemble()


def test_a_model_of_ones_own_has_the_networks_too(make, teacher, tmp_path):
    from stride import Model

    class Imitation(Model):
        def training_step(self, batch):
            outputs = self.forward(batch[0])
            return torch.nn.functional.mse_loss(outputs, self.frozen["teacher"](batch[0]))

    trainer = make(frozen={"teacher": str(teacher.path)}, training_config={"metrics": []})
    trainer.set_model(Imitation(TwoParts(4), torch.nn.Identity()))
    assert trainer.fit(max_steps=1) < 100


def test_what_is_wrong_is_refused_before_there_is_a_folder(make, teacher, tmp_path):
    def refused(match, frozen, error=ConfigError, **more):
        with pytest.raises(error, match=match):
            make(**{"model_kwargs": STUDENT, "frozen": frozen, **more}).fit()

    path = str(teacher.path)
    refused(r"unknown key frozen\.teacher\.rnu.*'run'", {"teacher": {"rnu": path}})
    refused(r"frozen\.teacher must be a table of keys, not 3", {"teacher": 3})
    refused(r"frozen\.a/b: a name is letters", {"a/b": path})
    refused(r"the steps of a TwoParts use no other network.*training_step", {"teacher": path},
            model_kwargs=TWO_PARTS)  # fmt: skip
    refused("no run", {"teacher": f"{path}0"}, RunError)
    refused("no frozen network 'teacher': did you mean 'teachr'", {"teachr": path}, KeyError)
    teacher.paths.weights.unlink()
    refused("no weights at", {"teacher": path}, RunError)
    assert not (tmp_path / "w").exists()


def test_a_teacher_given_from_python_or_of_a_stranger_is_refused(make, teacher, tmp_path):
    trainer = make(work_dir=tmp_path / "given")
    trainer.set_model(TwoParts(8))
    trainer.fit(max_steps=1)
    student = make(model_kwargs=STUDENT, frozen={"teacher": str(trainer.run.path)})
    with pytest.raises(ComponentError, match=r"a .*TwoParts, was given from Python"):
        student.fit()
    teacher.paths.signature.unlink()
    resolved = make(frozen={"teacher": str(teacher.path)}).builder.resolved
    with pytest.raises(UserError, match=r"names code to import.*model_kwargs\.model_name"):
        complete_frozen(resolved, Trust())
    assert complete_frozen(resolved, Trust(word=True)).config.frozen["teacher"].sha256
