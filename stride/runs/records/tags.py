"""What a user says of a run."""

from typing import Annotated, ClassVar

from pydantic import Field

from stride.runs.records.record import Versioned
from stride.runs.tags.names import LENGTH, TAG


class TagsRecord(Versioned):
    """Hold what a user says of a run (tags.json): no digest and no signature covers it."""

    schema_name: ClassVar[str] = "tags"

    tags: list[Annotated[str, Field(pattern=f"^{TAG}$", max_length=LENGTH)]] = Field(
        default_factory=list, description="Sorted"
    )
    note: str | None = None
