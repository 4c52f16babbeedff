from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file, save_model
from torch import nn

from stride.errors import ComponentError, ConfigError, RunError
from stride.models.initial import load_initial, load_tensors, weights_file


def network(hidden: int = 4) -> nn.Module:
    return nn.Sequential(nn.Linear(3, hidden), nn.BatchNorm1d(hidden), nn.Linear(hidden, 2))


def test_weights_and_buffers_come_from_a_file_or_a_run(tmp_path: Path) -> None:
    source = network()
    source(torch.randn(8, 3))  # moves the running statistics
    save_file(source.state_dict(), tmp_path / "weights.safetensors")
    for path in (tmp_path, tmp_path / "weights.safetensors", str(tmp_path)):
        target = network()
        load_initial(target, path)
        state = target.state_dict()
        assert all(torch.equal(state[k], v) for k, v in source.state_dict().items())


def test_tensors_of_a_criterion_are_none_of_the_network(tmp_path: Path) -> None:
    source, target, file = network(), network(), tmp_path / "best.safetensors"
    save_file(source.state_dict() | {"criterion:scale": torch.ones(2)}, file)
    load_initial(target, file)
    assert all(torch.equal(v, target.state_dict()[k]) for k, v in source.state_dict().items())


class Counting(nn.Linear):
    def get_extra_state(self) -> dict[str, int]:
        return {"steps": 3}

    def set_extra_state(self, state: dict[str, int]) -> None:
        raise AssertionError


def test_what_is_not_a_tensor_stays_as_it_is(tmp_path: Path) -> None:
    source, target = nn.Linear(2, 1), Counting(2, 1)
    save_file(source.state_dict(), tmp_path / "weights.safetensors")
    load_initial(target, tmp_path)
    assert torch.equal(target.weight, source.weight)


def test_a_mismatch_lists_the_keys_and_changes_nothing(tmp_path: Path) -> None:
    state = network(5).state_dict()
    state["extra.weight"] = torch.zeros(1)
    del state["2.bias"]
    save_file(state, tmp_path / "other.safetensors")
    target = network()
    before = {k: v.clone() for k, v in target.state_dict().items()}
    with pytest.raises(ComponentError) as error:
        load_initial(target, tmp_path / "other.safetensors")
    text = str(error.value)
    assert "1 missing: 2.bias" in text
    assert "1 unknown: extra.weight" in text
    assert "0.weight (5, 3) instead of (4, 3)" in text
    assert "model_kwargs.init_from" in text
    assert all(torch.equal(before[k], v) for k, v in target.state_dict().items())


def test_a_long_list_of_keys_is_cut(tmp_path: Path) -> None:
    save_file({f"layer{i}": torch.zeros(1) for i in range(30)}, tmp_path / "w.safetensors")
    with pytest.raises(ComponentError, match=r"30 unknown: .*, and 20 more"):
        load_initial(network(), tmp_path / "w.safetensors")


def test_tied_weights_stored_once_reach_both_names(tmp_path: Path) -> None:
    def tied() -> nn.Module:
        model = nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3, bias=False)})
        model["b"].weight = model["a"].weight
        return model

    source, target = tied(), tied()
    save_model(source, str(tmp_path / "tied.safetensors"))
    load_initial(target, tmp_path / "tied.safetensors")
    assert torch.equal(target["b"].weight, source["a"].weight)  # type: ignore[index]
    with pytest.raises(ComponentError, match=r"1 missing: b\.weight"):
        load_initial(
            nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3, bias=False)}),
            tmp_path / "tied.safetensors",
        )


def test_a_folder_without_weights_or_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no weights at .*weights\.safetensors.*init_from"):
        weights_file(tmp_path)
    (tmp_path / "text").write_text("no tensors")
    with pytest.raises(RunError, match="not a safetensors file"):
        load_initial(network(), tmp_path / "text")


def two_parts() -> Any:
    return nn.ModuleDict({"encoder": nn.Linear(3, 4), "head": nn.Linear(4, 2)})


def test_keys_choose_a_part_and_rename_it() -> None:
    found = {"body.weight": torch.ones(4, 3), "body.bias": torch.ones(4), "x.y": torch.ones(1)}
    target, before = two_parts(), two_parts().state_dict()
    target.load_state_dict(before)
    loaded = load_tensors(target, found, Path("w"), keys={"body.": "encoder."}, strict=False)
    assert target["encoder"].weight.eq(1).all()
    assert torch.equal(target["head"].weight, before["head.weight"])
    assert str(loaded) == "2 tensors from w; 2 missing: head.weight, head.bias; 1 unknown: x.y"
    with pytest.raises(ComponentError, match=r"2 missing.*1 unknown: x\.y.*strict=false"):
        load_tensors(target, found, Path("w"), keys={"body.": "encoder."})
    longest = {"body.": "head.", "body.w": "encoder.w"}
    assert load_tensors(target, found, Path("w"), keys=longest, strict=False).loaded == 1


def test_what_does_not_fit_is_left_as_drawn_where_nothing_is_strict() -> None:
    target, found = two_parts(), two_parts().state_dict()
    found["head.weight"] = torch.zeros(9, 4)
    drawn = target["head"].weight.clone()
    loaded = load_tensors(target, found, Path("w"), strict=False)
    assert loaded.misshapen == ["head.weight (9, 4) instead of (2, 4)"] and loaded.loaded == 3
    assert torch.equal(target["head"].weight, drawn)
    with pytest.raises(ComponentError, match="do not fit this model; 4 missing"):
        load_tensors(target, {"other": torch.zeros(1)}, Path("w"), strict=False)  # nothing fits


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"encodr.": "encoder."}, r"no name of the weights begins with 'encodr\.'.*'encoder\.'"),
        ({"encoder.": "encodre."}, r"no name of the model begins with 'encodre\.'.*'encoder\.'"),
        ({"encoder.": "head.", "head.": "head."}, r"give 'head\.weight' two tensors"),
    ],
)
def test_prefixes_that_lead_nowhere_or_together_are_refused(
    keys: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        load_tensors(two_parts(), two_parts().state_dict(), Path("w"), keys=keys, strict=False)


def test_the_nearest_name_is_told() -> None:
    found = {n.replace("encoder", "encodr"): t for n, t in two_parts().state_dict().items()}
    with pytest.raises(ComponentError, match=r"encodr\.weight: did you mean 'encoder\.weight'"):
        load_tensors(two_parts(), found, Path("w"))
