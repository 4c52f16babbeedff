"""Read a sweep from files: TOML, JSON or YAML 1.2, with the spec's own keys.

    trials = 50
    sampler_kwargs = {sampler_name = "tpe"}

    [search]
    lr = "float(1e-5,1e-1,log)"
    optimizer = "choice(AdamW,SGD)"
    momentum = {type = "float", min = 0, max = 0.99, when = {optimizer = ["SGD"]}}

Keys of the config may be whole or short, and dotted or tables in tables. A file of runs is a list
of `{"run": NAME, "config": OVERRIDES}`, alone or under `runs`.
"""

from pathlib import Path
from typing import Any

from stride.config.files import read_file
from stride.config.layers import Layer, file_layer
from stride.config.sweep.spec import SweepSpec
from stride.errors import ConfigError

Tree = dict[str, Any]


def sweep_file(path: str | Path) -> Layer:
    """Return the fields of a sweep that a file holds, each with its line where that is known.

    Raises:
        ConfigError: the file is missing or malformed.
        MissingExtra: the file is YAML and ruamel.yaml is not installed.
    """
    return file_layer(path)


def runs_file(path: str | Path) -> Layer:
    """Return the listed runs that a file holds.

    Raises:
        ConfigError: the file is missing or malformed, or holds no list of runs.
        MissingExtra: the file is YAML and ruamel.yaml is not installed.
    """
    values, _ = read_file(path)
    runs = values.get("runs") if isinstance(values, dict) and [*values] == ["runs"] else values
    if not isinstance(runs, list) or not runs:
        hint = 'as [{"run": "small", "config": {"optimizer_kwargs.lr": 0.1}}]'
        raise ConfigError("the file holds no list of runs", where=str(path), hint=hint)
    return Layer(f"file {path}", {"runs": runs})


def file_schema() -> dict[str, Any]:
    """Return the JSON Schema of a sweep file; keys of the config are checked apart from it."""
    schema = SweepSpec.model_json_schema()
    fields, parts = schema["properties"], schema["$defs"]
    for part in (parts[name] for name in ("IntRange", "FloatRange", "Choice")):
        part["required"] = ["type", *part["required"]]  # it has a default in Python
    dimensions = fields["search"]["additionalProperties"]["anyOf"]
    fields["search"] = _nested(fields["search"], "Search", parts, [{"type": "string"}, *dimensions])
    fields["grid"] = _nested(fields["grid"], "Grid", parts, [{"type": "array", "minItems": 1}])
    return schema


def _nested(field: Tree, name: str, parts: Tree, values: list[Tree]) -> Tree:
    """Return the schema of a table of values and of such tables."""
    inner = [*values, {"$ref": f"#/$defs/{name}"}]
    parts[name] = {"type": "object", "additionalProperties": {"anyOf": inner}}
    told: Tree = {key: field[key] for key in ("description", "default", "title") if key in field}
    return {"$ref": f"#/$defs/{name}", **told}
