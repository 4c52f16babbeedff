"""The keys and types of every trial are checked before any is made."""

from pathlib import Path
from typing import Any

import pytest

from stride.config import Resolved, resolve_layers
from stride.config.sweep.assembly import assemble
from stride.config.sweep.checks import probes, require_keys
from stride.config.sweep.files import sweep_file
from stride.config.sweep.spec import SweepSpec
from stride.errors import ConfigError


@pytest.fixture
def base(tmp_path: Path) -> Resolved:
    return resolve_layers(work_dir=tmp_path / "w")


def test_the_probes_of_a_search_are_its_ends_and_choices() -> None:
    spec = SweepSpec.from_json(
        {
            "search": {
                "optimizer": "choice(AdamW,SGD)",
                "momentum": "float(0,0.9) if optimizer=SGD",
                "model_kwargs.depth": "int(1,6)",
                "model_kwargs.rate": "float(0,1,step=0.5) if model_kwargs.depth in (2,3)",
            }
        }
    )
    name, depth, rate = "optimizer_kwargs.optimizer_name", "model_kwargs.depth", "model_kwargs.rate"
    momentum = "optimizer_kwargs.momentum"
    found = probes(spec)
    assert found == [
        {name: "AdamW", depth: 1},
        {name: "SGD", momentum: 0.0, depth: 1},
        {name: "AdamW", depth: 1},
        {name: "AdamW", depth: 6},
        *({name: "SGD", momentum: m, depth: 1} for m in (0.0, 0.9 * 0.381966, 0.9)),
        *({name: "AdamW", depth: 2, rate: r} for r in (0.0, 0.5, 1.0)),
    ]


def test_those_of_a_grid_and_of_a_list_are_all_of_their_points() -> None:
    for values in ({"grid": {"lr": [1, 2], "epochs": [3, 4]}}, {"runs": [{"config": {"lr": 1}}]}):
        spec = SweepSpec.from_json(values)
        assert probes(spec) == spec.points()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"grid": {"patience": [1, -2]}}, "not -2 (grid training_config.patience)"),
        (
            {"grid": {"training_config.patiense": [1]}},
            "training_config.patiense (grid training_config.patiense); did you mean 'patience'?",
        ),
        (
            {"grid": {"epochs": [1]}, "overrides": {"training_config.patiense": 1}},
            "(overrides training_config.patiense)",
        ),
        ({"search": {"patience": "float(1,5)"}}, "(search training_config.patience)"),
        ({"search": {"patience": "int(0,5)"}}, "not 0 (search training_config.patience)"),
        (
            {"search": {"training_config.mode": "choice(min,mox)"}},
            '"mox" (search training_config.mode); did you mean',
        ),
        ({"runs": [{"config": {}}, {"config": {"epochs": "x"}}]}, "(runs 1)"),
        ({"runs": [{"run": "big", "config": {"epochs": "x"}}]}, "(run big)"),
        (
            {"grid": {"dataset_kwargs.test_fraction": [0.5, 0.9]}},
            'to train on (trial {"dataset_kwargs.test_fraction": 0.9})',
        ),
    ],
)
def test_a_wrong_trial_names_where_it_comes_from(
    values: dict[str, Any], told: str, base: Resolved
) -> None:
    with pytest.raises(ConfigError) as caught:
        require_keys(SweepSpec.from_json(values), base.override)
    assert told in str(caught.value)


def test_right_ones_pass(base: Resolved) -> None:
    search = {"lr": "float(1e-5,1,log)", "model_kwargs.hidden": "choice([1],[2])"}
    require_keys(SweepSpec.from_json({"search": search}), base.override)


def test_a_wrong_trial_has_the_line_of_its_file(base: Resolved, tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text('[grid]\nlr = [1]\npatience = ["x"]\n')
    layers = [sweep_file(path)]
    with pytest.raises(ConfigError) as caught:
        require_keys(assemble(layers, base.layers), base.override, layers)
    assert f"(grid training_config.patience, file {path}:3)" in str(caught.value)
