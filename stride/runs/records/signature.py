"""What a user has signed of a run or a work_dir."""

from typing import ClassVar

from pydantic import Field

from stride.runs.records.record import Sha256, Versioned


class SignatureRecord(Versioned):
    """Hold what a user has signed of a run, or of a work_dir's config (signature.json)."""

    schema_name: ClassVar[str] = "signature"

    uuid: str | None = Field(None, description="The run's; a work_dir has none")
    configs: list[Sha256] = Field(
        default_factory=list, description="Of the configs that the run was begun with"
    )
    code: dict[str, Sha256] = Field(
        default_factory=dict,
        description="Of the recorded code, by file; of provenance.json where that is from",
    )
    imports: dict[str, str] = Field(
        default_factory=dict, description="Of a work_dir's config: key -> import path"
    )
    hmac: Sha256 = Field(description="HMAC-SHA256 of all this under the user's key")
