"""Sources that are cut off, damaged or meant to harm: read as far as they are whole, or refused."""

import math
import os
import random
import shutil
import struct
import zlib
from pathlib import Path

import pytest

from stride.errors import RunError
from stride.exchange.imports.find import READERS, find_places
from stride.exchange.imports.source import SourceRun, Value
from stride.exchange.imports.tfrecords import masked_crc
from stride.exchange.imports.wandb_log import MARK
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from tests.exchange.imports.sources import RECORDED, imported

FILES = {
    "tensorboard": RECORDED / "tensorboard/torch/events.out.tfevents.0.recorder",
    "lightning": RECORDED / "lightning/version_0/metrics.csv",
    "wandb": RECORDED / "wandb/offline-run-axes/run-axes.wandb",
}


def read(path: Path) -> SourceRun:
    (place,) = find_places(path)
    return READERS[place.tool](place)


def spelled(values: list[Value]) -> list[str]:
    """Return what values are, NaN too."""
    return [repr(value._replace(time=0.0)) for value in values]  # a copy has another moment


def event(**tags: float) -> bytes:
    """Return an event with numbers by their names."""
    summary = b""
    for name, number in tags.items():
        value = b"\x0a" + bytes([len(name)]) + name.encode() + b"\x15" + struct.pack("<f", number)
        summary += b"\x0a" + bytes([len(value)]) + value
    return b"\x10\x05\x2a" + bytes([len(summary)]) + summary


def tfrecord(data: bytes) -> bytes:
    size = struct.pack("<Q", len(data))
    crcs = [struct.pack("<I", masked_crc(part)) for part in (size, data)]
    return size + crcs[0] + data + crcs[1]


