from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file, save_model
from torch import nn

from stride.errors import ComponentError, RunError
from stride.models.initial import load_initial, weights_file


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
