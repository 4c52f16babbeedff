"""The base of what commands print with `--json`."""

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Hold what a command prints, or a part of it: these keys and no others."""

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="strings")
