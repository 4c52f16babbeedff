"""No command runs what a stranger's folder names: nothing is imported, and the exit code is 2."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stride import Trainer, load_run
from stride.errors import UserError
from stride.runs.labels.query_csv import query_text
from stride.runs.layout import RunPaths, WorkDirPaths
from stride.runs.provenance.config_digest import config_digest
from stride.runs.signing.signature import sign_work_dir, vouched_run, vouched_work_dir
from tests.stride_cli.conftest import Stride

SINKS: dict[str, dict[str, Any]] = {
    "trainer": {"trainer": "{}"},
    "dataset": {"dataset_kwargs": {"dataset_name": "{}"}},
    "transform": {"dataset_kwargs": {"transform": "{}"}},
    "sampler": {"load_data_kwargs": {"sampler": "{}"}},
    "collate_fn": {"load_data_kwargs": {"train_loader_kwargs": {"collate_fn": "{}"}}},
    "model": {"model_kwargs": {"model_name": "{}"}},
    "candidates": {"model_kwargs": {"candidates": [{"model_name": "{}"}]}},
    "criterion": {"criterion_kwargs": {"criterion_name": "{}"}},
    "optimizer": {"optimizer_kwargs": {"optimizer_name": "{}"}},
    "scheduler": {"scheduler_kwargs": {"scheduler_name": "{}"}},
    "metric": {"training_config": {"metrics": ["accuracy", "{}"]}},
    "callback": {"training_config": {"callbacks": ["{}"]}},
    "logger": {"logging_config": {"loggers": ["{}"]}},
    "strategy": {"active_config": {"strategy": "{}"}},
}
RUN_COMMANDS = {
    "evaluate": ("evaluate",),
    "predict": ("predict", "--out", "test.npz"),
    "resume": ("resume",),
    "reproduce": ("reproduce",),
    "fork": ("fork", "--at", "last"),
    "label": ("label",),
}
WORK_DIR_COMMANDS = {
    "start": (),
    "dry run": ("--dry-run",),
    "check": ("check",),
    "check of resuming": ("check", "--resume"),
    "launch": ("launch", "--dry-run"),
}
BASE = {
    "dataset_kwargs": {"subsample_rate": 0.05},
    "model_kwargs": {"model_name": "MLP", "hidden": [4]},
    "training_config": {"max_epochs": 1},
    "logging_config": {"terminal_display": "off"},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a run of built-in parts alone."""
    trainer = Trainer(tmp_path_factory.mktemp("trained") / "w", **BASE)
    trainer.fit()
    return trainer.run.paths.path


class Stranger:
    """A module that leaves a mark when it is imported, and folders that name it."""

    def __init__(self, place: Path, trained: Path) -> None:
        self.mark, self._place, self._trained = place / "mark", place, trained
        (place / "hostile.py").write_text(
            f"from pathlib import Path\nPath({str(self.mark)!r}).touch()\n"
            "from torch import nn\nclass It(nn.Linear):\n"
            "    def __init__(self, input_shape=(), num_outputs=10):\n"
            "        super().__init__(64, 10)\n"
            "    def forward(self, x):\n        return super().forward(x.flatten(1))\n"
        )

    def run(self, sink: str, work_dir: str = "w") -> RunPaths:
        """Return a copy of the run whose config names the module, with no trace of the change."""
        folder = self._place / work_dir / "0"
        shutil.rmtree(folder.parent, ignore_errors=True)
        paths = RunPaths(shutil.copytree(self._trained, folder))
        values = _with(json.loads(paths.config.read_text()), SINKS[sink])
        paths.config.write_text(json.dumps(values))
        segment = json.loads(paths.segment(0).read_text())
        segment["config_sha256"] = config_digest(values)
        paths.segment(0).write_text(json.dumps(segment))
        status = json.loads(paths.status.read_text()) | {"state": "waiting"}
        paths.status.write_text(json.dumps(status))
        paths.queries.write_text(query_text(0, [1, 2], [0.5, 0.25]))
        return paths

    def work_dir(self, sink: str) -> Path:
        """Return a work_dir whose config names the module."""
        folder = self._place / "theirs"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        WorkDirPaths(folder).config.write_text(json.dumps(_with(BASE, SINKS[sink])))
        return folder

    def has_run(self) -> bool:
        """Tell whether the module was imported."""
        return self.mark.exists() or "hostile" in sys.modules


@pytest.fixture
def stranger(tmp_path: Path, trained: Path, stride: Stride) -> Any:
    """Give a stranger, whose module lies where the commands are typed."""
    yield Stranger(tmp_path, trained)
    sys.modules.pop("hostile", None)
    sys.path[:] = [one for one in sys.path if one != str(tmp_path)]


def _with(values: Any, change: Any) -> Any:
    if isinstance(change, dict):
        own = dict(values or {})
        return own | {key: _with(own.get(key), part) for key, part in change.items()}
    if isinstance(change, list):
        return [_with(None, part) for part in change]
    return change.format("hostile:It")


