import importlib.util
import sys
from pathlib import Path

import pytest

from stride.errors import ConfigError, MissingExtra
from stride.loggers.wandb import WandbLogger, _default_mode
from stride.runs.layout import RunPaths

needs_wandb = pytest.mark.skipif(
    importlib.util.find_spec("wandb") is None, reason="wandb is not installed"
)


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


@needs_wandb
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_an_offline_run_lies_in_the_folder(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "work" / "3")
    paths.path.mkdir(parents=True)
    logger = WandbLogger({"tags": ["a"]})
    logger.open(paths, {"seed": 1})
    logger.write({"step": 3, "epoch": 1, "time": 1.0, "loss": 0.5, "lr": "NaN"})
    run = logger._run
    assert (run.project, run.name, run.config["seed"], run.offline) == ("work", "3", 1, True)
    logger.close()
    assert list(paths.wandb.glob("offline-run-*/run-*.wandb"))


@needs_wandb
def test_a_wrong_key_is_refused_before_a_run() -> None:
    with pytest.raises(ConfigError, match=r"wandb_kwargs\.projet; did you mean 'project'"):
        WandbLogger({"projet": "x"})
    with pytest.raises(ConfigError, match="given by STRIDE"):
        WandbLogger({"dir": "x"})


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    with pytest.raises(MissingExtra, match=r"pip install wandb"):
        WandbLogger()
