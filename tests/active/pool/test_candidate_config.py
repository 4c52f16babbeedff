"""The section of several candidates, from what differs, and complete."""

import pytest
import torch

from stride.active.pool.candidate_config import candidates_section
from stride.config.names.built_in import BUILT_IN
from stride.config.values import Raw
from stride.data.data_info import describe
from stride.errors import ComponentError, ConfigError
from stride.models.build import build_network, resolve_model


@pytest.fixture
def info():
    """Give what is known of samples of 5 numbers in 3 classes."""
    return describe((torch.zeros(4, 5), torch.tensor([0, 1, 2, 0])), {}, "some", num_classes=3)


BASE = {"model_name": "MLP", "model_seed": None, "init_from": None, "hidden": Raw("[8]")}


def complete(section, info, seed=5):
    return resolve_model(section, info, seed=seed)


def test_entries_take_what_they_do_not_change(info) -> None:
    entries = [{}, {"hidden": [4, 4]}, {"model_name": "MLP", "dropout": 0.0, "model_seed": 40}]
    section = candidates_section(BASE, entries, True)
    assert section["model_name"] == "Candidates" and section["together"] is True
    found = complete(section, info)
    assert [one["hidden"] for one in found["candidates"]] == [[8], [4, 4], [8]]
    assert [one["model_seed"] for one in found["candidates"]] == [5, 6, 40]
    assert [one["dropout"] for one in found["candidates"]] == [0.3, 0.3, 0.0]
    assert all(one["input_shape"] == [5] for one in found["candidates"])
    assert found["model_seed"] == 5 and found["init_from"] is None


def test_an_entry_of_another_model_takes_none_of_its_keys(info) -> None:
    base = {**BASE, "init_from": "W/3", "model_seed": 20}
    section = candidates_section(base, [{}, {"model_name": "torch.nn:LazyLinear"}], False)
    assert section["init_from"] is None
    first, second = section["candidates"]
    assert first["init_from"] == "W/3" and "hidden" not in second and "init_from" not in second
    found = complete(candidates_section(base, [{}, {"model_name": "Linear"}], False), info)
    assert found["candidates"][1]["out_features"] == 3
    assert [one["model_seed"] for one in found["candidates"]] == [20, 21]
    alike = complete(candidates_section(base, [{}, {}, {}], False), info)["candidates"]
    assert [one["model_seed"] for one in alike] == [20, 21, 22]
    assert found["init_from"] == ["W/3", None]
    assert [one["init_from"] for one in found["candidates"]] == [None, None]


def test_a_complete_section_stays_as_it_is(info) -> None:
    entries = [{}, {"hidden": [4, 4]}]
    found = complete(candidates_section(BASE, entries, False), info)
    assert complete(found, None, seed=99) == found
    assert candidates_section(found, entries, True) == {**found, "together": True}
    built = build_network(found)
    assert [one[0].out_features for one in built.networks] == [8, 4]
    assert not torch.equal(built.networks[0][0].weight[:4], built.networks[1][0].weight)
    with pytest.raises(ConfigError, match=r"active_config.models and model_kwargs.candidates"):
        candidates_section(found, [{}, {"hidden": [3]}], False)


def test_text_as_typed_is_read_by_the_constructors(info) -> None:
    listed = Raw('[{"model_name": "MLP", "hidden": [8]}, {"hidden": [], "model_seed": 3}]')
    found = complete({"model_name": "Candidates", "candidates": listed}, info)
    assert [one["hidden"] for one in found["candidates"]] == [[8], []]
    assert found["together"] is False
    assert [one["model_name"] for one in found["candidates"]] == ["MLP", "MLP"]


WRONG = {
    "hiden": ({"hiden": [8]}, r"unknown key {}.hiden; did you mean 'hidden'"),
    "model_sed": ({"model_sed": 1}, r"unknown key {}.model_sed; did you mean 'model_seed'"),
    "seed": ({"model_seed": -1}, r"{}.model_seed .*not -1"),
    "text": ({"model_seed": "one"}, r"{}.model_seed must be a whole number or null, not"),
    "place": ({"init_from": 3}, r"{}.init_from must be text or null, not 3"),
    "value": ({"hidden": "wide"}, r"{}.hidden must be a list, not"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_key_is_named_where_it_stands(name, info) -> None:
    entry, words = WRONG[name]
    with pytest.raises(ConfigError, match=words.format(r"active_config.models\[1\]")):
        candidates_section(BASE, [{}, entry], False)
    section = {"model_name": "Candidates", "candidates": [{}, entry]}
    with pytest.raises(ConfigError, match=words.format(r"model_kwargs.candidates\[1\]")):
        complete(section, info)


def test_a_wrong_key_beside_the_entries_is_named_there(info) -> None:
    with pytest.raises(ConfigError, match=r"unknown key model_kwargs.hiden; did you mean 'hidden'"):
        candidates_section({**BASE, "hiden": [8]}, [{}, {}], False)
    with pytest.raises(ConfigError, match=r"unknown key model_kwargs.togehter; .*'together'"):
        complete({"model_name": "Candidates", "candidates": [{}], "togehter": True}, info)
    with pytest.raises(ConfigError, match=r"model_kwargs.candidates\[0\].in_features is missing"):
        complete({"model_name": "Candidates", "candidates": [{"model_name": "Linear"}]}, None)
    inferred = {**BASE, "model_name": None}
    with pytest.raises(ConfigError, match=r"models\[0\].hiden; did you mean 'hidden'"):
        candidates_section(inferred, [{"hiden": [8]}], False, info)
    with pytest.raises(ConfigError, match=r"models\[1\].hiden; did you mean 'hidden'"):
        candidates_section(inferred, [{}, {"hiden": [8]}], False)
    assert candidates_section(inferred, [{}, {"dropout": 0.1}], False)["candidates"]
    with pytest.raises(ComponentError, match="there is no model 'MPL'"):
        candidates_section(BASE, [{"model_name": "MPL"}], False)


@pytest.mark.parametrize("listed", [None, 3, ["MLP"], Raw("MLP")])
def test_what_is_no_list_of_sections_is_refused(listed, info) -> None:
    with pytest.raises(ConfigError, match=r"model_kwargs.candidates must be a list of model"):
        complete({"model_name": "Candidates", "candidates": listed}, info)


def test_two_places_to_start_from_are_refused(info) -> None:
    listed = [{"init_from": "W/1"}, {}]
    section = {"model_name": "Candidates", "candidates": listed, "init_from": "W/2"}
    with pytest.raises(ConfigError, match="that of a candidate say different things"):
        complete(section, info)


def test_its_name_is_a_built_in_one() -> None:
    assert BUILT_IN["model"]["Candidates"] == "stride.active.pool.candidates:Candidates"