@pytest.mark.parametrize("command", RUN_COMMANDS)
def test_a_run_that_is_not_mine_runs_nothing(
    stride: Stride, stranger: Stranger, command: str
) -> None:
    word, *options = RUN_COMMANDS[command]
    for sink in SINKS:
        for is_signed in (False, True):  # by me, before it was changed
            paths = stranger.run(sink)
            if not is_signed:
                paths.signature.unlink()
            done = stride(word, str(paths.path), *options)
            assert done.code == 2, (sink, done)
            assert "hostile:It" in done.err and "--trust" in done.err, (sink, done)
            assert str(stranger.mark.parent / "hostile.py") in done.err
            assert ("changed since" if is_signed else "not signed") in done.err
            assert not stranger.has_run(), sink


def test_nor_do_the_same_from_python(stranger: Stranger) -> None:
    for sink in SINKS:
        paths = stranger.run(sink)
        for act in (
            lambda run: run.model,
            lambda run: run.load_model(device="cpu"),
            lambda run: run.assemble(),
            lambda run: run.evaluate(),
            lambda run: Trainer(run.path.parent).load_run(0),
            lambda run: Trainer(run.path.parent).fit(resume=0),
            lambda run: Trainer(run.path.parent).fork(0),
            lambda run: Trainer(run.path.parent).reproduce(0),
        ):
            with pytest.raises(UserError, match=r"hostile:It.*trust_code=True"):
                act(load_run(paths.path))
        assert not stranger.has_run(), sink


@pytest.mark.parametrize("command", WORK_DIR_COMMANDS)
def test_a_work_dir_of_somebody_else_runs_nothing(
    stride: Stride, stranger: Stranger, command: str
) -> None:
    for sink in SINKS:
        place = stranger.work_dir(sink)
        done = stride(*WORK_DIR_COMMANDS[command], "--config", f"work_dir={place}")
        assert done.code == 2 and "hostile:It" in done.err and "--trust" in done.err, (sink, done)
        assert not stranger.has_run(), sink
        assert [file.name for file in place.iterdir()] == ["config.json"]


def test_nor_does_a_comparison_in_it(stride: Stride, stranger: Stranger) -> None:
    for sink in ("dataset", "model", "metric"):
        place = stranger.work_dir(sink)
        words = ("active", str(place), "--compare", "EntropySampling")
        done = stride(*words)
        assert done.code == 2 and "hostile:It" in done.err and "--trust" in done.err, (sink, done)
        assert not stranger.has_run(), sink
    alone = stride("active", str(place), "--trust")  # reads, and imports nothing
    assert alone.code == 2 and "--trust is for runs that are trained" in alone.err
    assert "--trust" not in stride(*words, "--trust").err and stranger.has_run()
    assert vouched_work_dir(place).paths == {"hostile:It"}


def test_nor_does_a_trainer_of_it(stranger: Stranger) -> None:
    for sink in SINKS:
        place = stranger.work_dir(sink)
        for act in (
            lambda trainer: trainer.model,
            lambda trainer: trainer.data,
            lambda trainer: trainer.load_data({"batch_size": 3}),
            lambda trainer: trainer.evaluate(),
            lambda trainer: trainer.check(),
            lambda trainer: trainer.fit(),
            lambda trainer: trainer.fit(run="x", force=True),
        ):
            with pytest.raises(UserError, match="hostile:It"):
                act(Trainer(place))
        assert not stranger.has_run(), sink


def test_my_word_signs_a_run(stride: Stride, stranger: Stranger, tmp_path: Path) -> None:
    paths = stranger.run("metric")
    paths.signature.unlink()
    code = "class It:\n    update = reset = lambda *_: None\n    compute = lambda _: 7.0\n"
    (tmp_path / "hostile.py").write_text(code)
    done = stride("evaluate", str(paths.path), "--trust", "--json")
    assert done.code == 0 and json.loads(done.out)["test/It"] == 7
    again = stride("evaluate", str(paths.path), "--json")
    assert (again.code, again.out) == (0, done.out)


def test_my_word_signs_a_base_config(stride: Stride, stranger: Stranger) -> None:
    place = stranger.work_dir("criterion")
    (place.parent / "hostile.py").write_text("from torch.nn import CrossEntropyLoss as It\n")
    for words in (("--trust",), ()):
        done = stride("--dry-run", "--config", f"work_dir={place}", *words)
        assert done.code == 0, done
    config = WorkDirPaths(place).config
    config.write_text(config.read_text().replace("hidden", "hidden"))
    values = json.loads(config.read_text())
    config.write_text(json.dumps(values | {"seed": 5}))  # what names nothing may be edited
    assert stride("--dry-run", "--config", f"work_dir={place}").code == 0
    config.write_text(json.dumps(_with(values, {"trainer": "hostile:Other"})))
    assert stride("--dry-run", "--config", f"work_dir={place}").code == 2


