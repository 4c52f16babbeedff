import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from stride.exchange.export.export import export_runs
from stride.runs.collection.run_list import open_runs
from tests.exchange.export.runs import artifact, bits, content, make, rows
from tests.loggers.wandb_file import records

pytestmark = pytest.mark.ecosystem("wandb")
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001486c4b6c0000000049454e44ae426082"
)


@pytest.fixture(autouse=True)
def no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the person's own account, settings and caches out of the tests."""
    for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_MODE", "online")  # which no export obeys


def read(folder: Path) -> tuple[list[Any], list[dict[str, Any]]]:
    """Return the records of runs, and the rows, in which an integer keeps the sign of zero."""
    runs, found = [], []
    for record in records(folder / "wandb"):
        if record.HasField("run"):
            runs.append(record.run)
        if record.HasField("history"):
            items = {item.nested_key[0]: item.value_json for item in record.history.item}
            parse = {name: json.loads(text, parse_int=float) for name, text in items.items()}
            found.append(parse)
    return runs, found


def test_every_number_is_read_back_with_its_bits(tmp_path: Path) -> None:
    make(tmp_path / "W")
    export_runs(open_runs(tmp_path / "W").rows, "wandb", tmp_path / "out")
    _, found = read(tmp_path / "out")
    at_steps: dict[int, dict[str, Any]] = {}
    for row in rows():
        at_steps.setdefault(row["step"], {}).update(row)
    assert [row["_step"] for row in found] == [*at_steps]
    for row, expected in zip(found, at_steps.values(), strict=True):
        assert bits(row["_timestamp"]) == bits(expected["time"])
        names = expected.keys() - {"step", "time"}
        assert {name for name in row if name[0] != "_"} == names
        assert all(bits(row[name]) == bits(expected[name]) for name in names)


def test_a_run_has_its_name_id_and_config(tmp_path: Path) -> None:
    run = make(tmp_path / "W", seed=3)
    shutil.copytree(run.path, tmp_path / "W/copy")
    export_runs(open_runs(tmp_path / "W").rows, "wandb", tmp_path / "out")
    runs, _ = read(tmp_path / "out")
    uuid = json.loads(run.status.read_bytes())["uuid"]
    assert {one.run_id for one in runs} > {uuid} and len({one.run_id for one in runs}) == 2
    assert {(one.project, one.display_name) for one in runs} == {("W", "0"), ("W", "copy")}
    config = {item.key: json.loads(item.value_json) for item in runs[0].config.update}
    assert (config["seed"], config["trainer"]) == (3, "supervised")
    done = export_runs(open_runs(tmp_path / "W").rows, "wandb", tmp_path / "out")
    assert done.replaced and len([*(tmp_path / "out").glob("wandb/offline-run-*")]) == 2


def test_what_wandb_sync_leaves_hinders_no_further_export(tmp_path: Path) -> None:
    make(tmp_path / "W")
    export_runs(open_runs(tmp_path / "W").rows, "wandb", tmp_path / "out")
    (file,) = (tmp_path / "out").glob("wandb/offline-run-*/*.wandb")
    file.with_name(f"{file.name}.synced").touch()
    assert export_runs(open_runs(tmp_path / "W").rows, "wandb", tmp_path / "out").replaced


def test_artifacts_are_media_at_their_steps(tmp_path: Path) -> None:
    run = make(tmp_path / "W")
    artifact(run, "masks", "image", PICTURE, ".png")
    counted = {"counts": [1, 2], "edges": [0.0, 0.5, 1.0], "nonfinite": 0}
    artifact(run, "weights", "histogram", json.dumps(counted).encode(), ".json")
    export_runs(open_runs(tmp_path / "W").rows, "wandb", tmp_path / "out")
    digests = {hashlib.sha256(data).digest() for data in content(tmp_path / "out").values()}
    assert hashlib.sha256(PICTURE).digest() in digests


def test_what_wandb_refuses_in_names_is_escaped(tmp_path: Path) -> None:
    paths = make(tmp_path / "W")
    config = json.loads(paths.config.read_text())
    config["dataset_kwargs"] = {"path": ["a\udcff"]}
    paths.config.write_text(json.dumps(config))
    shutil.copytree(paths.path, tmp_path / "50%\udcff" / "run\udcff")
    export_runs(open_runs(tmp_path / "50%\udcff").rows, "wandb", tmp_path / "out")
    ((run,), _) = read(tmp_path / "out")
    assert (run.display_name, run.project) == ("run\\udcff", "50--udcff")
    values = {item.key: item.value_json for item in run.config.update}
    assert json.loads(values["dataset_kwargs"])["path"] == ["a\\udcff"]
