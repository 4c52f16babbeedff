"""A run's config is known again by its values."""

import math
from pathlib import Path

import pytest

from stride.errors import RunError
from stride.runs.files.atomic import atomic_json
from stride.runs.layout import RunPaths
from stride.runs.provenance.config_digest import (
    config_digest,
    is_edited,
    known_configs,
    require_known_config,
)

CONFIG = {"seed": 0, "own": {"a": 1, "b": math.inf}}


def test_the_layout_and_the_version_of_the_file_do_not_count() -> None:
    other = {"format_version": 2, "own": {"b": "Infinity", "a": 1}, "seed": 0}
    assert config_digest(CONFIG) == config_digest(other)
    assert config_digest(CONFIG) != config_digest(other | {"seed": 1})


def test_a_config_that_no_segment_was_begun_with_was_edited(tmp_path: Path) -> None:
    paths, digests = RunPaths(tmp_path), [config_digest({"seed": 1}), config_digest(CONFIG)]
    paths.segments.mkdir()
    for n, digest in enumerate(digests):
        atomic_json(paths.segment(n), {"format_version": 3, "config_sha256": digest})
    for config in (CONFIG, {"seed": 1}):
        atomic_json(paths.config, config)
        require_known_config(paths)
    atomic_json(paths.config, {"seed": 2})
    with pytest.raises(RunError, match="changed since the run wrote it"):
        require_known_config(paths)
    atomic_json(paths.segment(2), {"format_version": 2})  # which does not tell
    assert known_configs(paths) == set() and not is_edited(paths)