@pytest.mark.parametrize("tool", FILES)
def test_cut_off_anywhere_the_beginning_is_read(tool: str, tmp_path: Path) -> None:
    source, path = FILES[tool], tmp_path / FILES[tool].name
    content, whole = source.read_bytes(), spelled(read(source).values)
    for end in range(0, len(content), len(content) // 60):
        path.write_bytes(content[:end])
        try:
            found = read(path)
        except RunError:
            assert end < 64  # not even a header
            continue
        assert spelled(found.values) == whole[: len(found.values)]
    assert len(found.values) > len(whole) / 2


def test_without_its_end_a_run_of_wandb_has_failed(tmp_path: Path) -> None:
    path = tmp_path / "run-x.wandb"
    path.write_bytes(FILES["wandb"].read_bytes()[:-200])
    found = read(path)
    assert (found.state, found.reason) == ("failed", "W&B has recorded no end of it")
    assert read(FILES["wandb"]).state == "done" and len(found.values) == len(
        read(FILES["wandb"]).values
    )


@pytest.mark.parametrize("tool", FILES)
def test_a_flipped_bit_is_told_or_refused(tool: str, tmp_path: Path) -> None:
    content, draw = FILES[tool].read_bytes(), random.Random(0)
    path = tmp_path / FILES[tool].name
    for _ in range(60):
        broken = bytearray(content)
        broken[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(broken)
        try:
            found = read(path)
        except RunError:
            continue
        if tool != "lightning":  # a table has no checksum
            assert found.left_out != read(FILES[tool]).left_out


def test_a_length_of_exabytes_is_not_read(tmp_path: Path) -> None:
    size = struct.pack("<Q", 2**62)
    path = tmp_path / "events.out.tfevents.0"
    path.write_bytes(tfrecord(event(loss=0.5)) + size + struct.pack("<I", masked_crc(size)))
    found = read(path)
    assert [(value.step, value.number) for value in found.values] == [(5, 0.5)]
    assert found.left_out == ["events.out.tfevents.0: its last record is cut off"]


def test_garbage_between_whole_records_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.0"
    damaged = bytearray(tfrecord(event(loss=0.25)))
    damaged[-1] ^= 1
    records = [tfrecord(event(loss=0.5)), tfrecord(b"\xff" * 9), bytes(damaged)]
    path.write_bytes(b"".join([*records, tfrecord(event(accuracy=0.75))]))
    found = read(path)
    assert [value.number for value in found.values] == [0.5, 0.75]
    assert found.left_out == [
        "events.out.tfevents.0: records that are damaged: 1",
        "records that make no sense: 1",
    ]


def test_pieces_of_a_record_that_never_ends_are_not_kept(tmp_path: Path) -> None:
    piece = b"x" * 32_000
    middle = struct.pack("<IHB", zlib.crc32(piece, zlib.crc32(b"\3")), len(piece), 3) + piece
    path = tmp_path / "run-x.wandb"
    with path.open("wb") as file:
        file.write(MARK + b"\0")
        for _ in range(3):
            file.write(middle)
            file.write(bytes(-file.tell() % 32_768))
    assert read(path).left_out == ["run-x.wandb: its last record is cut off"]


def wandb_file(*records: bytes) -> bytes:
    """Return a file of W&B with records of less than 32 KiB together."""
    content = MARK + b"\0"
    for record in records:
        check = zlib.crc32(record, zlib.crc32(b"\1"))
        content += struct.pack("<IHB", check, len(record), 1) + record
    return content


def varint(number: int) -> bytes:
    """Return a number below 16,384 in two bytes."""
    return bytes([number & 0x7F | 0x80, number >> 7])


def field(number: int, content: bytes) -> bytes:
    """Return a field of a message."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def row(**values: str) -> bytes:
    """Return a row of the history of W&B, of values as JSON."""
    items = [field(1, key.encode()) + field(16, text.encode()) for key, text in values.items()]
    return field(2, b"".join(field(1, item) for item in items))


def test_nonsense_in_rows_breaks_no_run(tmp_path: Path) -> None:
    deep = "[" * 900 + "]" * 900
    rows = [
        row(_step="1e999", loss="0.5", _timestamp="1e300"),
        row(_step="7", loss="1" + "0" * 400, other="-Infinity", _timestamp="9" * 400),
        row(_step="8", loss=deep, other="3"),
        row(_step="9", x='{"y": {"z": 3}}', truth="true"),
        row(_step="1" + "0" * 30, loss="2"),
        row(_step="10", loss="{"),
    ]
    (tmp_path / "run-x.wandb").write_bytes(wandb_file(*rows))
    found = Run(imported(tmp_path, tmp_path / "w").path)
    told = [
        (one["step"], {k: v for k, v in one.items() if k not in ("step", "epoch", "time")})
        for one in found.metrics()
    ]
    assert told == [(0, {"loss": 0.5}), (7, {"other": -math.inf}), (9, {"x.y.z": 3})]
    assert verify_run(found.path).problems == []
    assert found.provenance["imported"]["left_out"]


@pytest.mark.parametrize("depth", [99, 150, 900])
def test_hyperparameters_that_no_record_holds_are_not_taken(depth: int, tmp_path: Path) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    config = field(1, field(1, b"net") + field(16, deep.encode()))
    (tmp_path / "run-x.wandb").write_bytes(
        wandb_file(field(17, field(8, b"name") + field(4, config)))
    )
    if depth > 100:
        found = imported(tmp_path, tmp_path / "w")
        assert (found.record.name, found.record.left_out) == (
            "name",
            ["records that make no sense: 1"],
        )
        return
    with pytest.raises(RunError, match="config has too many values, or too deep ones"):
        imported(tmp_path, tmp_path / "w")
    assert not (tmp_path / "w").exists()


def test_what_config_json_cannot_hold_of_wandb_is_left_out(tmp_path: Path) -> None:
    items = [
        field(1, field(1, key) + field(16, text))
        for key, text in ((b"lr", b"9" * 400), (b"model", rb'{"\ud800": 2}'))
    ]
    rows = [row(_step="1", x=r'{"\ud800": 1}'), row(_step="2", x="1", _timestamp="2e11")]
    (tmp_path / "run-x.wandb").write_bytes(wandb_file(field(5, b"".join(items)), *rows))
    found = Run(imported(tmp_path, tmp_path / "w").path)
    assert found.raw_config["hyperparameters"] == {"model": {"\\ud800": 2}}
    left_out = found.provenance["imported"]["left_out"]
    assert left_out == ["config: lr, which is a number beyond all floats"]
    assert verify_run(found.path).problems == []


def test_events_of_half_a_number_or_of_no_moment_are_nonsense(tmp_path: Path) -> None:
    torn = b"\x0a\x04\0\0\0\0" + event(loss=2.0)  # its time has 4 bytes
    far = [b"\x09" + struct.pack("<d", time) + event(loss=3.0) for time in (2e11, -1.0)]
    path = tmp_path / "events.out.tfevents.0"
    path.write_bytes(b"".join(map(tfrecord, [event(loss=0.5), torn, *far])))
    found = read(path)
    assert [(value.time, value.number) for value in found.values][1:] == [(0.0, 3.0)] * 2
    assert "records that make no sense: 1" in found.left_out


def test_an_axis_of_nonsense_is_no_step(tmp_path: Path) -> None:
    definition = field(12, field(2, b"*") + field(4, b"n"))
    rows = [row(_step="0", n="1" + "0" * 400, a="1"), row(_step="1", n="Infinity", a="2")]
    (tmp_path / "run-x.wandb").write_bytes(wandb_file(definition, *rows))
    found = read(tmp_path)
    assert [(value.step, value.number) for value in found.values if value.name == "a"] == [
        (0, 1),
        (1, 2),
    ]
    assert found.axes == {"a": "n"}


def test_names_are_names_and_nothing_is_obeyed(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "..dots\x1b[31m"
    folder.mkdir(parents=True)
    names = {"../../evil": 1.0, "\x1b]0;x\x07": 2.0, "step": 3.0, "time": 4.0, "epoch": 0.5}
    (folder / "events.out.tfevents.0").write_bytes(tfrecord(event(**names)))
    found = imported(tmp_path / "logs", tmp_path / "w")
    (row,) = Run(found.path).metrics()
    assert {row["../../evil"], row["\x1b]0;x\x07"]} == {1.0, 2.0}
    assert (row["step"], row["logged_step"], row["logged_time"]) == (5, 3.0, 4.0)
    assert (row["epoch"], row["logged_epoch"]) == (0, 0.5)  # it counts no epochs
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "w"]


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "events.out.tfevents.0")
    with pytest.raises(RunError, match="no run of TensorBoard"):
        find_places(tmp_path)
    secret = tmp_path / "outside"
    shutil.copy(FILES["lightning"], secret)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/metrics.csv").symlink_to(secret)
    with pytest.raises(RunError, match="is here"):
        find_places(tmp_path / "runs")


@pytest.mark.parametrize(
    ("table", "numbers"),
    [
        ("step,loss\n1,0.5\n2,0.2", [0.5]),
        ("step,loss\n1,0.5\n2\n3,0.25\n", [0.5, 0.25]),
        ("step,loss\n,0.5\nx,0.25\n3,1_0\n4,=cmd\n5,7\n", [7]),
        ("step,loss\n1,-0.0\n2,nan\n3,-inf\n4,1e400\n", ["-0.0", "nan", "-inf", "inf"]),
    ],
)
def test_cells_that_are_not_numbers_are_left_out(
    table: str, numbers: list[float | str], tmp_path: Path
) -> None:
    (tmp_path / "metrics.csv").write_text(table)
    found = read(tmp_path)
    assert [str(value.number) for value in found.values] == [*map(str, numbers)]
    assert bool(found.left_out) == (numbers != ["-0.0", "nan", "-inf", "inf"])


TABLES = {
    "bytes": b"step,loss\n1,\xff\n",
    "two of a name": b"step,step\n1,2\n",
    "a cell without end": b'step,loss\n1,"' + b"x" * 200_000 + b'"\n',
}


@pytest.mark.parametrize("what", TABLES)
def test_what_is_not_a_table_is_refused(what: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_bytes(TABLES[what])
    with pytest.raises(RunError):
        read(tmp_path)
    with pytest.raises(RunError):
        imported(tmp_path, tmp_path / "w")
    assert not (tmp_path / "w").exists()
