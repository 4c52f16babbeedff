import json
from pathlib import Path

import pytest


def listing(text: str) -> dict[str, tuple[str, str]]:
    """Return key -> (value, origin) of a listing without spaces in its values."""
    lines = [line.split(None, 2) for line in text.splitlines()[1:]]
    return {key: (value, origin) for key, value, origin in lines}


def test_what_a_start_would_use_and_where_from(stride, tmp_path: Path) -> None:
    (tmp_path / "exp.toml").write_text("[optimizer_kwargs]\nlr = 0.5\n")
    words = ["--config", "work_dir=W", "--config", "seed=3", "--config-file", "exp.toml"]
    found = listing(stride("config", *words).out)
    assert found["work_dir"] == ("W", "override 1")
    assert found["seed"] == ("3", "override 2")
    assert found["optimizer_kwargs.lr"] == ("0.5", "file exp.toml:2")
    assert found["device"] == ("auto", "default")
    assert not (tmp_path / "W").exists()


def test_a_runs_config_with_its_recorded_origins(stride, make_run) -> None:
    make_run("seed=3")
    found = listing(stride("config", "W/latest").out)
    assert found["seed"] == ("3", "override 1")
    assert found["trainer"] == ("supervised", "default")


def test_set_writes_the_base_config(stride, tmp_path: Path) -> None:
    words = ["--set", "seed=3", "--set", "optimizer_kwargs.lr=1e-2", "--set", "device=cpu"]
    code, out, err = stride("config", "new/W", *words)
    assert (code, out, err) == (0, "", "wrote new/W/config.json\n")
    stored = json.loads((tmp_path / "new/W/config.json").read_text())
    assert stored == {"seed": 3, "optimizer_kwargs": {"lr": 0.01}, "device": "cpu"}
    assert listing(stride("config", "new/W").out)["seed"] == ("3", "work_dir")


def test_set_keeps_what_is_there(stride, tmp_path: Path) -> None:
    stride("config", "W", "--set", "seed=3", "--set", "optimizer_kwargs.lr=1e-2")
    stride("config", "W", "--set", "optimizer_kwargs.optimizer_name=SGD")
    stored = json.loads((tmp_path / "W/config.json").read_text())
    assert stored == {"seed": 3, "optimizer_kwargs": {"optimizer_name": "SGD"}}


def test_set_refuses_a_wrong_key_and_writes_nothing(stride, tmp_path: Path) -> None:
    code, _, err = stride("config", "W", "--set", "sed=3")
    assert code == 2
    assert err.startswith("stride: error: unknown key sed")
    assert "did you mean 'seed'?" in err
    assert not (tmp_path / "W").exists()


def test_json_loads_back(stride, tmp_path: Path) -> None:
    out = stride("config", "W", "--config", "optimizer_kwargs.lr=1e-2", "--json").out
    (tmp_path / "exp.json").write_text(out)
    found = listing(stride("config", "--config-file", "exp.json").out)
    assert found["optimizer_kwargs.lr"][0] == "0.01"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["W/0", "--set", "seed=1"], "W/0 is a run, whose config is fixed; name its work_dir"),
        (["W/0", "--config", "seed=1"], "W/0 is a run, whose config is fixed; name its work_dir"),
        (["--set", "seed=1"], "--set writes the base config of one work_dir; type: W --set k=v"),
        (
            ["W", "--set", "run=x"],
            "'run=x' says where a run is, and does not belong in a base config",
        ),
        ([], "work_dir is missing; type: work_dir=..."),
    ],
)
def test_mixtures_are_refused(stride, make_run, words: list[str], sentence: str) -> None:
    make_run()
    assert stride("config", *words) == (2, "", f"stride: error: {sentence}\n")
