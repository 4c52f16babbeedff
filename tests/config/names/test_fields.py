"""The dotted keys of the schema."""

from stride.config.names.fields import dotted_keys, model_at
from stride.config.schema import Config
from stride.config.sections.training import TrainingConfig


def test_dotted_keys_open_the_sections() -> None:
    keys = list(dotted_keys(Config))
    assert {"seed", "training_config.patience", "model_kwargs.model_name"} <= set(keys)
    assert "training_config" not in keys


def test_every_key_has_a_description() -> None:
    for key in dotted_keys(Config):
        section, _, name = key.rpartition(".")
        model = model_at(Config, (section,) if section else ())
        assert model is not None
        assert model.model_fields[name].description, key


def test_a_path_leads_to_a_section_or_nowhere() -> None:
    assert model_at(Config, ()) is Config
    assert model_at(Config, ("training_config",)) is TrainingConfig
    assert model_at(Config, ("training_config", "patience")) is None
    assert model_at(Config, ("nothing", "here")) is None