def test_what_this_process_is_given_needs_no_word(stride: Stride, stranger: Stranger) -> None:
    paths, key = stranger.run("model"), "model_kwargs.model_name"
    trainer = Trainer(paths.path.parent, model_kwargs={"model_name": "hostile:It"})
    with pytest.raises(UserError) as refused:
        trainer.load_run(0)
    assert "trust" not in str(refused.value) and stranger.has_run()
    typed = f"{key}=hostile:It"
    done = stride("--dry-run", "--config", f"work_dir={paths.path.parent}", "--config", typed)
    assert "--trust" not in done.err
    assert stride("config", str(stranger.work_dir("model")), "--set", typed).code == 0
    assert vouched_work_dir(stranger.mark.parent / "theirs").paths == {"hostile:It"}


def test_a_given_network_stands_for_the_one_that_is_named(stranger: Stranger) -> None:
    run = load_run(stranger.run("model").path)
    network = Trainer(run.path.parent, **BASE).model.network
    assert run.load_model(model=network) is network
    assert "test/loss" in run.evaluate(model=network)
    assert not stranger.has_run()


def test_recorded_code_is_run_under_my_signature_alone(stride: Stride, stranger: Stranger) -> None:
    paths = stranger.run("model")
    paths.config.write_text(Path(stranger._trained, "config.json").read_text())
    paths.code_patch.write_text("theirs")
    values = json.loads(paths.provenance.read_text())
    values["git"] |= {"patch_sha256": hashlib.sha256(b"theirs").hexdigest()}
    paths.provenance.write_text(json.dumps(values))
    done = stride("reproduce", str(paths.path), "--code")
    assert done.code == 2 and "recorded code" in done.err and "--trust" in done.err


def test_recorded_code_is_from_where_i_signed(stride: Stride, stranger: Stranger) -> None:
    """Provenance names the repository and the commit: those of a stranger would be run."""
    folder = stranger.mark.parent / "w" / "0"
    paths = RunPaths(shutil.copytree(stranger._trained, folder))
    assert vouched_run(paths.path).fault == ""
    values = json.loads(paths.provenance.read_text())
    theirs = {"root": str(stranger.mark.parent), "commit": "1" * 40, "patch_sha256": None}
    paths.provenance.write_text(json.dumps(values | {"git": values["git"] | theirs}))
    done = stride("reproduce", str(paths.path), "--code")
    assert done.code == 2 and "changed since you signed it" in done.err, done
    assert "1" * 40 not in done.err  # nothing was asked of that repository


def test_a_work_dirs_signature_opens_no_run(stride: Stride, stranger: Stranger) -> None:
    sign_work_dir(stranger.mark.parent, {"model_kwargs.model_name": "hostile:It"})
    paths = stranger.run("model")
    shutil.copy(stranger.mark.parent / paths.signature.name, paths.signature)
    for file in (None, paths.status, paths.provenance):
        if file is not None:
            file.unlink()
        done = stride("evaluate", str(paths.path))
        assert done.code == 2 and not stranger.has_run(), (file, done)


def test_what_lies_in_the_current_folder_comes_in_no_built_in_names_place(
    stride: Stride, stranger: Stranger, tmp_path: Path
) -> None:
    (tmp_path / "torchmetrics.py").write_text((tmp_path / "hostile.py").read_text())
    sign_work_dir(tmp_path, {})
    assert stride("--dry-run", "--config", "work_dir=w", "--config", "logging_config.loggers=[csv]")
    assert str(tmp_path) not in sys.path


def test_a_process_in_a_strangers_folder_runs_nothing_of_it(stranger: Stranger) -> None:
    paths = stranger.run("metric")
    for name in ("torch", "numpy", "typer", "pydantic", "wandb"):
        shutil.copy(stranger.mark.parent / "hostile.py", paths.path.parent / f"{name}.py")
    done = subprocess.run(
        [sys.executable, "-m", "stride", "evaluate", "0"],
        cwd=paths.path.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "hostile:It" in done.stderr, done
    assert not stranger.mark.exists()


def test_a_class_of_another_role_is_not_called(
    stride: Stride, stranger: Stranger, tmp_path: Path
) -> None:
    (tmp_path / "hostile.py").write_text(
        f"from pathlib import Path\nclass It:\n    def __init__(self, *_, **__):\n"
        f"        Path({str(stranger.mark)!r}).touch()\n"
    )
    for sink in ("dataset", "model", "criterion", "optimizer", "scheduler", "metric", "callback"):
        done = stride("check", "--config", f"work_dir={stranger.work_dir(sink)}", "--trust")
        assert done.code == 2 and "It" in done.err, (sink, done)
        assert not stranger.mark.exists(), sink
