from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stride.runs.layout import (
    CheckpointPaths,
    OverviewPaths,
    RunPaths,
    WorkDirPaths,
    checkpoint_name,
    checkpoint_order,
    checkpoint_position,
    is_number,
    is_of_part,
    rank_of_rows,
    replaced_name,
    segment_number,
)


def _path(place: Path | CheckpointPaths | OverviewPaths) -> Path:
    if isinstance(place, OverviewPaths):
        return place.folder
    return place.path if isinstance(place, CheckpointPaths) else place


def test_a_run_has_the_files_of_the_design() -> None:
    run = RunPaths(Path("w/3"))
    files = {
        name: str(_path(getattr(run, name)).relative_to(run.path))
        for name, value in vars(RunPaths).items()
        if isinstance(value, property) and name != "name"
    }
    assert files == {
        "config": "config.json",
        "status": "status.json",
        "progress": "progress.json",
        "segments": "segments",
        "provenance": "provenance.json",
        "code_patch": "code.patch",
        "model_source": "model_source.py",
        "signature": "signature.json",
        "metrics": "metrics.jsonl",
        "fingerprints": "fingerprints.jsonl",
        "rounds": "rounds.jsonl",
        "artifact_rows": "artifacts.jsonl",
        "artifacts": "artifacts",
        "evaluations": "evaluations.jsonl",
        "evaluations_lock": ".evaluations.jsonl.lock",
        "best_evaluated": "evaluations/best.safetensors",
        "next_evaluated": "evaluations/next.safetensors",
        "evaluator_log": "logs/evaluator.log",
        "files": "files",
        "curve": "curve.json",
        "curve_plot": "curve.png",
        "metrics_csv": "metrics.csv",
        "errors_csv": "errors.csv",
        "reconstruction": "reconstruction.json",
        "examples": "examples.safetensors",
        "milestones": "milestones",
        "final_errors": "milestones/final_errors.safetensors",
        "overview": "overview",
        "queries": "queries.csv",
        "labels": "labels.jsonl",
        "labels_lock": ".labels.jsonl.lock",
        "tags": "tags.json",
        "tags_lock": ".tags.json.lock",
        "results": "results.json",
        "weights": "weights.safetensors",
        "initial_weights": "initial_weights.safetensors",
        "normalization": "normalization.json",
        "logs": "logs",
        "job_script": "job.sbatch",
        "array_script": "array.sbatch",
        "job": "job.json",
        "job_output": "logs/slurm-%j.out",
        "code": "code",
        "reproduction": "reproduction.json",
        "origin": "origin",
        "checkpoints": "checkpoints",
        "checkpoint_index": "checkpoints/index.json",
        "videos": "videos",
        "replay": "replay",
        "tensorboard": "tensorboard",
        "wandb": "wandb",
    }
    assert run.name == "3"
    assert run.segment(0) == Path("w/3/segments/0.json")
    assert run.heartbeat(0) == Path("w/3/segments/0.heartbeat")
    assert run.cut(2, run.metrics) == Path("w/3/segments/2.cut-metrics.jsonl")
    assert run.milestone(20) == Path("w/3/milestones/epoch_20.safetensors")
    assert run.milestone_errors(0) == Path("w/3/milestones/epoch_0_errors.safetensors")
    assert run.log(2) == Path("w/3/logs/rank2.log")
    assert run.checkpoint("x").record == Path("w/3/checkpoints/x/checkpoint.json")


def test_a_checkpoint_has_its_files_under_any_name() -> None:
    paths = CheckpointPaths(Path("w/3/checkpoints/.tmp-1"))
    assert paths.state == paths.path / "state.json"
    assert paths.part("model") == paths.path / "model.safetensors"
    assert paths.part("model", 2, rank=1) == paths.path / "model.rank1-2.safetensors"
    names = [paths.part("model", shard, rank).name for shard in (0, 3) for rank in (None, 0, 12)]
    assert [rank_of_rows(name) for name in names] == [None, 0, 12] * 2
    assert all(is_of_part(name, "model") for name in names)
    others = ["modules.safetensors", "model-a.safetensors", "my-model.safetensors", "state.json"]
    assert not any(is_of_part(name, "model") for name in others)


