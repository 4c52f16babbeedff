"""What commands print with --json fits the shipped schemas, which are those of the models."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator

from stride_cli.app import app
from stride_cli.programs.answer_schemas import SCHEMAS, answer_schemas, write_answer_schemas
from tests.exchange.imports.sources import RECORDED
from tests.stride_cli.conftest import MakeRun, Stride

MADE = answer_schemas()
COMMANDS = getattr(typer.main.get_command(app), "commands", {})

ANSWERS = [
    "ls W",
    "ls W --columns seed,validation/epoch_loss",
    "ls nothing",
    "show W/0",
    "show W/0 --records",
    "show W/interrupted",
    "diff W/0 W/1",
    "compare W",
    "compare W/broken W/0",
    "metrics W/0",
    "stats W --over seed",
    "stats W --scaling",
    "stats W --tasks batch_size",
    "better W seed==0 seed==1",
    "config W/0",
    "config W",
    "config W/1 --changed",
    "verify W --all",
    "tag W/0 +paper",
    "rm W/0 --dry-run",
    "rm W/0",
    "restore W",
    "restore W/0",
    "prune W/0 W/1 --dry-run",
    "active W",
    "export W --to csv",
    "plot W -m lr --by seed",
    "plot W/0 W/1 -m lr -o lr.svg",
    f"import {RECORDED}/lightning -w W",
]


def check(command: str, text: str) -> Any:
    """Return what was printed, once it is one value of the command's schema."""
    schema = json.loads((SCHEMAS / f"{command}.schema.json").read_text())
    value = json.loads(text)
    faults = list(Draft202012Validator(schema).iter_errors(value))
    assert faults == [], f"{command}: {faults[:2]}"
    return value


def test_the_shipped_schemas_are_those_of_the_models(tmp_path: Path) -> None:
    write_answer_schemas(tmp_path)
    made = {path.name: json.loads(path.read_text()) for path in tmp_path.iterdir()}
    kept = {path.name: json.loads(path.read_text()) for path in SCHEMAS.iterdir()}
    assert made == kept == MADE, "run stride_cli.programs.answer_schemas.write_answer_schemas()"
    for schema in MADE.values():
        Draft202012Validator.check_schema(schema)


def test_every_command_that_prints_json_has_a_schema() -> None:
    printing = {
        name
        for name, command in COMMANDS.items()
        if any("--json" in getattr(one, "opts", []) for one in command.params)
    }
    assert {name.removesuffix(".schema.json") for name in MADE} == printing | {"error"}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_answers_fit_their_schemas(
    stride: Stride, make_run: MakeRun, make_active: Any, tmp_path: Path
) -> None:
    make_run("seed=0")
    make_run("seed=1", "optimizer_kwargs.lr=0.2", loss=float("nan"))
    make_run("seed=2", name="failed", loss=None, state="failed")
    make_run("seed=3", name="interrupted", state="interrupted")
    make_active(4, "EntropySampling", 0.5, 0.75)
    make_run(name="broken").status.write_text("{")
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "config.json").write_text("{}")
    for line in ANSWERS:
        done = stride(*line.split(), "--json")
        assert done.code in (0, 1) and done.out, f"{line}: {done.err}"
        check(line.split()[0], done.out)
    assert check("ls", stride("ls", "W", "--json").out)[0]["status"]
    check("error", stride("show", "W/9", "--json").err)


def test_a_key_that_the_models_do_not_name_is_seen() -> None:
    row = {"run": "0", "path": "W/0", "status": "done", "columns": {}}
    check("ls", json.dumps([row]))
    for wrong in (row | {"state": "done"}, row | {"status": "over"}, {"run": "0"}):
        with pytest.raises(AssertionError, match="ls: "):
            check("ls", json.dumps([wrong]))
