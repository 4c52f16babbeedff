"""Mistyped keys of known constructors are refused in the words of the signature check."""

import json
from pathlib import Path

import pytest

from stride.components import bind, find
from stride.components.early import refuse_mistyped
from stride.config import resolve_layers
from stride.errors import ConfigError


def refused(*overrides: str, work_dir: str = "w") -> str:
    with pytest.raises(ConfigError) as caught:
        refuse_mistyped(resolve_layers(work_dir=work_dir, overrides=list(overrides)))
    return str(caught.value)


def test_it_says_what_the_signature_would() -> None:
    with pytest.raises(ConfigError) as told:
        bind(
            find("optimizer", "AdamW"), {"lrr": 1}, section="optimizer_kwargs", supplied=["params"]
        )
    said = str(told.value).replace("lrr;", "lrr (override 1);")
    assert refused("optimizer_kwargs.lrr=1") == said


def test_all_mistakes_are_told_together() -> None:
    text = refused("model=MLP", "model_kwargs.hiden=[3]", "load_data_kwargs.pin_memry=true")
    assert "2 mistakes" in text
    assert "model_kwargs.hiden (override 2); did you mean 'hidden'?" in text
    assert "load_data_kwargs.pin_memry (override 3); did you mean 'pin_memory'?" in text


@pytest.mark.parametrize(
    "override",
    [
        "model_kwargs.widdth=3",  # of whatever network the data will choose
        "criterion_kwargs.label_smothing=1",
        "dataset_kwargs.path=x",  # the digits take nothing
    ],
)
def test_what_no_possible_constructor_takes_is_refused(override: str) -> None:
    assert f"unknown key {override.partition('=')[0]} (override 1)" in refused(override)


@pytest.mark.parametrize(
    "overrides",
    [
        ["model=mine:Net", "model_kwargs.anything=1"],
        ["model=Candidates", "model_kwargs.anything=1"],
        ["trainer=active", 'active_config.models=[{"hidden": [3]}]', "model_kwargs.anything=1"],
        ["model=Linear", "model_kwargs.in_features=3"],
        ["model=MLP", "model_kwargs.hidden=[3]", "criterion_kwargs.label_smoothing=0.1"],
        ["scheduler_kwargs.anything=3"],
        ["optimizer=Nothing", "optimizer_kwargs.anything=3"],
        ["load_data_kwargs.collate_fn=mine:collate", "optimizer_kwargs.params=1"],
        ["trainer=rl", "model_kwargs.dueling=true"],  # the algorithm chooses the network
        ["trainer=mine:Trainer", "optimizer_kwargs.momentum=0.9"],
    ],
)
def test_what_only_a_signature_tells_is_left_to_it(overrides: list[str]) -> None:
    refuse_mistyped(resolve_layers(work_dir="w", overrides=overrides))


def test_what_a_folder_says_is_left_to_the_signature(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"optimizer_kwargs": {"lrr": 3}}))
    refuse_mistyped(resolve_layers(work_dir=tmp_path, overrides=["lr=3"]))
    assert "eps_" in refused("optimizer_kwargs.eps_=3", work_dir=str(tmp_path))
