"""Runs brought back: anywhere, strictly, and without running code that lies in them."""

import json
import os
import shutil
import subprocess
import sys
import textwrap

import pytest
import torch

from stride.errors import ComponentError, ConfigError, DataError, RunError
from stride.runs.files.atomic import atomic_json, read_record
from stride.runs.provenance.config_digest import config_digest
from stride.trainer.starts.loaded import load_run


@pytest.fixture
def run(make):
    trainer = make(dataset_kwargs={"normalize": "standard"})
    trainer.fit()
    return load_run(trainer.run.paths.path), trainer


def test_a_run_is_found_by_number_name_path_and_selector(run, tmp_path):
    loaded, _ = run
    for found in (
        load_run(tmp_path / "w", 0),
        load_run(str(tmp_path / "w"), "0"),
        load_run(tmp_path / "w", "latest"),
        load_run(tmp_path / "w" / "best"),
    ):
        assert found.path.resolve() == loaded.path.resolve()
    with pytest.raises(RunError, match="7"):
        load_run(tmp_path / "w", 7)


def test_a_moved_folder_loads_with_its_own_statistics(run, tmp_path):
    # Law 1.
    _, trainer = run
    expected = trainer.evaluate("test")
    shutil.move(tmp_path / "w", tmp_path / "elsewhere")
    moved = load_run(tmp_path / "elsewhere", 0)
    assert moved.evaluate("test") == expected
    assert torch.equal(
        next(iter(moved.model.parameters())), next(iter(trainer.model.network.parameters()))
    )


def test_other_data_is_read_by_the_codes_of_the_run(make, tmp_path):
    path = tmp_path / "pets.csv"
    rows = [f"{'red' if i % 3 else 'blue'},{i % 5},{'cat' if i % 2 else 'ant'}" for i in range(60)]
    path.write_text("\n".join(["colour,age,kind", *rows]))
    section = {"dataset_name": "table", "path": str(path), "target": "kind"}
    trainer = make(dataset_kwargs={**section, "text_features": "one_hot"})
    trainer.fit()
    run = load_run(trainer.run.paths.path)
    codes = {"colour": ["blue", "red"], "kind": ["ant", "cat"]}
    assert run.config.to_json()["dataset_kwargs"]["categories"] == codes
    path.write_text("\n".join(["colour,age,kind", *(row for row in rows if "cat" in row)]))
    _, assembly = run.assemble()
    assert all((targets == 1).all() for _, targets in assembly.loader("test"))
    path.write_text("\n".join(["colour,age,kind", *rows, "pink,3,cat"]))
    with pytest.raises(DataError, match=r"'pink' is not among .*line 62, column 'colour'"):
        run.evaluate("test")


def test_metrics_of_ones_choice_are_evaluated(run):
    loaded, _ = run
    values = loaded.evaluate("validation", ["f1", "accuracy"])
    assert set(values) == {"validation/epoch_loss", "validation/f1", "validation/epoch_accuracy"}


def outdate(run, section, **values):
    """Give a run's config keys as another version may have had them."""
    config = read_record(run.paths.config)
    held = config.get(section, {})
    changed = {**config, section: {**held, **values}}
    atomic_json(run.paths.config, changed)
    begun = read_record(run.paths.segment(0)) | {"config_sha256": config_digest(changed)}
    atomic_json(run.paths.segment(0), begun)
    return load_run(run.path)


OUTDATED = [
    ("training_config", {"swa_start": 3}, "unknown key training_config.swa_start"),
    ("training_config", {"precision": "fp8"}, "training_config.precision must be 'fp32', 'bf16'"),
    ("training_config", {"callbacks": ["a:b", 1]}, "training_config.callbacks.1 must be text"),
    ("checkpoint_config", {"keep_last": 0}, "checkpoint_config.keep_last must be"),
    ("logging_config", {"colour": "red"}, "unknown key logging_config.colour"),
    ("distributed_config", {"strategy": "horovod"}, "distributed_config.strategy must be"),
    ("active_config", {"rounds": 3}, "unknown key active_config.rounds"),
    ("pruning_config", {"every": 3}, "unknown key pruning_config"),
]


