"""A sweep put together from files and words on a base config."""

from pathlib import Path
from typing import Any

import pytest

from stride.config import Layer, Resolved, resolve_layers
from stride.config.sweep.assembly import assemble
from stride.config.sweep.files import sweep_file
from stride.config.sweep.spec import SweepSpec
from stride.config.sweep.words import words_layer
from stride.errors import ConfigError

FILE = """trials = 50
sampler_kwargs = {sampler_name = "tpe", multivariate = true}

[search]
lr = "float(1e-5,1e-1,log)"
optimizer = "choice(AdamW,SGD)"
momentum = {type = "float", min = 0, max = 0.99, when = {optimizer = ["SGD"]}}
"""


@pytest.fixture
def base(tmp_path: Path) -> Resolved:
    return resolve_layers(work_dir=tmp_path / "w")


def words(base: Resolved, **given: Any) -> SweepSpec:
    return assemble([words_layer(**given)], base.layers)


def test_words_are_laid_over_a_file(base: Resolved, tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text(FILE)
    typed = words_layer(search=["optimizer_kwargs.lr=float(0,1)"], sampler="random", trials=3)
    spec = assemble([sweep_file(path), typed], base.layers)
    assert {key: str(one) for key, one in spec.search.items()} == {
        "optimizer_kwargs.lr": "float(0,1)",
        "optimizer_kwargs.optimizer_name": "choice(AdamW,SGD)",
        "optimizer_kwargs.momentum": "float(0,0.99) if optimizer_kwargs.optimizer_name=SGD",
    }
    assert spec.trials == 3
    assert spec.sampler_kwargs.model_dump() == {"sampler_name": "random"}  # not tpe's argument


def test_a_short_key_is_of_any_constructor_that_the_sweep_chooses(base: Resolved) -> None:
    assert [*words(base, grid=["hidden=[[8],[9]]"]).grid] == ["model_kwargs.hidden"]
    chosen = words(base, grid=["optimizer=AdamW,SGD", "nesterov=true,false"])
    assert [*chosen.grid][1] == "optimizer_kwargs.nesterov"
    searched = words(base, search=["scheduler=choice(StepLR,OneCycleLR)", "pct_start=float(0,1)"])
    assert [*searched.search][1] == "scheduler_kwargs.pct_start"
    fixed = words(base, overrides=["scheduler=StepLR"], grid=["step_size=1,2"])
    assert [*fixed.grid] == ["scheduler_kwargs.step_size"]
    listed = Layer("runs", {"runs": [{"config": {"scheduler": "StepLR", "gamma": 0.5}}]})
    assert [*assemble([listed], base.layers).points()[0]][1] == "scheduler_kwargs.gamma"


def test_a_key_that_may_mean_several_is_refused(base: Resolved) -> None:
    with pytest.raises(ConfigError, match="'every_steps' may mean average_config"):
        words(base, grid=["every_steps=1,2"])


def test_a_mistake_in_a_file_has_its_line(base: Resolved, tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    for text, place, told in [
        ("trails = 3\n[grid]\nlr = [1]", 1, "unknown key trails"),
        ("[grid]\nlr = 3", 2, "must be a list of values"),
        ("grid = 3\n[search]\nhidden = 'choice(1,2)'", 1, "grid must be a table of keys, not 3"),
        ('[search]\nepochs = "int(1,2)"\nlr = "flat(1,2)"', 3, "lr=flat(1,2): it is not a dim"),
        ('[search]\nlr = "int(1,2) if x=3"', 2, "which is not searched"),
        ("[overrides]\nlr = 3\n[grid]\nepochs = [1]\nlr=[2]", 2, "among the overrides"),
    ]:
        path.write_text(text)
        with pytest.raises(ConfigError) as caught:
            assemble([sweep_file(path)], base.layers)
        assert told in str(caught.value)
        assert f"(file {path}:{place})" in str(caught.value)


def test_a_mistake_in_words_is_not_blamed_on_the_file_below(base: Resolved, tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_text(FILE)
    for typed in (words_layer(search=["lr=flat(1,2)"]), words_layer(trials=0)):
        with pytest.raises(ConfigError, match=r"\(command line\)"):
            assemble([sweep_file(path), typed], base.layers)
