"""Whatever the records of a run hold, going on with it is refused in one line or goes on."""

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stride import Trainer
from stride.runs.layout import RunPaths
from stride.runs.provenance.config_digest import config_digest
from tests.stride_cli.conftest import Stride

COMMANDS = (
    "resume W/latest",
    "resume W/latest",
    "evaluate W/1",
    "reproduce W/1 --steps 1",
    "fork W/1 --at last --config training_config.max_steps=2",
)
VALUES: tuple[bytes, ...] = (
    b"1" * 400,
    b"-" + b"1" * 400,
    b"1" + b"0" * 30,
    b"1e308",
    b"1e999",
    b"-Infinity",
    b"NaN",
    b"-1",
    b"true",
    b"null",
    b'"x"',
    b'"\\ud800"',
    b'"../../x"',
    b"[]",
    b"[[1]]",
    b"{}",
    b'{"\\udfff": {"x": "\\ud800"}}',
    b"[" * 90 + b"]" * 90,
    b'{"x":' * 90 + b"1" + b"}" * 90,
    b"[" * 900 + b"]" * 900,
)
FILES = (
    "config.json",
    "config.json",
    "provenance.json",
    "status.json",
    "segments/0.json",
    "checkpoints/index.json",
    "normalization.json",
    "signature.json",
    "metrics.jsonl",
    "fingerprints.jsonl",
)
KNOWN = (
    ("config.json", ("criterion_kwargs", "label_smoothing"), b"1" * 400, COMMANDS[0]),
    ("config.json", ("distributed_config", "static_graph"), b"1" * 400, COMMANDS[0]),
    ("config.json", ("load_data_kwargs", "sampler"), b"5", COMMANDS[0]),
    ("provenance.json", ("threads", "torch"), b"[]", COMMANDS[0]),
    ("provenance.json", ("threads",), b"[]", COMMANDS[0]),
    ("normalization.json", ("kind",), b"{}", COMMANDS[0]),
    ("metrics.jsonl", ("epoch",), b'"x"', COMMANDS[3]),
    ("fingerprints.jsonl", ("step",), b"-1", COMMANDS[3]),
)
DRAWN = 12


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a work_dir with a run that was interrupted after an epoch."""
    trainer = Trainer(
        tmp_path_factory.mktemp("trained") / "W",
        dataset_kwargs={"subsample_rate": 0.05, "normalize": "standard"},
        model_kwargs={"model_name": "MLP", "hidden": [4]},
        training_config={"max_epochs": 1},
        logging_config={"terminal_display": "off"},
    )
    trainer.fit()
    paths = trainer.run.paths
    edit(paths.config, ("training_config", "max_epochs"), b"2")
    edit(paths.status, ("state",), b'"interrupted"')
    edit(paths.segment(0), ("process_start",), b'"1"')
    own(paths)
    record = next(paths.checkpoints.glob("*/checkpoint.json"))
    values = json.loads(record.read_text())
    record.write_text(json.dumps(values | {"config_sha256": None, "sha256": None}))
    return paths.path.parent


def edit(path: Path, place: tuple[str | int, ...], value: bytes) -> None:
    """Put a value into a JSON file, or into the first line of a stream."""
    first, *others = path.read_bytes().splitlines() if path.suffix == ".jsonl" else [b""]
    record = owner = json.loads(first or path.read_bytes())
    for key in place[:-1]:
        owner = owner[key]
    owner[place[-1]] = "PLACE"
    lines = [json.dumps(record).encode().replace(b'"PLACE"', value), *others]
    path.write_bytes(b"\n".join(lines) + b"\n")


def own(paths: RunPaths) -> None:
    """Let a config that was changed be one that the run was begun with, as whoever made it may."""
    try:
        digest = config_digest(json.loads(paths.config.read_bytes()))
        edit(paths.segment(0), ("config_sha256",), json.dumps(digest).encode())
    except (ValueError, RecursionError):
        return


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to each value in another."""
    parts = value.items() if isinstance(value, dict) else enumerate(value[:2])
    for key, part in parts:
        yield (*place, key)
        if isinstance(part, dict | list):
            yield from places(part, (*place, key))


def draws(paths: RunPaths) -> Iterator[tuple[str, tuple[str | int, ...], bytes, str]]:
    draw = random.Random(0)
    for _ in range(DRAWN):
        name = draw.choice(FILES)
        record = (
            json.loads((paths.path / name).read_bytes().splitlines()[0])
            if (name.endswith("l"))
            else json.loads((paths.path / name).read_bytes())
        )
        yield name, draw.choice([*places(record)]), draw.choice(VALUES), draw.choice(COMMANDS)


def fault(code: int, err: str) -> bool:
    """Tell whether a command said something else than a sentence, or that it trained."""
    raised = "Traceback" in err or re.search(r"error: \w+(Error|Exception)\b", err)
    return bool(raised) or (code not in (0, 2, 3) and "not finite" not in err)


def test_no_record_stops_what_goes_on_by_an_exception(
    stride: Stride,
    trained: Path,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    wrong, place = [], tmp_path / "W"
    tried = [*KNOWN, *draws(RunPaths(trained / "0"))]
    for name, keys, value, command in tried:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(trained, place)
        paths = RunPaths(Path(shutil.copytree(place / "0", place / "1")))
        edit(paths.path / name, keys, value)
        own(paths)
        said = stride(*command.split())
        if fault(said.code, said.err):
            wrong.append(f"{name} {keys} {value[:20]!r}: {command}: {said.code} {said.err[-300:]}")
    assert wrong == []
    record_property("faults", f"{len(tried)} records that no training wrote: refused or gone on")