@pytest.mark.parametrize(("section", "values", "words"), OUTDATED)
def test_a_run_of_another_version_loads_and_evaluates_and_trains_no_more(
    run, caplog, section, values, words
):
    # Law 8, and law 7: it would train otherwise.
    loaded, trainer = run
    expected = trainer.evaluate("test")
    old = outdate(loaded, section, **values)
    assert old.evaluate("test") == expected
    assert torch.equal(next(iter(old.model.parameters())), next(iter(loaded.model.parameters())))
    (said,) = {record.getMessage() for record in caplog.records if "skipped" in record.getMessage()}
    assert said.startswith(f"{old.paths.config}: {words}") and said.endswith(": skipped")
    for go_on in (lambda: trainer.fit(resume=0), lambda: trainer.reproduce(0)):
        with pytest.raises(RunError, match="this version trains without it") as refused:
            go_on()
        assert refused.value.what.startswith(words)
        assert refused.value.where == str(old.paths.config)
        assert "install STRIDE " in refused.value.hint
    trainer.fork(0, "last", {"training_config.max_epochs": 3})


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("dataset_kwargs", {"normalize": "robust"}),
        ("model_kwargs", {"model_seed": "x"}),
        ("load_data_kwargs", {"batch_size": 0}),
    ],
)
def test_what_is_built_by_keys_that_are_gone_is_not_built_otherwise(run, section, values):
    with pytest.raises(ConfigError, match=rf"{section}\..*config\.json"):
        outdate(run[0], section, **values).evaluate("test")


def test_an_optimiser_that_is_gone_is_not_needed_to_evaluate(run):
    loaded, trainer = run
    expected = trainer.evaluate("test")
    outdate(loaded, "scheduler_kwargs", scheduler_name="my_gone_package:Schedule")
    old = outdate(loaded, "optimizer_kwargs", optimizer_name="my_gone_package:Optimiser")
    assert old.evaluate("test", trust_code=True) == expected
    with pytest.raises(ComponentError, match="my_gone_package"):
        trainer.fit(resume=0, max_epochs=3)


def evaluated(folder, split):
    loaded = load_run(folder)
    return loaded.evaluate(split, ["accuracy", "f1"]), next(iter(loaded.model.parameters())).sum()


@pytest.mark.ddp
def test_several_processes_evaluate_a_run_together(run, ranks):
    loaded, _ = run
    (alone, weights), folder = evaluated(loaded.path, "validation"), str(loaded.path)
    (first, one), (second, other) = ranks(2, evaluated, folder, "validation", group=False)
    assert first == second and first == pytest.approx(alone)
    assert weights == one == other
    errors = ranks(2, evaluated, folder, "valdation", group=False, fails=True)
    assert all("no split" in error or "valdation" in error for error in errors)


def test_loading_loads_no_torch_until_the_model_is_asked_for(run):
    loaded, _ = run
    code = f"""
        import sys
        from stride import load_run
        run = load_run({str(loaded.path)!r})
        run.config, run.metrics(), run.results, run.status, repr(run)
        assert "torch" not in sys.modules and "numpy" not in sys.modules
        print(type(run.model).__name__)
    """
    done = python(code)
    assert done.stdout.strip() == "MLP", done.stderr


def test_weights_that_do_not_fit_name_the_class_and_the_keys(run):
    loaded, _ = run
    with pytest.raises(RunError, match="do not fit Linear, which has changed since"):
        loaded.load_model(model=torch.nn.Linear(3, 3))


NOTEBOOK = """
    import sys
    from torch import nn
    from stride import Trainer

    class Net(nn.Module):
        def __init__(self, width: int = 7):
            super().__init__()
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.Linear(width, 10))

        def forward(self, x):
            return self.layers(x)

    trainer = Trainer(
        "w",
        model_kwargs={"model_name": Net, "width": 5},
        dataset_kwargs={"subsample_rate": 0.2},
        logging_config={"terminal_display": "off"},
    )
    trainer.fit(max_steps=2)
    assert trainer.load_run(0).model.layers[1].out_features == 5
"""


