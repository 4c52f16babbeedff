"""A run has begun when all is there that its start began from."""

from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError
from stride.runs.files.atomic import atomic_json
from stride.runs.layout import RunPaths
from stride.runs.provenance.start_state import missing_start_file, never_began, require_begun

FORK = {"uuid": "0" * 32, "run": "w/0", "relation": "fork", "checkpoint": "m_d_x_epoch_1"}
VERSION = {"format_version": 3}


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"parent": FORK}, "origin/checkpoint.json"),
        ({"initial_weights_sha256": "0" * 64}, "initial_weights.safetensors"),
    ],
)
def test_what_its_provenance_names_is_needed(
    tmp_path: Path, facts: dict[str, Any], name: str
) -> None:
    paths, needed = RunPaths(tmp_path / "0"), tmp_path / "0" / name
    needed.parent.mkdir(parents=True)
    for path, values in ((paths.config, {}), (paths.provenance, facts)):
        assert missing_start_file(paths) == path
        assert never_began(paths)
        atomic_json(path, VERSION | values)
    assert missing_start_file(paths) == needed
    with pytest.raises(RunError, match="ended before it had written what it began from"):
        require_begun(paths)
    needed.touch()
    assert missing_start_file(paths) is None
    require_begun(paths)


@pytest.mark.parametrize("later", ["metrics.jsonl", "rounds.jsonl", "results.json"])
def test_what_has_gone_on_has_begun(tmp_path: Path, later: str) -> None:
    (tmp_path / later).touch()
    assert never_began(RunPaths(tmp_path))
    (tmp_path / later).write_text("{}\n")
    assert not never_began(RunPaths(tmp_path))
