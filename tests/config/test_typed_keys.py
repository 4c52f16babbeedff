"""A short key means one whole key, or is refused with what it may mean; nothing is imported."""

from pathlib import Path

import pytest

from stride.config import Resolved, override_layer, resolve_layers
from stride.errors import ConfigError


def given(*texts: str) -> list[str]:
    """Return the whole keys that overrides have set."""
    keys = resolve_layers(work_dir="w", overrides=list(texts)).origins
    return [key for key in keys if key != "work_dir"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("lr=3e-3", "optimizer_kwargs.lr"),
        ("model=ResNet", "model_kwargs.model_name"),
        ("optimizer=SGD", "optimizer_kwargs.optimizer_name"),
        ("epochs=3", "training_config.max_epochs"),
        ("batch_size=8", "load_data_kwargs.batch_size"),
        ("patience=3", "training_config.patience"),
        ("results_dir=r", "training_config.results_dir"),
        ("hidden=[64]", "model_kwargs.hidden"),
        ("label_smoothing=0.1", "criterion_kwargs.label_smoothing"),
        ("pin_memory=true", "load_data_kwargs.pin_memory"),
        ("train_loader_kwargs={}", "load_data_kwargs.train_loader_kwargs"),
        ("seed=3", "seed"),
    ],
)
def test_a_short_key_is_the_whole_one(text: str, key: str) -> None:
    if key == "training_config.results_dir":
        assert key in resolve_layers(overrides=[text]).origins
    elif text.endswith("{}"):
        assert given(text) == []
    else:
        assert given(text) == [key]


def test_texts_dicts_and_later_overrides_take_short_keys_alike() -> None:
    texts = resolve_layers(work_dir="w", overrides=["lr=0.1", "epochs=3"])
    table = resolve_layers(work_dir="w").override({"lr": 0.1, "epochs": 3})
    assert texts.config.training_config == table.config.training_config
    assert table.config.optimizer_kwargs.constructor_kwargs == {"lr": 0.1}
    assert override_layer(["lr=1", "optimizer_kwargs.lr=2"]).values["optimizer_kwargs"]["lr"] == "2"


def test_the_constructor_that_is_chosen_says_which_keys_there_are(tmp_path: Path) -> None:
    assert given("T_max=5", "scheduler=CosineAnnealingLR")[0] == "scheduler_kwargs.T_max"
    (tmp_path / "config.json").write_text('{"scheduler_kwargs": {"scheduler_name": "StepLR"}}')
    config = resolve_layers(work_dir=tmp_path, overrides=["step_size=2"]).config
    assert config.scheduler_kwargs.constructor_kwargs == {"step_size": "2"}
    with pytest.raises(ConfigError, match="unknown key T_max"):
        resolve_layers(work_dir=tmp_path, overrides=["T_max=2"])
    (tmp_path / "config.json").write_text('{"model_kwargs": {"norms": 1}}')
    typed = [f"work_dir={tmp_path}", "norms=2"]  # next to a key that there is without the base
    assert resolve_layers(overrides=typed).config.model_kwargs.constructor_kwargs == {"norms": "2"}


def test_what_a_layer_gives_a_constructor_is_a_key_of_it() -> None:
    base = resolve_layers(work_dir="w", overrides={"model": "gone.nets:Net", "model_kwargs.k": 1})
    assert base.override(["k=3"]).config.model_kwargs.constructor_kwargs == {"k": "3"}
    with pytest.raises(ConfigError, match="unknown key k"):
        base.override(["model=ResNet", "k=3"])


def test_the_users_own_constructor_is_read_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "typed_nets.py").write_text("raise SystemExit\ndef net(breadth): ...\n")
    monkeypatch.chdir(tmp_path)
    assert given("model=typed_nets:net", "breadth=3")[1] == "model_kwargs.breadth"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "strategy=flat",
            "'strategy' may mean active_config.strategy, distributed_config.strategy;",
        ),
        ("epohcs=3", "unknown key epohcs (override 1); did you mean 'training_config.max_epochs'?"),
        ("label_smothing=1", "unknown key label_smothing; did you mean 'label_smoothing'?"),
        ("zzz=1", "unknown key zzz (override 1); the keys here are"),
        ("epochs=x", "training_config.max_epochs must be a whole number"),
        ("val_fraction=.3", "dataset_kwargs.val_fraction must be a number, not '.3' (override 1)"),
        ("optimiser_kwargs.lr=1", "unknown key optimiser_kwargs (override 1); did you mean"),
    ],
)
def test_what_is_not_clear_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        given(text)
    assert message in str(caught.value)


def test_a_chosen_constructor_can_make_a_short_key_ambiguous() -> None:
    assert given("mode=min") == ["training_config.mode"]
    with pytest.raises(ConfigError, match=r"scheduler_kwargs\.mode, training_config\.mode"):
        given("scheduler=ReduceLROnPlateau", "mode=min")


def test_a_wrong_layer_below_is_told_as_ever() -> None:
    wrong = Resolved.from_layers(resolve_layers(work_dir="w").layers)
    with pytest.raises(ConfigError, match="seed must be a whole number"):
        wrong.override(["seed=x", "hidden=[3]"])
