"""The class of a run is known by its source, whatever the name stands for now."""

import importlib
import json
import linecache
import logging
import sys

import pytest
import torch

from stride.errors import ComponentError
from stride.trainer.starts.classes import changed_sources
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer
from tests.trainer.killing import Killed, Killer

NET = """
import dataclasses
import torch
from torch import nn

@dataclasses.dataclass
class Options:
    width: int = 3

class Block(nn.Linear):
    def forward(self, x):
        return super().forward(x)

class Net(nn.Module):
    def __init__(self, in_features: int, num_classes: int, opt: Options = Options(width=4)):
        super().__init__()
        self.first = Block(in_features, opt.width)
        self.last = nn.Linear(opt.width, num_classes)
        self.factor = 1

    def forward(self, x):
        return self.factor * self.last(self.first(x.flatten(1)))

def net(in_features: int, num_classes: int):
    return Net(in_features, num_classes)
"""
OTHER = NET.replace("self.factor = 1", "self.factor = 2")
WORDS = "line 6 was `self.factor = 1` and is `self.factor = 2`"
PATH = "users_nets:Net"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return a function that gives the module `users_nets` a text and imports it anew."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(text):
        (tmp_path / "users_nets.py").write_text(text)
        sys.modules.pop("users_nets", None)
        return importlib.import_module("users_nets")

    yield write
    sys.modules.pop("users_nets", None)


@pytest.fixture
def cell(monkeypatch):
    """Return a function that runs a cell of a notebook, in which this process is."""
    notebook = sys.modules["__main__"]
    before = dict(vars(notebook))

    def run(name, text):
        monkeypatch.setitem(linecache.cache, name, (len(text), None, text.splitlines(True), name))
        exec(compile(text, name, "exec"), vars(notebook))
        return notebook.Net

    yield run
    for name in vars(notebook).keys() - before.keys():
        delattr(notebook, name)


def trainer(tmp_path, name, **more):
    return Trainer(
        tmp_path / "w",
        model_kwargs={"model_name": name},
        dataset_kwargs={"subsample_rate": 0.2},
        training_config={"max_steps": 3, "log_interval": 1},
        logging_config={"terminal_display": "off"},
        checkpoint_config={"every_steps": 1, "background": False},
        **more,
    )


def factor(run, **word):
    return run.load_model(**word).factor


def told(caplog):
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


def test_only_what_the_record_has_can_have_changed():
    now = {"sources": {"network": "a", "dataset of val": "b"}, "classes": {"network": "m:Net"}}
    assert changed_sources({}, now) == {}  # older runs know of fewer
    before = {"sources": {"network": "other"}}
    assert changed_sources(before, now) == {"source of the network": "m:Net has changed"}


def test_two_cells_define_a_class_twice_and_each_run_has_its_own(tmp_path, cell, caplog):
    first = cell("<cell 1>", NET)
    trainer(tmp_path, first).fit()
    second = cell("<cell 2>", OTHER)
    trainer(tmp_path, second).fit()
    old, new = (load_run(tmp_path / "w", n) for n in (0, 1))
    assert "self.factor = 1" in old.paths.model_source.read_text()
    assert type(new.model) is second
    for use in (lambda: old.model, old.evaluate, lambda: trainer(tmp_path, second).load_run(0)):
        with pytest.raises(ComponentError, match=f"{WORDS}.*trust_code=True"):
            use()
    assert not told(caplog)
    assert factor(old, trust_code=True) == 1
    assert told(caplog) == [
        "run 0 has the class of its own model_source.py: "
        f"__main__:Net has changed since run 0 was trained: {WORDS}"
    ]
    recorded = old.results["test"]["test/loss"]
    assert old.evaluate(trust_code=True)["test/loss"] == pytest.approx(recorded, abs=0)
    cell("<cell 3>", "# the first one again\n" + NET)
    assert factor(load_run(old.path)) == 1  # what does the same is the same
    with pytest.raises(ComponentError, match="__main__:Net is another class by now"):
        trainer(tmp_path, first)


def test_a_notebooks_function_and_model_are_recorded_too(tmp_path, cell):
    cell("<cell 1>", NET)
    main = sys.modules["__main__"]
    trainer(tmp_path, main.net).fit()
    run = load_run(tmp_path / "w", 0)
    assert run.paths.model_source.read_text().startswith("def net(")
    assert run.provenance["sources"].keys() >= {"network", "function of the network"}
    del main.net
    assert isinstance(run.load_model(trust_code=True), main.Net)
    steps = NET + "    def training_step(self, batch):\n        return {'loss': 0}\n"
    own = trainer(tmp_path, cell("<cell 2>", steps.replace("def net(in", "def net(self, in")))
    assert own.comprehend_config().model.network.factor == 1


def test_the_class_of_a_module_is_told_where_it_is_another(tmp_path, module, caplog):
    module(NET)
    trainer(tmp_path, PATH).fit()
    run = load_run(tmp_path / "w", 0)
    assert run.provenance["classes"]["network"] == PATH
    assert run.provenance["classes"]["users_nets:Block in the network"] == "users_nets:Block"
    assert run.provenance["modules"].keys() == {"users_nets"}
    assert factor(run) == 1 and run.evaluate() and not told(caplog)
    module(OTHER)
    assert factor(run) == 2 and run.evaluate()
    assert len(told(caplog)) == 2
    for line in told(caplog):
        assert line.startswith(f"{PATH} has changed since run 0 was trained: {WORDS}")
    assert factor(run, trust_code=True) == 1
    module(NET.replace("return super().forward(x)", "return super().forward(-x)"))
    caplog.clear()
    assert factor(run) == 1
    assert told(caplog) == [
        "run 0: source of the users_nets:Block in the network: users_nets:Block has changed"
    ]
    sys.modules.pop("users_nets")
    (tmp_path / "users_nets.py").unlink()
    with pytest.raises(ComponentError, match=r"no module 'users_nets'.*trust_code=True"):
        run.load_model()


def test_another_class_is_told_on_resuming_and_reproducing(tmp_path, module):
    module(NET)
    with pytest.raises(Killed):
        trainer(tmp_path, PATH, callbacks=[Killer(2)]).fit()
    module(OTHER)
    trainer(tmp_path, PATH).fit(resume=0)
    run = load_run(tmp_path / "w", 0)
    (segment,) = [one for one in run.segments if one.get("from_step")]
    assert segment["fidelity"]["inexact"] == {
        "source of the network": f"{PATH} has changed",
    }
    changed = next(one for one in segment["changed"] if "users_nets" in one)
    assert changed.startswith("text of the module users_nets: ")
    assert "self.factor = 1" in run.paths.model_source.read_text()  # it was begun with
    (forked := trainer(tmp_path, PATH)).fork(0, "last", ["training_config.max_steps=4"])
    assert f"source of the network {PATH} has changed" in forked.run.paths.log(0).read_text()
    record = trainer(tmp_path, PATH).reproduce(0)
    assert any(one.startswith(f"source of the network, {PATH}: ") for one in record.causes)
    assert "text of the module users_nets" in json.dumps(record.to_json())


def test_an_argument_that_is_an_object_is_made_again(tmp_path, module):
    module(NET)
    made = trainer(tmp_path, PATH)
    made.fit({"model_kwargs.opt.width": 7})
    assert load_run(tmp_path / "w", 0).model.first.out_features == 7
    assert torch.equal(
        load_run(tmp_path / "w", 0).model.last.weight, made.model.network.last.weight
    )
