import sys
from pathlib import Path

import pytest

from stride.errors import ConfigError, MissingExtra
from stride.loggers.wandb import WandbLogger, _default_mode
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from stride.trainer.trainer import Trainer
from tests.loggers.wandb_file import records, rows


@pytest.fixture(autouse=True)
def no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the person's own account, settings and caches out of the tests."""
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))


def test_the_mode_is_online_only_where_there_is_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _default_mode() == "offline"
    (tmp_path / "netrc").write_text("machine elsewhere.org login user password x\n")
    assert _default_mode() == "offline"
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password x\n")
    assert _default_mode() == "online"
    (tmp_path / "netrc").write_text("what is this")
    assert _default_mode() == "offline"
    monkeypatch.setenv("WANDB_API_KEY", "x")
    assert _default_mode() == "online"


@pytest.mark.ecosystem("wandb")
def test_an_offline_run_lies_in_the_folder_and_is_one_run_when_resumed(tmp_path: Path) -> None:
    words = {
        "device": "cpu",
        "dataset_kwargs.subsample_rate": 0.05,
        "model_kwargs": {"model_name": "MLP", "hidden": [4]},
        "training_config.max_epochs": 2,
        "logging_config.loggers": ["wandb"],
        "logging_config.wandb_kwargs": {"tags": ["a"]},
        "logging_config.terminal_display": "off",
    }
    trainer = Trainer(tmp_path / "work")
    trainer.fit(words)
    trainer.fit({"training_config.max_epochs": 3}, resume=0)
    run = Run(tmp_path / "work" / "0")
    begun = [record.run for record in records(run.paths.wandb) if record.HasField("run")]
    assert {(one.run_id, one.project, one.display_name, *one.tags) for one in begun} == {
        (run.status["uuid"], "work", "0", "a")
    }
    recorded = {(row["step"], name): row[name] for row in run.metrics() for name in row}
    logged = {(s, name): v for s, row in rows(run.paths.wandb) for name, v in row.items()}
    assert {key: v for key, v in logged.items() if key[1][0] != "_"} == {
        key: v for key, v in recorded.items() if key[1] not in ("step", "time")
    }
    assert verify_run(run.path).problems == []


@pytest.mark.ecosystem("wandb")
def test_a_wrong_key_is_refused_before_a_run() -> None:
    with pytest.raises(ConfigError, match=r"wandb_kwargs\.projet; did you mean 'project'"):
        WandbLogger({"projet": "x"})


def test_no_config_names_the_server_that_gets_the_key() -> None:
    with pytest.raises(ConfigError, match=r"dir is given by STRIDE.*leave it out"):
        WandbLogger({"dir": "x"})
    with pytest.raises(ConfigError, match=r"settings is given by STRIDE.*WANDB_BASE_URL"):
        WandbLogger({"settings": {"base_url": "http://elsewhere"}})


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    with pytest.raises(MissingExtra, match=r"pip install wandb"):
        WandbLogger()
