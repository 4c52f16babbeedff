import json
import os
import socket
import subprocess
import sys

from stride.runs.provenance.collect import Surroundings, Survey, collect, environment


def test_provenance_holds_where_a_run_comes_from(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    record = collect(
        Survey(str(tmp_path)).result(),
        overrides=["optimizer_kwargs.lr=1e-3"],
        origins={"optimizer_kwargs.lr": "override 1"},
        seeds={"seed": 3},
        devices=["cpu"],
        threads={"intra_op": 2},
        data_fingerprint="sha256:1",
    )
    assert json.loads(json.dumps(record)) == record
    assert record["overrides"] == ["optimizer_kwargs.lr=1e-3"]
    assert record["origins"] == {"optimizer_kwargs.lr": "override 1"}
    assert (record["seeds"], record["threads"]) == ({"seed": 3}, {"intra_op": 2})
    assert record["environment"]["CUDA_VISIBLE_DEVICES"] == "1"
    assert record["command"] == sys.orig_argv
    assert (record["folder"], record["hostname"]) == (os.getcwd(), socket.gethostname())
    assert (record["python"], record["cpu_count"]) == (sys.version.split()[0], os.cpu_count())
    assert "torch" in record["versions"]
    assert "git" in record["git"]["reason"]


def test_secrets_are_left_out(monkeypatch):
    monkeypatch.setenv("NCCL_TOKEN", "hidden")
    record = collect(
        Surroundings({}, {}, b""),
        overrides=["dataset_kwargs.token=hidden"],
        origins={"dataset_kwargs.token": "override 1"},
        seeds={},
        devices=[],
        command=["stride", "--config", "dataset_kwargs.token=hidden", "--api-key", "hidden"],
    )
    assert "hidden" not in json.dumps(record)
    assert record["overrides"] == ["dataset_kwargs.token=***"]
    assert record["environment"]["NCCL_TOKEN"] == "***"


def test_the_command_is_the_one_that_was_typed(tmp_path):
    script = "import json, stride.runs.provenance.collect as p;"
    script += "print(json.dumps(p.collect(p.Surroundings({}, {}, b''),"
    script += "origins={}, seeds={}, devices=[])['command']))"
    command = [sys.executable, "-c", script, "--config", "a=b c"]
    assert json.loads(subprocess.check_output(command)) == command


def test_the_environment_holds_what_changes_results_and_no_secrets(monkeypatch):
    kept = {"OMP_NUM_THREADS": "2", "SLURM_JOB_ID": "7", "NCCL_DEBUG": "INFO", "RANK": "0"}
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    for name in ("WANDB_API_KEY", "SLURM_JWT", "MY_TOKEN", "RANKING"):
        monkeypatch.setenv(name, "secret")
    found = environment()
    assert kept.items() <= found.items()
    assert "secret" not in found.values()


def test_a_survey_that_fails_tells_its_reason_and_ends_no_training(monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise FileNotFoundError("gone meanwhile")

    monkeypatch.setattr("stride.runs.provenance.collect.git_state", broken)
    with Survey() as survey:
        found = survey.result()
    assert found.git == {"reason": "FileNotFoundError: gone meanwhile"}
    assert found.patch == b""
    assert found.versions
