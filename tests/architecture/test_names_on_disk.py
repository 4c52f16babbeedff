"""Names that stand in run folders are a promise to old runs: modules may move, these may not."""

import json
from pathlib import Path
from typing import Any

from stride import ActiveTrainer, Callback, LrFindTrainer, ReconstructionTrainer, Trainer
from stride.runs.json_schemas import SCHEMAS


class Counted(Callback):
    """A user's callback with a state."""

    def state_dict(self) -> dict[str, Any]:
        return {"count": 3}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        assert state == {"count": 3}


PARTS = {
    "callback-BestWeights",
    "callback-Checkpoints",
    "callback-Counted",
    "callback-EarlyStopping",
    "clock",
    "counters",
    "generators",
    "held",
    "latest",
    "metrics",
    "model",
    "modules",
    "noticed",
    "optimizer",
    "precision",
    "random",
    "schedule",
    "stop",
    "tally",
}
FILES = {
    "callback-BestWeights.safetensors",
    "model.safetensors",
    "optimizer.safetensors",
    "random.safetensors",
    "state.json",
}
FOLDER = {
    "checkpoints",
    "config.json",
    "fingerprints.jsonl",
    "logs",
    "metrics.csv",
    "metrics.jsonl",
    "provenance.json",
    "results.json",
    "segments",
    "signature.json",
    "status.json",
    "weights.safetensors",
}
SCHEMA_NAMES = {
    "artifact_row",
    "checkpoint",
    "checkpoint_index",
    "checkpoint_state",
    "config",
    "curve",
    "curves",
    "evaluation_row",
    "fingerprint_row",
    "imported_config",
    "job",
    "metrics_row",
    "normalization",
    "progress",
    "provenance",
    "reconstruction",
    "reproduction",
    "results",
    "round_row",
    "segment",
    "signature",
    "status",
    "sweep",
    "sweep_file",
    "tags",
}
QUIET = {"terminal_display": "off", "loggers": ["csv"]}


def parts(run: Path) -> set[str]:
    (newest,) = sorted(run.glob("checkpoints/*/state.json"))[-1:]
    return set(json.loads(newest.read_text())["parts"])


def test_the_parts_and_files_of_a_checkpoint(tmp_path: Path) -> None:
    training: Any = {
        "max_epochs": 9,
        "early_stopping": True,
        "patience": 1,
        "min_delta": 9.0,
    }
    trainer = Trainer(
        tmp_path / "W",
        training_config=training,
        model_kwargs={"model_name": "MLP"},
        scheduler_kwargs={"scheduler_name": "StepLR", "step_size": 1},
        logging_config=QUIET,
        callbacks=[Counted()],
    )
    trainer.fit()
    run = tmp_path / "W" / "0"
    assert parts(run) == PARTS
    (newest,) = sorted(run.glob("checkpoints/*/checkpoint.json"))[-1:]
    assert set(json.loads(newest.read_text())["files"]) == FILES
    status = json.loads((run / "status.json").read_text())
    reason = "early stopping: validation/epoch_loss has not improved for 1 evaluations"
    assert (status["state"], status["reason"]) == ("done", reason)
    assert {p.name for p in run.iterdir()} - {
        "code.patch"
    } == FOLDER  # there where code is uncommitted


def test_the_parts_of_rounds(tmp_path: Path) -> None:
    query = {"num_rounds": 1, "start_size": 20, "num_queries": 5}
    active: Any = {"strategy": "EntropySampling"} | query
    ActiveTrainer(
        tmp_path / "W",
        active_config=active,
        model_kwargs={"model_name": "MLP"},
        training_config={"max_epochs": 1},
        logging_config=QUIET,
    ).fit()
    config = json.loads((tmp_path / "W" / "0" / "config.json").read_text())
    assert (config["trainer"], config["active_config"]["strategy"]) == ("active", "EntropySampling")
    assert config["model_kwargs"]["model_name"] == "MLP"
    assert "rounds" in parts(tmp_path / "W" / "0")


def test_the_parts_of_a_range_test(tmp_path: Path) -> None:
    LrFindTrainer(
        tmp_path / "W",
        lr_find_config={"num_steps": 10},
        model_kwargs={"model_name": "MLP"},
        logging_config=QUIET,
    ).fit()
    config = json.loads((tmp_path / "W" / "0" / "config.json").read_text())
    assert (config["trainer"], config["lr_find_config"]["num_steps"]) == ("lr_find", 10)
    assert "lr_find" in parts(tmp_path / "W" / "0")


def test_the_parts_of_a_reconstruction(tmp_path: Path) -> None:
    ReconstructionTrainer(
        tmp_path / "W",
        reconstruction_config={"examples": 1},
        dataset_kwargs={"dataset_name": "sines", "num_train": 16, "anomaly_rate": 0.0},
        model_kwargs={"model_name": "FeedForwardAE"},
        training_config={"max_epochs": 1},
        logging_config=QUIET,
    ).fit()
    run = tmp_path / "W" / "0"
    config = json.loads((run / "config.json").read_text())
    assert (config["trainer"], config["reconstruction_config"]["examples"]) == ("reconstruction", 1)
    assert "reconstruction" in parts(run)
    own = {"errors.csv", "milestones", "reconstruction.json", "examples.safetensors"}
    assert {p.name for p in run.iterdir()} - {"code.patch"} == FOLDER | own


def test_the_schemas_lie_where_they_did() -> None:
    assert SCHEMAS.parts[-3:] == ("stride", "runs", "schemas")
    assert {path.name.split(".")[0] for path in SCHEMAS.iterdir()} == SCHEMA_NAMES
