import importlib.util
import math
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import torch

from stride.errors import MissingExtra
from stride.loggers.artifact_values import Histogram, Image
from stride.loggers.tensorboard import TensorBoardLogger
from stride.runs.layout import RunPaths
from tests.loggers.event_file import events

ROW = {"step": 3, "epoch": 1, "time": 1763690000.5, "train/epoch_loss": 0.5, "lr": "NaN"}


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    found = defaultdict(list)
    for event in events(folder):
        for value in event.summary.value:
            found[value.tag].append((event.step, value.simple_value))
    return found


def test_each_number_is_a_scalar_at_its_step_and_time(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    logger = TensorBoardLogger()
    logger.open(paths, {})
    logger.write(ROW)
    found = scalars(paths.tensorboard)  # before closing: a killed run keeps its rows
    logger.close()
    assert set(found) == {"epoch", "train/epoch_loss", "lr"}
    assert found["train/epoch_loss"] == [(3, 0.5)]
    assert math.isnan(found["lr"][0][1])
    assert events(paths.tensorboard)[-1].wall_time == ROW["time"]


def test_a_resumed_run_replaces_the_steps_it_repeats(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    paths = RunPaths(tmp_path)
    for steps in ((1, 2, 3, 4), (3, 4, 5)):
        logger = TensorBoardLogger()
        logger.open(paths, {})
        for step in steps:
            logger.write({"step": step, "time": 1.0, "loss": float(len(steps))})
        logger.close()
    accumulator = EventAccumulator(str(paths.tensorboard))
    accumulator.Reload()
    found = [(s.step, s.value) for s in accumulator.Scalars("loss")]
    assert found == [(1, 4.0), (2, 4.0), (3, 3.0), (4, 3.0), (5, 3.0)]


def test_tensorboard_and_torch_are_not_imported_for_the_class() -> None:
    code = (
        "import sys, stride.loggers.tensorboard, stride.loggers.csv, stride.loggers.wandb\n"
        "import stride.loggers.display.open, stride.loggers.base\n"
        "print(sorted({'torch', 'numpy', 'tensorboard', 'wandb', 'rich'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.delitem(sys.modules, "tensorboard")
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    assert importlib.util.find_spec("tensorboard") is None
    with pytest.raises(MissingExtra, match=r"pip install tensorboard"):
        TensorBoardLogger()


def test_artifacts_are_what_tensorboard_shows(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    paths = RunPaths(tmp_path)
    picture = Image.of(torch.zeros(2, 3)).encoded()
    histogram = Histogram.of(torch.tensor([0.0, 1.0, 1.0]), 2).encoded()
    logger = TensorBoardLogger()
    logger.open(paths, {})
    for kind, content in {"image": picture, "text": b"# x", "histogram": histogram}.items():
        (tmp_path / kind).write_bytes(content)
        row = {"step": 4, "epoch": 1, "time": 7.0, "name": f"a/{kind}", "kind": kind}
        logger.write_artifact(row, tmp_path / kind)
    logger.close()
    found = EventAccumulator(str(paths.tensorboard))
    found.Reload()
    (image,), (shown,) = found.Images("a/image"), found.Tensors("a/text")
    assert (image.step, image.wall_time, image.width, image.height) == (4, 7.0, 3, 2)
    assert image.encoded_image_string == picture
    assert shown.tensor_proto.string_val == [b"# x"]
    assert found.SummaryMetadata("a/text").plugin_data.plugin_name == "text"
    (counted,) = found.Histograms("a/histogram")
    assert counted.histogram_value.bucket == [1.0, 2.0]
    assert counted.histogram_value.bucket_limit == [0.5, 1.0]
