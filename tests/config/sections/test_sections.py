"""The sections by themselves."""

import pytest
from pydantic import BaseModel

from stride.config.schema import OPEN_SECTIONS, Config
from stride.config.sections.logging import LoggingConfig
from stride.config.sections.model import ModelKwargs
from stride.config.sections.section import OpenSection, Section


@pytest.mark.parametrize("name", Config.model_fields)
def test_the_suffix_tells_whether_a_section_is_open(name: str) -> None:
    model = Config.model_fields[name].annotation
    if isinstance(model, type) and issubclass(model, BaseModel):
        assert issubclass(model, Section)
        assert issubclass(model, OpenSection) == name.endswith("_kwargs")
        assert model.model_config["frozen"]


@pytest.mark.parametrize("section", OPEN_SECTIONS)
def test_the_name_field_is_a_declared_one(section: str) -> None:
    model = OPEN_SECTIONS[section]
    assert model.name_field in ("", *model.model_fields)
    assert model.name_field or section == "load_data_kwargs"


def test_defaults_are_not_shared() -> None:
    LoggingConfig().loggers.append("csv")
    assert LoggingConfig().loggers == []


def test_the_free_keys_are_a_copy() -> None:
    section = ModelKwargs.model_validate({"width": 3})
    section.constructor_kwargs["width"] = 4
    assert section.constructor_kwargs == {"width": 3}
