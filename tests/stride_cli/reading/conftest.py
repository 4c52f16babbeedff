"""Runs of active learning to read, which nobody has trained."""

import json

import pytest


@pytest.fixture
def make_active(tmp_path, make_run):
    """Return a function that writes a run of active learning without training one."""

    def make(seed, strategy, *accuracies, state="done"):
        paths = make_run(f"seed={seed}", state=state)
        config = json.loads(paths.config.read_text())
        config["active_config"]["strategy"] = strategy
        paths.config.write_text(json.dumps(config))
        rows = [
            {"labelled": 10 * number, "metrics": {"test/accuracy": one, "test/loss": 1 - one}}
            for number, one in enumerate(accuracies, 1)
        ]
        paths.rounds.write_text("".join(json.dumps(row) + "\n" for row in rows))
        paths.curve.write_text(json.dumps({"format_version": 2, "metric": "test/accuracy"}))
        return paths

    return make
