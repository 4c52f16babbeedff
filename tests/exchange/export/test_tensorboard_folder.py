import json
import struct
from collections import defaultdict
from pathlib import Path
from typing import Any

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.util.tensor_util import make_ndarray

from stride.config.nonfinite import decode_number
from stride.exchange.export.export import export_runs
from stride.runs.collection.run_list import open_runs
from stride.runs.layout import RunPaths
from tests.exchange.export.runs import artifact, bits, content, make, rows
from tests.loggers.event_file import events

EVERYTHING = dict.fromkeys(("tensors", "images", "histograms", "scalars"), 0)


def exported(tmp_path: Path) -> Path:
    export_runs(open_runs(tmp_path / "W").rows, "tensorboard", tmp_path / "out")
    return tmp_path / "out"


def read(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder), size_guidance=EVERYTHING)
    found.Reload()
    return found


def expected() -> dict[str, list[tuple[int, float, bytes]]]:
    found = defaultdict(list)
    for row in rows():
        for name in row.keys() - {"step", "time"}:
            found[name].append((row["step"], row["time"], bits(row[name])))
    return found


def test_every_number_is_read_back_with_its_bits(tmp_path: Path) -> None:
    make(tmp_path / "W")
    found = read(exported(tmp_path) / "0")
    for name, points in expected().items():
        drawn, exact = found.Scalars(name), found.Tensors(f"float64/{name}")
        read_back = [bits(make_ndarray(one.tensor_proto).item()) for one in exact]
        assert [(one.step, one.wall_time) for one in exact] == [point[:2] for point in points]
        assert read_back == [point[2] for point in points]
        assert [(one.step, one.wall_time) for one in drawn] == [point[:2] for point in points]
    assert {*found.Tags()["scalars"]} == {*expected(), "test/loss"}


def test_what_is_drawn_has_the_32_bits_that_are_nearest(tmp_path: Path) -> None:
    make(tmp_path / "W", lines=[{"step": 1, "epoch": 0, "time": 1.0, "x": 1 / 3}])
    (point,) = read(exported(tmp_path) / "0").Scalars("x")
    assert point.value == struct.unpack("<f", struct.pack("<f", 1 / 3))[0]


def session(found: EventAccumulator, tag: str) -> Any:
    data = HParamsPluginData()
    data.ParseFromString(found.SummaryMetadata(f"_hparams_/{tag}").plugin_data.content)
    return getattr(data, tag)


def test_hyperparameters_are_those_that_differ_or_were_typed(tmp_path: Path) -> None:
    one = {"optimizer_kwargs.lr": 0.1, "training_config.experiment": "x"}
    make(tmp_path / "W", **one, **{"logging_config.terminal_display": "off"})
    make(tmp_path / "W", **one, seed=3, state="failed")
    folder = exported(tmp_path)
    started = [session(read(folder / run), "session_start_info").hparams for run in ("0", "1")]
    assert {"optimizer_kwargs.lr", "training_config.experiment", "seed"} <= {*started[0]}
    assert started[0]["optimizer_kwargs.lr"].number_value == 0.1
    assert started[0]["training_config.experiment"].string_value == "x"
    assert [one["seed"].number_value for one in started] == [0, 3]
    assert not [key for key in started[0] if key.startswith(("logging_config", "checkpoint"))]
    ended = [session(read(folder / run), "session_end_info").status for run in ("0", "1")]
    assert ended == [1, 2]  # success and failure


def test_the_config_is_a_text_without_secrets(tmp_path: Path) -> None:
    run = make(tmp_path / "W")
    config = json.loads(run.config.read_bytes())
    config["dataset_kwargs"] = {"api_key": "hidden", "path": "a\udcff"}
    run.config.write_text(json.dumps(config))
    found = read(exported(tmp_path) / "0")
    (text,) = found.Tensors("config")[0].tensor_proto.string_val
    assert all(line.startswith(b"    ") for line in text.splitlines())
    assert json.loads(text)["dataset_kwargs"] == {"api_key": "***", "path": "a\udcff"}
    assert b"hidden" not in b"".join(content(tmp_path / "out").values())


def test_artifacts_are_what_the_logger_would_have_written(tmp_path: Path) -> None:
    run = make(tmp_path / "W")
    artifact(run, "notes/first", "text", b"# x", ".txt")
    counted = {"counts": [1, 2], "edges": [0.0, 0.5, 1.0], "nonfinite": 0}
    artifact(run, "weights", "histogram", json.dumps(counted).encode(), ".json")
    gone = artifact(run, "old", "text", b"gone", ".txt")
    gone.unlink()  # as logging_config.keep_artifacts does
    found = read(exported(tmp_path) / "0")
    (text,) = found.Tensors("notes/first")
    assert (text.step, text.wall_time, text.tensor_proto.string_val) == (4, 7.5, [b"# x"])
    assert found.Histograms("weights")[0].histogram_value.bucket == [1.0, 2.0]
    assert "old" not in found.Tags()["tensors"]


def test_the_names_and_values_are_those_of_the_logger(tmp_path: Path) -> None:
    from stride.loggers.tensorboard import TensorBoardLogger

    make(tmp_path / "W")
    logger = TensorBoardLogger()
    logger.open(RunPaths(tmp_path), {})
    for row in rows():
        logger.write(row)
    logger.close()
    written = [simple(event) for event in events(tmp_path / "tensorboard")]
    found = [simple(event) for event in events(exported(tmp_path) / "0")]
    assert [one for one in found if one[1]][:-1] == [one for one in written if one[1]]


def simple(event: Any) -> tuple[int, list[tuple[str, bytes]]]:
    values = [one for one in event.summary.value if one.HasField("simple_value")]
    return event.step, [(one.tag, bits(decode_number(one.simple_value))) for one in values]
