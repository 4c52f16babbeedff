"""docs/run-folder.md: every field of the schemas is described, and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from stride import Trainer
from stride.runs.json_schemas import SCHEMAS
from stride.runs.layout import RunPaths
from stride.runs.status import STATES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "run-folder.md").read_text()

PARTS = {
    "Measured": "measurement",
    "Monitored": "monitor",
    "Summary": "summary",
    "Timings": "timings",
    "CheckpointEntry": "entry",
    "FileDigest": "digest",
    "Fidelity": "fidelity",
    "Pack": "pack",
    "Parent": "parent",
    "StartWeightsRecord": "start weights",
    "TrialRecord": "trial",
    "ImportedRecord": "import",
    "TargetStatistics": "statistics",
    "Difference": "difference",
    "CurveGroup": "group",
    "SplitReconstruction": "split",
    "ErrorSummary": "summary of an error",
    "DetectionRecord": "detection",
    "Example": "example",
    "LeakChecks": "checks",
}
WORDS = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "object": "table",
    "boolean": "true, false",
}
SECTIONS = json.loads((SCHEMAS / "config.schema.json").read_text())["$defs"]
"""Of the config; docs/config.md describes them."""
SCHEMA_NAMES = sorted(
    {path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.json")} - {"sweep_file"}
)
"""A sweep file is written by people."""


def schema(name: str) -> dict[str, Any]:
    """Return a schema of the package, or with `name#Part` one of its parts."""
    name, _, part = name.partition("#")
    whole: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    return whole["$defs"][part] if part else whole


def table(mark: str) -> list[list[str]]:
    """Return the cells of the table below a mark."""
    _, _, rest = PAGE.partition(f"<!-- {mark} -->\n\n")
    lines = rest.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def words(field: dict[str, Any]) -> str:
    """Return a field's type in the words of the page."""
    options = [one for one in field.get("anyOf", ()) if one.get("type") != "null"]
    if {"enum": ["NaN", "Infinity", "-Infinity"]} in options:
        return "number*"
    if options:
        return words(options[0])
    if "$ref" in field:
        part = field["$ref"].rpartition("/")[2]
        return "section" if part in SECTIONS else PARTS[part]
    if "const" in field:
        return str(field["const"])
    if "enum" in field:
        texts = ", ".join(f"`{value}`" for value in field["enum"])
        return "one of the states" if field["enum"] == list(STATES) else texts
    if "prefixItems" in field:
        return f"pair of {words(field['prefixItems'][0])}"
    if field.get("type") == "array":
        return f"list of {words(field['items'])}"
    if isinstance(field.get("additionalProperties"), dict):
        return f"table of {words(field['additionalProperties'])}"
    return WORDS[field["type"]]


def test_every_schema_is_described() -> None:
    marks = re.findall(r"<!-- schema: (\S+) -->", PAGE)
    parts = {part for name in SCHEMA_NAMES for part in schema(name).get("$defs", ())}
    assert sorted(mark for mark in marks if "#" not in mark) == SCHEMA_NAMES
    assert {mark.partition("#")[2] for mark in marks if "#" in mark} == parts - SECTIONS.keys()
    assert len(marks) == len(set(marks))


@pytest.mark.parametrize("name", re.findall(r"<!-- schema: (\S+) -->", PAGE))
def test_every_field_is_described(name: str) -> None:
    described = schema(name)
    required = described.get("required", ())
    wanted = [
        [f"`{field}`", words(one), "yes" if field in required else "no"]
        for field, one in described["properties"].items()
    ]
    rows = table(f"schema: {name}")
    assert [row[:3] for row in rows] == wanted
    assert all(len(row) == 4 and row[3] for row in rows)


def test_every_state_is_described() -> None:
    _, _, rest = PAGE.partition("| State | Meaning |")
    assert re.findall(r"^\| `(\w+)` \|", rest.split("\n\n")[0], re.MULTILINE) == list(STATES)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunPaths:
    """Train a run that has every file it can have without optional packages."""
    from torch import nn

    trainer = Trainer(
        tmp_path_factory.mktemp("docs") / "w",
        dataset_kwargs={"normalize": "standard"},
        training_config={"max_epochs": 2},
        checkpoint_config={"every_epochs": 1},
        logging_config={"loggers": ["csv"], "terminal_display": "off"},
    )
    trainer.set_model(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    trainer.fit()
    return RunPaths(trainer.run.paths.path)


def cell_names(line: str) -> list[str]:
    """Return what stands in code marks in the first cell of a table's line."""
    return re.findall(r"`([^`]+)`", line.split("|")[1]) if line.startswith("| `") else []


def test_a_run_holds_no_file_that_is_not_described(run: RunPaths) -> None:
    paths = [p.relative_to(run.path) for p in run.path.rglob("*") if p.is_file()]
    names = {re.sub(r"^(segments/)\d+", r"\1<n>", path.as_posix()) for path in paths}
    inside = {n for n in names if n.startswith("checkpoints/") and not n.endswith("index.json")}
    files = PAGE[: PAGE.index("## Guarantees")]
    described = {name for line in files.splitlines() for name in cell_names(line)}
    assert names - inside - described == set()
    tensors = {name.rpartition("/")[2] for name in inside} - {"checkpoint.json", "state.json"}
    assert {"model.safetensors", "optimizer.safetensors", "random.safetensors"} <= tensors
    assert all(name.endswith(".safetensors") for name in tensors)


def test_the_page_names_every_file_of_the_layout(run: RunPaths) -> None:
    own = [name for name, one in vars(RunPaths).items() if isinstance(one, property)]
    paths = [getattr(RunPaths(Path("run")), name) for name in own if name not in ("path", "name")]
    missing = [p.name for p in paths if isinstance(p, Path) and p.name not in PAGE]
    assert missing == []


def test_the_provenance_holds_no_fact_that_is_not_described(run: RunPaths) -> None:
    known = {name for row in table("schema: provenance") for name in re.findall(r"`(\w+)`", row[0])}
    further = {name for row in table("further facts") for name in re.findall(r"`(\w+)`", row[0])}
    assert set(json.loads(run.provenance.read_text())) - known == further


def test_the_metrics_are_described(run: RunPaths) -> None:
    rows = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    names = {name for row in rows for name in row} - {"step", "epoch", "time"}
    described = PAGE[PAGE.index("| Metric | Meaning |") : PAGE.index("## results.json")]
    assert names <= set(re.findall(r"`([^`]+)`", described))


def test_every_json_file_carries_its_version_first(run: RunPaths) -> None:
    for path in run.path.rglob("*.json"):
        values = json.loads(path.read_text())
        assert next(iter(values.items())) == ("format_version", 3), path
