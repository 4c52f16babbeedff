"""Whatever one folder of a work_dir holds, each command says so in a line and shows the others."""

import json
import os
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

Damage = Callable[[bytes], bytes]

DEEP = 900  # as deep as a parser goes, and deeper than a recursion from there may
VALUES: tuple[bytes, ...] = (
    b"null",
    b"true",
    b"-1",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"1" * 400,
    b"1" * 5000,
    b'"x"',
    b'"\\ud800"',
    b'"\\u001b]0;x\\u0007"',
    b"[]",
    b"[[1]]",
    b"{}",
    b'{"\\udfff": {"x": "\\ud800"}}',
    b'["\\ud800"]',
    b"[" * DEEP + b"]" * DEEP,
    b'{"x":' * DEEP + b"1" + b"}" * DEEP,
)
WHOLE: dict[str, Damage] = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "no text": lambda content: b"\xff\xfe\x00\xd8" * 9,
    "list": lambda content: b"[]",
    "list of lines": lambda content: b"[1]\n[2]\n",
    "text": lambda content: b'"x"',
    "number": lambda content: b"1e999",
    "newer": lambda content: content.replace(b'"format_version": 3', b'"format_version": 99'),
    "huge version": lambda content: content.replace(b'version": 3', b'version": ' + b"9" * 5000),
    "deep": lambda content: b'{"format_version": 3, "x": ' + VALUES[-1] + b"}",
    "too deep": lambda content: b'{"x":' * 100_000,
}
FILES = (
    "status.json",
    "config.json",
    "results.json",
    "provenance.json",
    "segments/0.json",
    "metrics.jsonl",
    "rounds.jsonl",
    "curve.json",
    "queries.csv",
    "labels.jsonl",
    "job.json",
    "reproduction.json",
    "normalization.json",
    "checkpoints/index.json",
)
ALL = (
    "ls W",
    "ls W --json",
    "ls W --csv",
    "compare W",
    "compare W --json",
    "compare W --csv",
    "verify W --all",
    "verify W --all --json",
    "active W --json",
)
"""Commands over whole work_dirs: the other runs are there."""

ONE = (
    "path W/latest",
    "path W/best",
    "config W/2",
    "config W/2 --json",
    "diff W/0 W/2",
    "diff W/2 W/0 --json",
    "show W/2",
    "show W/2 --json",
    "logs W/2",
    "label W/2 --list",
)
"""Commands over one run: what is wrong with it is told in one line."""

MOST_LINES = 4  # a line for the error; for each key that is passed over, one


@pytest.fixture
def damaged(make_active, stride) -> Path:
    """Return the newest of three runs of active learning, with every file that readers know."""
    for seed in range(3):
        paths = make_active(seed, "UniformSampling", 0.5, 0.7)
        paths.queries.write_text("round,id,score,label\n1,7,0.5,\n")
        for file in (paths.job, paths.reproduction, paths.normalization, paths.checkpoint_index):
            file.parent.mkdir(exist_ok=True)
            file.write_text('{"format_version": 3}')
        paths.labels.write_text('{"id": 7, "label": 1, "time": 1.0, "by": "a"}\n')
    return paths.path


def values_of(content: bytes, value: bytes) -> Iterator[bytes]:
    """Yield the object on the first lines with each of its values, and theirs, another one."""
    try:
        record = json.loads(content)
    except ValueError:
        record = json.loads(content.splitlines()[0])
    for place in [(key,) for key in record] + [
        (key, inner) for key in record if isinstance(record[key], dict) for inner in record[key]
    ]:
        changed = json.loads(json.dumps(record))
        owner = changed
        for key in place[:-1]:
            owner = owner[key]
        owner[place[-1]] = "PLACE"
        yield json.dumps(changed).encode().replace(b'"PLACE"', value)


def mutations(name: str, content: bytes) -> list[list[tuple[str, bytes | None]]]:
    """Return what a file is changed to as a whole and by its values, with a word for each.

    None makes it a folder.
    """
    whole: list[tuple[str, bytes | None]] = [("folder", None)]
    whole += [(what, change(content)) for what, change in WHOLE.items()]
    if not name.endswith(("json", "jsonl")):
        return [whole]
    return [whole, [(repr(v[:20]), one) for v in VALUES for one in values_of(content, v)]]


def put(path: Path, content: bytes | None) -> None:
    """Put a file, or a folder, in the place of another."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.mkdir() if content is None else path.write_bytes(content)


def fault(command: str, code: int, out: str, err: str) -> str:
    """Return what is wrong with what a command said, nothing if it is as it should be."""
    if "Traceback" in err or re.search(r"error: \w+(Error|Exception)\b", err):
        return "no sentence"
    if command not in ALL:
        return "" if code in (0, 2) and len(err.splitlines()) <= MOST_LINES else "code or lines"
    if code not in ((0, 1) if "verify" in command else (0,)):
        return "stopped"
    if "--json" in command:
        json.loads(out)
    name = command.split()[0]
    lines = [line.split()[:1] for line in out.splitlines()]
    tabled = name in ("ls", "compare") and not {"--json", "--csv"} & {*command.split()}
    if tabled:
        return "" if ["0"] in lines and ["1"] in lines else "hidden"
    words = {"active": ['"0"', '"1"'], "ls": ["0", "1"]}.get(name, ["W/0", "W/1"])
    return "" if all(word in out for word in words) else "hidden"


def test_no_command_is_stopped_by_a_broken_file(
    stride, damaged: Path, record_property: Callable[[str, object], None]
) -> None:
    draw = random.Random(0)
    wrong, count = [], 0
    for name in FILES:
        path = damaged / name
        content = path.read_bytes()
        known = mutations(name, content)
        for command in (*ALL, *ONE):
            what, changed = draw.choice(draw.choice(known))
            put(path, changed)
            said = stride(*command.split())
            count += 1
            if told := fault(command, *said):
                wrong.append(f"{told}: {name} {what}: {command}: {said.code} {said.err[-300:]}")
        put(path, content)
    assert wrong == []
    record_property(
        "faults", f"{count} broken files read by {len(ALL + ONE)} commands: none hid another run"
    )


@pytest.fixture
def open_place() -> Iterator[Path]:
    """Give a folder into which every user may look."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    os.seteuid(os.getuid())
    shutil.rmtree(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="changes the user, which root alone may")
def test_what_nobody_may_read_hides_no_other(stride, damaged: Path, open_place: Path) -> None:
    work_dir = Path(shutil.copytree(damaged.parent, open_place / "W"))
    for command in (*ALL, "config W/2", "logs W/2"):  # all that is imported is loaded
        stride(*command.split())
    for module in ("concurrent.futures", "pkgutil"):  # which those of a whole run do not need
        import_module(module)
    for name in ("", "status.json", "config.json"):
        path = work_dir / "2" / name
        path.chmod(0)
        os.seteuid(65534)
        for command in (*ALL, "config W/2", "logs W/2"):
            said = stride(*command.replace("W", str(work_dir)).split())
            assert fault(command, *said) == "", (name, command, said)
        os.seteuid(os.getuid())
        path.chmod(0o755)
