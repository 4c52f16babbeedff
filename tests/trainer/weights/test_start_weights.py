"""A network starts from the weights of a run, or from a part of them, and the run keeps a copy."""

import shutil

import pytest
import torch

from stride.config.resolve import resolve_layers
from stride.engine.checkpoint.checkpoint import read_state
from stride.engine.checkpoint.named import find_checkpoint
from stride.errors import ComponentError, ConfigError, RunError
from stride.models.weights import read_weights
from stride.runs.files.digest import sha256
from stride.runs.records.provenance import ProvenanceRecord
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer
from tests.trainer.killing import Killed, Killer
from tests.trainer.networks import TWO_PARTS

ENCODER = {"keys": {"encoder.": "encoder."}, "strict": False}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train a network with another head, whose encoder is wanted."""
    trainer = Trainer(
        tmp_path_factory.mktemp("first"),
        dataset_kwargs={"subsample_rate": 0.2},
        model_kwargs={**TWO_PARTS, "outputs": 12},
        checkpoint_config={"every_steps": 2, "keep_last": 9},
        logging_config={"terminal_display": "off"},
    )
    trainer.fit(max_epochs=1)
    return trainer.run.path


@pytest.fixture
def pretrained(trained, tmp_path):
    """Return a copy of that run."""
    return Run(shutil.copytree(trained, tmp_path / "first" / "0"))


def section(source, **more):
    return {**TWO_PARTS, "init_from": {"run": str(source), **ENCODER, **more}}


def begun(run):
    """Return the start weights of a run."""
    return read_weights(run.paths.initial_weights)


def test_a_part_is_taken_and_what_is_not_is_told_and_recorded(make, pretrained):
    trainer = make(model_kwargs=section(pretrained.path))
    trainer.fit(max_steps=1)
    run = Run(trainer.run.path)
    best, start = read_weights(pretrained.paths.weights), begun(run)
    encoder = [name for name in start if name.startswith("encoder.")]
    assert all(torch.equal(start[name], best[name]) for name in encoder)
    assert start["head.weight"].shape == (10, 8)
    assert "start weights: 7 tensors from" in run.log() and "2 missing: head.weight" in run.log()
    record = ProvenanceRecord.read(run.paths.provenance)
    (taken,) = record.start_weights
    assert (taken.loaded, taken.missing) == (7, ["head.weight", "head.bias"])
    assert taken.unused == ["head.bias", "head.weight"]
    assert taken.sha256 == sha256(pretrained.paths.weights)
    assert taken.uuid == record.parent.uuid == pretrained.status["uuid"]
    assert (record.parent.relation, record.parent.run) == ("weights", str(pretrained.path))
    assert run.config.model_kwargs.init_from.at == "best"
    assert verify_run(run.path).ok


def test_the_weights_of_a_checkpoint_are_taken(make, pretrained):
    trainer = make(model_kwargs=section(pretrained.path, at="2"))
    trainer.comprehend_config()
    folder = find_checkpoint(pretrained, "2")
    wanted = read_state(folder)["model"]["encoder.1.weight"]
    assert torch.equal(trainer.model.network.encoder[1].weight.cpu(), wanted)
    (record,) = trainer.builder.assembly.started_from.records
    assert record.file == str(folder) and record.uuid == pretrained.status["uuid"]
    with pytest.raises(RunError, match=r"no checkpoint '99'"):
        make(model_kwargs=section(pretrained.path, at="99")).fit()


def test_the_source_is_not_needed_again(make, pretrained, tmp_path):
    """Killed before its first checkpoint, resumed, reproduced and forked: the copy serves."""
    with pytest.raises(Killed):
        make(callbacks=[Killer(2)], model_kwargs=section(pretrained.path)).fit()
    whole = make(work_dir=tmp_path / "whole", model_kwargs=section(pretrained.path))
    whole.fit()
    shutil.rmtree(pretrained.path)
    make().fit(resume=0)
    run = Run(tmp_path / "w" / "0")
    assert run.paths.weights.read_bytes() == whole.run.paths.weights.read_bytes()
    assert make().reproduce(0).identical
    make().fork(0, "last", {"training_config.max_epochs": 3})
    assert load_run(run.path).evaluate() == whole.evaluate()


WRONG = {
    "key": ({"kesy": {}}, r"unknown key model_kwargs\.init_from\.kesy.*'keys'"),
    "value": ({"strict": 3}, r"model_kwargs\.init_from\.strict must be true or false, not 3"),
    "prefix": ({"keys": {"encodr.": "encoder."}}, r"begins with 'encodr\.'.*'encoder\.'"),
    "strict": (
        {"strict": True},
        r"2 missing: head\.weight.*; init_from\.keys leave head\..* out: .*init_from\.strict=false",
    ),
}


@pytest.mark.parametrize(("more", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused_before_there_is_a_folder(make, trained, tmp_path, more, message):
    with pytest.raises((ConfigError, ComponentError), match=message):
        make(model_kwargs=section(trained, **more)).fit()
    assert not (tmp_path / "w").exists()


def test_beside_a_checkpoint_they_are_refused(make, trained, tmp_path):
    """A fork or a resumed run goes on with the checkpoint's weights: others would be lost."""
    first = make(model_kwargs=TWO_PARTS, training_config={"max_epochs": 1})
    first.fit()
    other = {"training_config.max_epochs": 2, "model_kwargs.init_from": str(trained)}
    refused = pytest.raises(ConfigError, match=r"those of the checkpoint.*leave it out")
    with refused:
        make().fork(0, "last", {**other, "model_kwargs.init_from": {"run": str(trained)}})
    with refused:
        make().fit(resume=0, overrides=other)
    with refused:
        make(model_kwargs=section(trained)).fit(trainer_state=Run(first.run.path).checkpoints()[0])
    assert not (tmp_path / "w" / "1").exists()


def test_a_step_is_a_number_or_its_text():
    for at in (4, "4"):
        start = {"model_kwargs": {"init_from": {"run": "r", "at": at}}}
        found = resolve_layers(work_dir="w", arguments=start)
        assert found.config.model_kwargs.init_from.at == "4"


def test_the_keys_of_the_table_can_be_typed_one_by_one():
    typed = ["init_from.run=1e3", "model_kwargs.init_from.strict=false"]
    with pytest.raises(ConfigError):
        resolve_layers(work_dir="w", overrides=typed)
    typed[0] = "model_kwargs.init_from.run=1e3"
    found = resolve_layers(work_dir="w", overrides=typed).config.model_kwargs.init_from
    assert (found.run, found.strict) == ("1e3", False)
