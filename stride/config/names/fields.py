"""Walk the dotted keys that the schema declares."""

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def section_type(field: FieldInfo | None) -> type[BaseModel] | None:
    """Return the model of a field that is a section, else None."""
    annotation = field.annotation if field else None
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def table_type(field: FieldInfo | None) -> type[BaseModel] | None:
    """Return the model of the table that a field takes beside other values, else None."""
    options = get_args(field.annotation) if field else ()
    return next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)


def dotted_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the dotted key of every declared value, sections opened."""
    for name, field in model.model_fields.items():
        inner = section_type(field)
        if inner:
            yield from dotted_keys(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def model_at(model: type[BaseModel], path: tuple[str, ...]) -> type[BaseModel] | None:
    """Return the model of the section at a path, None where there is not one."""
    here: type[BaseModel] | None = model
    for name in path:
        here = section_type(here.model_fields.get(name)) if here else None
    return here
