"""Starting runs from the command line, for real and small."""

import json
from pathlib import Path

import numpy as np
import pytest

SMALL = ["--config", "work_dir=W", "--config", "training_config.max_steps=3"]

NETS = """
from torch import nn


class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)
        self.calls = 0

    def forward(self, inputs):
        self.calls += 1
        if self.training and self.calls > 2:
            raise ValueError("the user's mistake")
        return self.layer(inputs.flatten(1))
"""


def test_the_last_line_on_stdout_is_the_path_of_the_run(stride, tmp_path: Path) -> None:
    code, out, _ = stride(*SMALL)
    assert (code, out) == (0, f"{tmp_path}/W/0\n")
    assert stride("ls", "W", "--json").code == 0
    assert json.loads((tmp_path / "W/0/status.json").read_text())["state"] == "done"


def test_a_dry_run_prints_the_config_and_creates_nothing(stride, tmp_path: Path) -> None:
    code, out, _ = stride(*SMALL, "--config", "optimizer_kwargs.lr=1e-2", "--dry-run")
    assert code == 0
    config = json.loads(out)
    assert config["optimizer_kwargs"]["lr"] == 0.01
    assert not (tmp_path / "W").exists()


def test_what_a_dry_run_printed_starts_the_same_run(stride, tmp_path: Path) -> None:
    out = stride(*SMALL, "--config", "seed=3", "--dry-run").out
    (tmp_path / "exp.json").write_text(out)
    assert stride("--config-file", "exp.json").code == 0
    stored = json.loads((tmp_path / "W/0/config.json").read_text())
    assert stored == {"format_version": 3, **json.loads(out)}


def test_the_config_of_a_run_starts_the_same_run(stride, tmp_path: Path) -> None:
    stride(*SMALL, "--config", "seed=3")
    first = tmp_path / "W/0/config.json"
    assert stride("--config-file", str(first)).code == 0
    (tmp_path / "V").mkdir()
    (tmp_path / "V/config.json").write_text(first.read_text())
    assert stride("--config", "work_dir=V").code == 0
    values = [json.loads((tmp_path / p / "config.json").read_text()) for p in ("W/0", "W/1", "V/0")]
    assert values[0] == values[1] == values[2] | {"work_dir": values[0]["work_dir"]}