def python(code, cwd=None, stdin=False):
    text = textwrap.dedent(code)
    command = [sys.executable, *(["-"] if stdin else ["-c", text])]
    return subprocess.run(
        command, input=text if stdin else None, cwd=cwd, capture_output=True, text=True, timeout=120
    )


def test_a_class_of_a_script_is_recorded_and_run_only_when_trusted(tmp_path):
    script = tmp_path / "notebook.py"
    script.write_text(textwrap.dedent(NOTEBOOK))
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    run = load_run(tmp_path / "w", 0)
    assert "class Net" in run.paths.model_source.read_text()
    with pytest.raises(ComponentError, match="trust_code=True"):
        _ = run.model
    with pytest.raises(ComponentError, match="trust_code=True"):
        run.evaluate()
    assert run.load_model(trust_code=True).layers[1].out_features == 5


def test_a_class_that_has_gone_is_told_by_name(tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n\n"
        "def net():\n    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))\n"
    )
    command = [sys.executable, "-m", "stride"]
    for override in (
        "work_dir=w",
        "model_kwargs.model_name=nets:net",
        "training_config.max_steps=1",
    ):
        command += ["--config", override]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    os.remove(tmp_path / "nets.py")
    with pytest.raises(ComponentError, match="nets"):
        _ = load_run(tmp_path / "w", 0).model


def test_recorded_source_that_needs_more_says_what_to_do(run, tmp_path):
    loaded, _ = run
    values = loaded.raw_config | {"model_kwargs": {"model_name": "__main__:Gone"}}
    loaded.paths.config.write_text(json.dumps(values))
    loaded.paths.model_source.write_text("class Gone(missing.Base):\n    pass\n")
    with pytest.raises(ComponentError, match=r"does not run by itself: name 'missing'.*model="):
        load_run(loaded.path).load_model(trust_code=True)


def test_reading_a_run_runs_nothing_that_lies_in_it(make, tmp_path):
    # Law 6.
    trainer = make(logging_config={"loggers": ["csv", "tensorboard"]})
    trainer.fit()
    paths, marker = trainer.run.paths, tmp_path / "executed"
    trap = f"open({str(marker)!r}, 'w').close()\n"
    for name in ("model_source.py", "conftest.py", "__init__.py", "sitecustomize.py"):
        (paths.path / name).write_text(trap)
    code = f"""
        from stride import load_run
        from stride.runs.listing.query import list_runs
        run = load_run({str(paths.path)!r})
        list_runs({str(paths.path.parent)!r}), run.config, run.metrics(), run._repr_html_()
        print(type(run.model).__name__)
    """
    done = python(code, cwd=tmp_path)
    assert done.stdout.strip() == "MLP", done.stderr
    assert not marker.exists()


def test_no_file_of_a_run_is_a_pickle(make):
    # Law 6: pickles of protocol 2 and above begin with 0x80, torch.save writes a zip.
    trainer = make(logging_config={"loggers": ["csv", "tensorboard"]}, callbacks=[])
    trainer.fit()
    files = [path for path in trainer.run.paths.path.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert not path.read_bytes().startswith((b"\x80", b"PK\x03\x04")), path


KINDS = """
from stride import Trainer
from stride.trainer.fit.kind import Supervised

class Silent(Supervised):
    def evaluate(self, assembly, split, metrics=None):
        return {f"{split}/loss": 7.0}

class Own(Trainer):
    kind = Silent
"""


def test_a_trainer_whose_module_fails_is_not_taken_for_one_that_has_gone(
    make, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "kinds_that_fail.py"
    module.write_text(KINDS)
    own = make(trainer="kinds_that_fail:Own", training_config={"max_epochs": 1})
    own.fit()
    run = load_run(own.run.paths.path)
    assert run.evaluate("test", trust_code=True) == {"test/loss": 7.0}
    for text, what in (
        ("1 / 0", "division by zero"),
        ("import not_here", "which is not installed"),
    ):
        sys.modules.pop("kinds_that_fail", None)
        module.write_text(f"{text}  # {KINDS!r}\n")
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        with pytest.raises(ComponentError, match=what):
            run.evaluate("test", trust_code=True)
    module.unlink()
    assert run.evaluate("test", trust_code=True)["test/loss"] != 7.0  # as a supervised one
