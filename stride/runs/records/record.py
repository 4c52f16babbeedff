"""Base of all records, and the types of their fields."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    ValidationError,
    WithJsonSchema,
)

from stride.config.nonfinite import decode_number, encode_number
from stride.errors import BrokenRecord
from stride.runs.files.atomic import read_record
from stride.runs.files.safe_open import RECORD_LIMIT
from stride.runs.layout import FORMAT_VERSION, is_file_name

_TEXTS = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
Number = Annotated[
    Annotated[int, Strict()] | Annotated[float, Strict()],  # strict: a truth value is not a number
    BeforeValidator(decode_number),
    PlainSerializer(encode_number, return_type=int | float | str),
    WithJsonSchema(_TEXTS),
]
"""A number; NaN and the infinities are texts in the file."""

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
TYPED = "key=value, as typed; `***` for secrets"
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, strict=True)]


def _file_name(name: str) -> str:
    if not is_file_name(name):
        raise ValueError(f"{name!r} is not the name of a file or folder")
    return name


FileName = Annotated[str, AfterValidator(_file_name)]
"""The name of a file or folder; it never leads out of the folder that it is in."""


class Record(BaseModel):
    """Hold what one JSON file of a run folder says."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    schema_name: ClassVar[str] = ""
    """The name of the file's schema; empty for a part of a file."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, without the keys that hold nothing."""
        return self.model_dump(mode="json", exclude_none=True)


class Versioned(Record):
    """Hold a file that carries its format_version."""

    limit: ClassVar[int] = RECORD_LIMIT
    """Bytes of the largest file that is read."""

    format_version: Annotated[int, Field(ge=1, le=FORMAT_VERSION, strict=True)] = FORMAT_VERSION

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a file.

        Raises:
            RunError: the file is missing, broken, or of a newer STRIDE; says which key is wrong.
        """
        values = read_record(path, limit=cls.limit)
        try:
            return cls.model_validate(values)
        except ValidationError as cause:
            first = cause.errors(include_url=False)[0]
            key = ".".join(map(str, first["loc"]))
            what = f"{path.name} is broken: {key}: {first['msg']}"
            raise BrokenRecord(what, where=str(path)) from cause