def test_a_work_dir_keeps_its_own_files_hidden() -> None:
    paths = WorkDirPaths(Path("w"))
    assert paths.config == Path("w/config.json")
    assert paths.lock == Path("w/.stride/lock")
    assert paths.high_water.parent == paths.setups.parent == paths.private
    assert paths.run("big-lr").path == Path("w/big-lr")


def test_a_replaced_run_is_known_again_by_its_file_name() -> None:
    path = WorkDirPaths(Path("w")).replaced("big-lr", "0af3")
    assert replaced_name(path.name) == "big-lr"
    assert replaced_name("lock") is None
    assert replaced_name("replaced-0af3-") is None


@pytest.mark.parametrize("name", ["0", "7", "10", "123456"])
def test_numbers(name: str) -> None:
    assert is_number(name)


@pytest.mark.parametrize("name", ["", "00", "07", "-1", "+1", "1.0", "1_0", "²", "٣", " 1", "1\n"])
def test_no_numbers(name: str) -> None:
    assert not is_number(name)


def test_segments_are_told_from_heartbeats_and_temporaries() -> None:
    names = ["0.json", "12.json", "0.heartbeat", ".tmp-ab-0.json", "01.json", "x.json"]
    assert [segment_number(name) for name in names] == [0, 12, None, None, None, None]


def test_checkpoint_names_as_in_the_design() -> None:
    assert checkpoint_name("ResNet", "digits", "default", 12) == "resnet_digits_default_epoch_12"
    inside = checkpoint_name("my_pkg.nets:UNet", "Ü/../x", "  ", 3, 450)
    assert inside == "unet_u-..-x_unnamed_epoch_3_step_450"


@given(st.text(), st.text(), st.text(), st.integers(0, 10**9), st.none() | st.integers(0, 10**12))
@example("a" * 300, "b" * 300, "c" * 300, 10**9, 10**12)
@example("", ".", "-", 0, 0)
@example("İ", "K", "ß", 1, None)  # in lower case they are longer, ASCII, or neither
@example("m", "d", "x_epoch_9_step_3", 1, 20)
@example("m:x", "a\nb", "x_epoch_9", 1, None)
def test_a_checkpoint_name_gives_its_position_back(
    architecture: str, dataset: str, experiment: str, epoch: int, step: int | None
) -> None:
    name = checkpoint_name(architecture, dataset, experiment, epoch, step)
    assert checkpoint_position(name) == (epoch, step)
    assert name == name.lower() and name.isascii() and len(name) < 255
    assert not set(name) & set("/\\: \n") and not name.startswith((".", "-"))


def test_an_experiment_may_be_called_like_a_position() -> None:
    name = checkpoint_name("mlp", "digits", "x_epoch_9_step_3", 1, 20)
    assert checkpoint_position(name) == (1, 20)


@pytest.mark.parametrize("name", ["index.json", ".tmp-1", "mlp_digits_x", "_epoch_1", ""])
def test_what_is_no_checkpoint_has_no_position(name: str) -> None:
    assert checkpoint_position(name) is None


def test_checkpoints_are_ordered_by_number_and_not_as_text() -> None:
    names = [checkpoint_name("a", "b", "c", epoch) for epoch in (149, 9, 109, 99, 89)]
    names += [checkpoint_name("a", "b", "c", 9, step) for step in (1000, 200)]
    ordered = sorted(names, key=checkpoint_order)
    positions = [checkpoint_position(name) for name in ordered]
    assert positions == [
        (9, None), (9, 200), (9, 1000), (89, None), (99, None), (109, None), (149, None)
    ]  # fmt: skip


def test_what_is_unfinished_or_no_folder_is_no_checkpoint(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    for name in (".tmp-0a-m_d_x_epoch_2", "m_d_x_epoch_1", "notes"):
        (paths.checkpoints / name).mkdir(parents=True)
    (paths.checkpoints / "m_d_x_epoch_3").touch()
    assert paths.checkpoint_names() == ["m_d_x_epoch_1"]


def test_files_of_a_replay_buffer_are_found_by_the_number_of_their_segment(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    assert paths.replay_segments() == []
    for name in ("10", "9", "07", "x", "-1"):
        (paths.replay / name).mkdir(parents=True)
    assert paths.replay_segments() == [9, 10]
    assert paths.replay_of(9) == tmp_path / "replay" / "9"