def test_an_existing_run_is_replaced_by_force_only(stride, tmp_path: Path) -> None:
    named = [*SMALL, "--config", "run=big"]
    assert stride(*named).out == f"{tmp_path}/W/big\n"
    before = json.loads((tmp_path / "W/big/status.json").read_text())["uuid"]
    code, out, err = stride(*named)
    assert (code, out) == (2, "")
    assert err.startswith("stride: error: run 'big' exists already (W); type: --force")
    assert stride(*named, "--config", "sed=1", "--force").code == 2
    assert json.loads((tmp_path / "W/big/status.json").read_text())["uuid"] == before
    assert stride(*named, "--force").code == 0
    assert json.loads((tmp_path / "W/big/status.json").read_text())["uuid"] != before


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("sed=1", "unknown key sed (override 2); did you mean 'seed'?"),
        ("seed", "'seed' is not an override; type key=value"),
        ("run=latest", "latest"),
        ("run=../x", "../x"),
        ("device=cuda:99", "cuda"),
        ("model_kwargs.model_name=RsNet", "did you mean 'ResNet'?"),
        ("optimizer_kwargs.lrr=1", "did you mean 'lr'?"),
        ("dataset_kwargs.dataset_name=digit", "did you mean 'digits'?"),
        ('training_config.metrics=["acuracy"]', "did you mean 'accuracy'?"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_folder(
    stride, tmp_path: Path, word: str, sentence: str
) -> None:
    code, out, err = stride("--config", "work_dir=W", "--config", word)
    assert (code, out) == (2, "")
    assert err.startswith("stride: error: ") and err.count("\n") == 1
    assert sentence in err
    assert not (tmp_path / "W").exists()


def test_a_failed_run_shows_the_users_frames_and_its_folder(stride, tmp_path: Path) -> None:
    (tmp_path / "broken_nets.py").write_text(NETS)
    code, out, err = stride(*SMALL, "--config", "model_kwargs.model_name=broken_nets:Broken")
    assert (code, out) == (1, f"{tmp_path}/W/0\n")
    assert err.splitlines()[-1] == "stride: error: ValueError: the user's mistake"
    traceback = err[err.index("Traceback in your code") :]
    assert traceback.count("  File ") == 1
    assert f'File "{tmp_path}/broken_nets.py", line ' in traceback


def test_evaluate_and_check(stride, tmp_path: Path) -> None:
    assert stride(*SMALL).code == 0
    found = json.loads(stride("evaluate", "W/0", "--metrics", "accuracy", "--json").out)
    assert set(found) == {"test/loss", "test/accuracy"}
    assert stride("evaluate", "W/0", "--split", "tst").code == 2
    written = stride("predict", "W/0", "--out", "W/test.npz", "--json")
    with np.load(tmp_path / "W" / "test.npz") as arrays:
        told = json.loads(written.out)["arrays"]
        assert {name: one.shape for name, one in arrays.items()} == {
            name: tuple(one["shape"]) for name, one in told.items()
        }
        assert set(told) == {"sample", "outputs", "targets"}
        accuracy = (arrays["outputs"].argmax(1) == arrays["targets"]).mean()
    assert accuracy == pytest.approx(found["test/accuracy"])
    again = stride("predict", "W/0", "--out", "W/test.npz")
    assert (again.code, again.out) == (2, "") and "--force" in again.err
    done = stride("predict", "W/0", "--split", "val", "-o", "W/test.npz", "--force")
    assert (done.code, done.err) == (0, "written to W/test.npz\n")
    assert "outputs  " in done.out
    found = json.loads(stride("check", *SMALL, "--json").out)
    assert found["parameters"] > 0
    assert len(list((tmp_path / "W").glob("[0-9]*"))) == 1


def test_the_version(stride) -> None:
    from stride import __version__

    assert stride("--version") == (0, f"stride {__version__}\n", "")


def test_no_words_print_help(stride) -> None:
    code, out, _ = stride()
    assert code == 0
    assert out.startswith("Usage: stride [OPTIONS] COMMAND [ARGS]...")


def csv_of(header: str, cells: list[str]) -> str:
    rows = (f"{row},{cell}\n".replace(",", header[1], 1) for row, cell in enumerate(cells))
    return f"{header}\n" + "".join(rows)


@pytest.mark.parametrize(
    ("text", "keys", "odd", "typed"),
    [
        (
            csv_of("h;temperature", [f"2{i % 7},{i:02}" for i in range(50)]),
            ["delimiter=;", "target=temperature"],
            "'20,00' is not a number (t.csv, line 2, column 'temperature')",
            "decimal=,",
        ),
        (
            csv_of("a,price", [*(f"{i}.5" for i in range(40)), "NA", "7.5"]),
            ["target=price"],
            "'NA' is not a number like the others (t.csv, line 42, column 'price')",
            "missing=NA",
        ),
        (
            csv_of("a,price", ["?", *(f"{i}.5" for i in range(40))]),
            ["target=price"],
            "'?' is not a number like the others (t.csv, line 2, column 'price')",
            "missing=?",
        ),
    ],
)
def test_a_target_that_is_not_clearly_numbers_trains_by_the_key_that_is_named(
    stride, tmp_path: Path, text: str, keys: list[str], odd: str, typed: str
) -> None:
    (tmp_path / "t.csv").write_text(text)
    keys = ["dataset_name=table", "path=t.csv", *keys]
    words = [part for key in keys for part in ("--config", f"dataset_kwargs.{key}")]
    code, _, err = stride(*SMALL, *words)
    assert code == 2 and not (tmp_path / "W").exists()
    assert odd in err and f"type dataset_kwargs.{typed} " in err
    assert stride(*SMALL, *words, "--config", f"dataset_kwargs.{typed}").code == 0
    config = json.loads((tmp_path / "W/0/config.json").read_text())
    assert config["model_kwargs"]["output_shape"] == []
    assert config["criterion_kwargs"]["criterion_name"] == "MSELoss"
