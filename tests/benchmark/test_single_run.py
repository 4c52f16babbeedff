"""`run_benchmark` makes an ordinary run: resumed, moved, loaded, reproduced as any other."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from stride import BatchedTrainer, DataBlock, Trainer, run_benchmark
from stride.errors import DataError, RunError
from stride.trainer.commands import reproduce, resume
from tests.benchmark.small import MODEL, QUIET, equal, given, named, network, weights


def made() -> BatchedTrainer:
    return BatchedTrainer(MODEL, device="cpu", overrides=QUIET)


def test_a_benchmark_of_a_set_is_a_run_whose_config_names_it(tmp_path: Path) -> None:
    folder = run_benchmark(*named(), MODEL, made(), n_epochs=2, path=tmp_path, examples=1)
    assert folder == tmp_path / "0" and not (tmp_path / "data").exists()
    config = json.loads((folder / "config.json").read_text())
    assert config["trainer"] == "reconstruction" and config["device"] == "cpu"
    assert config["model_kwargs"]["hidden"] == [6, 2]
    assert config["dataset_kwargs"]["dataset_name"] == "sines"
    assert config["reconstruction_config"]["examples"] == 1
    assert len((folder / "errors.csv").read_text().splitlines()) == 4
    again = run_benchmark(*named(), MODEL, made(), n_epochs=1, path=tmp_path)
    assert again == tmp_path / "1" and (folder / "weights.safetensors").exists()


def test_a_moved_work_dir_is_loaded_resumed_and_reproduced(tmp_path: Path) -> None:
    first = run_benchmark(*given(), MODEL, made(), n_epochs=2, path=tmp_path / "W")
    longer = run_benchmark(*given(), MODEL, made(), n_epochs=3, path=tmp_path / "W")
    shutil.move(tmp_path / "W", tmp_path / "elsewhere")
    folder = tmp_path / "elsewhere" / first.name
    verdict = reproduce(folder, None, None, left=str)
    assert verdict.record.identical
    resume(folder, ["training_config.max_epochs=3"], None, ended=str)
    assert equal(weights(folder), weights(tmp_path / "elsewhere" / longer.name))


def test_a_run_moved_alone_finds_its_data_by_a_root(tmp_path: Path) -> None:
    folder = run_benchmark(*given(), MODEL, made(), n_epochs=1, path=tmp_path / "W")
    (tmp_path / "V").mkdir()
    moved = Path(shutil.move(folder, tmp_path / "V"))
    with pytest.raises(DataError, match="no file"):
        resume(moved, ["training_config.max_epochs=2"], None, ended=str)
    resume(moved, ["training_config.max_epochs=2"], str(tmp_path / "W"), ended=str)


def test_a_run_is_gone_on_with_by_the_same_call(tmp_path: Path) -> None:
    model, twin = network(), network()
    quiet = BatchedTrainer(twin, overrides=QUIET)
    whole = run_benchmark(*given(), twin, quiet, n_epochs=3, path=tmp_path)
    trainer = BatchedTrainer(model, overrides=QUIET)
    folder = run_benchmark(*given(), model, trainer, n_epochs=1, path=tmp_path)
    fresh = network()
    trainer = BatchedTrainer(fresh, overrides=QUIET)
    again = run_benchmark(*given(), fresh, trainer, n_epochs=3, path=tmp_path, resume=folder.name)
    assert again == folder and equal(weights(folder), weights(whole))
    other = DataBlock(given()[0].inputs + 1), *given()[1:]
    trainer = BatchedTrainer(fresh, overrides=QUIET)
    with pytest.raises(RunError, match="the data has changed"):
        run_benchmark(*other, fresh, trainer, n_epochs=4, path=tmp_path, resume=folder.name)
    trainer = BatchedTrainer(fresh, batch_size=4, overrides=QUIET)
    with pytest.raises(RunError, match=r"load_data_kwargs\.batch_size"):
        run_benchmark(*given(), fresh, trainer, n_epochs=4, path=tmp_path, resume=folder.name)


def test_classes_of_series_become_points_to_detect(tmp_path: Path) -> None:
    beats = torch.sin(torch.arange(16) / 2.5).repeat(24, 1, 1) + torch.randn(24, 1, 16) / 50
    classes = ["N"] * 16 + ["V"] * 4 + ["N"] * 4
    beats[16:20] = -beats[16:20]
    normal = DataBlock.from_classes(beats[:16], classes[:16], normal="N").normal()
    test = DataBlock.from_classes(beats[8:], classes[8:], normal="N")
    trainer = BatchedTrainer(MODEL, lr=0.01, overrides=QUIET)
    folder = run_benchmark(normal, normal, test, MODEL, trainer, n_epochs=15, path=tmp_path)
    results = json.loads((folder / "results.json").read_text())
    assert results["test"]["test/snippet_roc_auc"] == 1.0
    assert Trainer(tmp_path).load_run(folder.name).model is not None


def test_the_earlier_name_is_the_same_call() -> None:
    from stride.benchmark import benchmark

    assert benchmark is run_benchmark
