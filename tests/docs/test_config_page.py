"""docs/config.md: the lists are up to date, and what it says of overrides is so."""

import json
import re
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from stride import Trainer
from stride.config.names.fields import dotted_keys
from stride.config.schema import Config
from stride.metrics.classification import METRICS as METRICS_OF_CLASSES
from stride.metrics.regression import METRICS as NUMBERS
from tests.warm import Warm

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "config.md").read_text()


def table(header: str) -> list[list[str]]:
    """Return the cells of the table under a header line, code marks removed."""
    lines = PAGE[PAGE.index(header) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_the_lists_are_up_to_date(warm: Warm) -> None:
    done = warm.python(str(ROOT / "docs" / "generate.py"), "--check", folder=ROOT)
    assert done.returncode == 0, done.stderr


def test_every_key_is_listed_once_under_its_section() -> None:
    section, listed = "", []
    for line in PAGE[PAGE.index("### Top level") :].splitlines():
        if heading := re.fullmatch(r"### `(\w+)`", line):
            section = f"{heading[1]}."
        elif line.startswith("**"):
            section = "built-in "
        elif key := re.match(r"\| `(\w+)` \|", line):
            listed.append(f"{section}{key[1]}")
    own = [key for key in listed if not key.startswith("built-in ")]
    assert sorted(own) == sorted(dotted_keys(Config))
    assert "built-in kernel_size" in listed


@pytest.mark.parametrize(("typed", "value"), table("| Typed | Value |"))
def test_the_override_means_what_the_page_says(typed: str, value: str, tmp_path: Path) -> None:
    given = [typed, "model_kwargs.model_name=MLP", "logging_config.terminal_display=off"]
    trainer = Trainer(tmp_path / "w", overrides=given)
    trainer.comprehend_config()
    wanted = json.loads(value)
    key = typed.partition("=")[0]
    found: Any = reduce(lambda table, name: table[name], key.split("."), trainer.config.to_json())
    if isinstance(wanted, dict):
        found = {name: found[name] for name in wanted}
    assert found == wanted and type(found) is type(wanted)
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(("short", "long"), table("| Input | Stands for |"))
def test_the_short_forms_are_accepted(short: str, long: str) -> None:
    key, equals, value = short.partition("=")
    given = f"{key}={value if equals else 'cpu'}"
    place = [] if "work_dir" in long else ["work_dir=w"]
    config = Trainer(overrides=[*place, given]).config.to_json()
    seen = {
        "training_config.device": config["device"] == "cpu",
        "training_config.results_dir": config["work_dir"] == "cpu/default",
        "training_config.use_milestones": config["checkpoint_config"]["keep_every"] == 10,
        "training_config.save_best": config["checkpoint_config"]["keep_best"] == 0,
    }
    assert seen[key]


@pytest.mark.parametrize(("task", "own"), [("classes", METRICS_OF_CLASSES), ("numbers", NUMBERS)])
def test_the_page_names_every_metric(task: str, own: dict[str, Any]) -> None:
    (line,) = (line for line in PAGE.splitlines() if line.startswith(f"| {task} | `"))
    assert set(re.findall(r"`(\w+)`", line)) == set(own)
