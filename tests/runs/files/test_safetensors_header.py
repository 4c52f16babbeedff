"""The header of a safetensors file: what it may say, and what is refused by the tensor's name."""

import json
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError
from stride.runs.files.safetensors_header import check_tensors, read_header


def file_of(header: object, numbers: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


def place(begin: Any, end: Any, shape: Any = None, dtype: Any = "U8") -> dict[str, Any]:
    shape = [end - begin] if shape is None else shape
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def read(path: Path, content: bytes) -> Any:
    path.write_bytes(content)
    with path.open("rb") as file:
        return read_header(file)


def test_the_tensors_are_told_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    described = {
        "late": place(4, 8, [1], "F32"),
        "empty": place(4, 4, [2, 0]),
        "early": place(0, 4),
        "half bytes": place(8, 9, [2], "F4"),
        "__metadata__": {"made": "here"},
    }
    content = file_of(json.dumps(described).encode() + b"   ", bytes(9))
    header = read(tmp_path / "a", content)
    start = len(content) - 9
    assert (header.content, header.metadata) == (content[:start], {"made": "here"})
    assert list(header.tensors) == ["early", "empty", "late", "half bytes"]
    assert header.tensors["late"] == ("F32", (1,), start + 4, start + 8)
    assert header.tensors["empty"] == ("U8", (2, 0), start + 4, start + 4)
    assert read(tmp_path / "b", file_of({})).tensors == {}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "cut off in its header"),
        (b"\xff" * 8, "cut off in its header"),
        (file_of({})[:-1], "cut off in its header"),
        ((2**63).to_bytes(8, "little") + b"{}", "cut off in its header"),
        (file_of(b""), "not a JSON object"),
        (file_of([]), "not a JSON object"),
        (file_of(b" {}"), "not a JSON object"),
        (file_of("{}".encode("utf-16-le")), "not JSON"),
        (file_of(b"{garbage"), "not JSON"),
        (file_of(b'{"\xff": 1}'), "not JSON"),
        (file_of(b'{"a":' * 100_000), "not JSON"),
        (file_of(b'{"a": %s}' % (b"9" * 5000)), "not JSON"),
        (file_of(b'{"a": 1, "b": 1, "a": 1}'), "has 'a' twice"),
        (file_of(b'{"a": {"shape": [1], "shape": [2]}}'), "has 'shape' twice"),
        (file_of({"__metadata__": ["x"]}), "not texts by name"),
        (file_of({"__metadata__": {"x": 1}}), "not texts by name"),
    ],
)
def test_a_header_that_is_none_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(RunError, match=told):
        read(tmp_path / "a", content)


NOT_DESCRIBED = "does not describe the tensor 'x'"
NO_NUMBER = "'x' has a length or place that is not a number from 0 on"
OTHER = "'x' has another number of bytes than its shape"


@pytest.mark.parametrize(
    ("described", "told"),
    [
        (3, NOT_DESCRIBED),
        ({}, NOT_DESCRIBED),
        ({"dtype": "U8", "shape": [4]}, NOT_DESCRIBED),
        (place(0, 4) | {"data_offsets": [0, 2, 4]}, NOT_DESCRIBED),
        (place(0, 4, 4), NOT_DESCRIBED),
        (place(0, 4, dtype=["U8"]), NOT_DESCRIBED),
        (place(-4, 0, [4]), NO_NUMBER),
        (place(0, 4, [-4]), NO_NUMBER),
        (place(0, 4, [-2, -2]), NO_NUMBER),
        (place(0, 4, [4.0]), NO_NUMBER),
        (place(0, 4, [True, 4]), NO_NUMBER),
        (place(0, 4, "4"), NO_NUMBER),
        (place(0, 1, {}), NO_NUMBER),
        (place(0.0, 4.0, [4]), NO_NUMBER),
        (place(0, 4, dtype="F99"), "'x' has the unknown type 'F99'"),
        (place(4, 0, [4]), OTHER),
        (place(0, 4, [3]), OTHER),
        (place(0, 4, [4], "F32"), OTHER),
        (place(0, 4, [7], "F4"), OTHER),
        (place(0, 4, [2**62, 4, 1]), "'x' has a shape that no memory holds"),
        (place(0, 0, [2**62, 2**62, 0]), "'x' has a shape that no memory holds"),
        (place(0, 5), "'x' is cut off"),
        (place(0, 2**62), "'x' is cut off"),
        (place(1, 4), "'x' does not begin where the one before it ends"),
        (place(0, 3), "4 bytes of numbers, where the header tells of 3"),
    ],
)
def test_a_tensor_that_is_not_in_its_place_is_refused(
    tmp_path: Path, described: Any, told: str
) -> None:
    with pytest.raises(RunError, match=told):
        read(tmp_path / "a", file_of({"x": described}, b"1234"))


@pytest.mark.parametrize(
    ("first", "second"), [((0, 3), (2, 4)), ((0, 4), (0, 4)), ((0, 1), (2, 4)), ((0, 4), (1, 2))]
)
def test_tensors_that_overlap_or_leave_a_hole_are_refused(
    tmp_path: Path, first: tuple[int, int], second: tuple[int, int]
) -> None:
    content = file_of({"y": place(*first), "x": place(*second)}, b"1234")
    with pytest.raises(RunError, match=r"the tensor '[xy]' does not begin where"):
        read(tmp_path / "a", content)


def test_a_file_on_disk_is_checked_and_named_where_it_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(file_of({"x": place(0, 4)}, b"1234"))
    check_tensors(tmp_path / "a")
    with pytest.raises(RunError, match="gone"):
        check_tensors(tmp_path / "gone")
