import json
import os
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stride.errors import RunError, StrideError
from stride.runs.files.encoding import json_bytes
from stride.runs.files.jsonl import LineFile, as_row, blocks, read_lines, scan

ROWS = [{"step": n, "validation/epoch_loss": n / 7, "note": "ü\n"} for n in range(5)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def test_rows_come_back_in_order(path: Path) -> None:
    with LineFile(path) as lines:
        lines.append(ROWS[:2])
        lines.append([])
        lines.append(ROWS[2:])
        assert read_lines(path) == ROWS
    assert path.read_bytes().count(b"\n") == len(ROWS)


def test_what_was_there_stays(path: Path) -> None:
    for row in ROWS:
        with LineFile(path) as lines:
            lines.append([row])
    assert read_lines(path) == ROWS


def test_no_file_is_an_empty_stream(path: Path) -> None:
    assert read_lines(path) == []


ENDS = list(accumulate(len(json_bytes(row)) for row in ROWS))


def torn_at_each_end(test: Callable[[int], None]) -> Callable[[int], None]:
    """Have a property always be tried where a row ends: with its newline, without, and beyond."""
    for end in (0, *ENDS):
        for cut in (end - 2, end - 1, end, end + 1):
            test = example(max(0, cut))(test)
    return test


@torn_at_each_end
@given(st.integers(0, 10**6))
def test_a_torn_last_line_is_passed_over_and_mended(cut: int) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder, "metrics.jsonl")
        with LineFile(path) as lines:
            lines.append(ROWS)
        whole = path.read_bytes()
        assert len(whole) == ENDS[-1]
        kept = whole[: cut % (len(whole) + 1)]
        path.write_bytes(kept)
        seen = read_lines(path)
        # A row whose newline alone is missing is whole.
        assert seen == ROWS[: len(seen)]
        assert len(seen) - kept.count(b"\n") in (0, 1)
        with LineFile(path) as lines:
            lines.append([{"new": 1}])
        assert read_lines(path) == [*seen, {"new": 1}]
        assert all(json.loads(line) for line in path.read_bytes().splitlines())


@pytest.mark.parametrize("last", range(len(ROWS)))
def test_a_row_that_lacks_its_newline_alone_is_whole(path: Path, last: int) -> None:
    with LineFile(path) as lines:
        lines.append(ROWS[: last + 1])
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert read_lines(path) == ROWS[: last + 1]
    with LineFile(path) as lines:
        lines.append([{"new": 1}])
    assert path.read_bytes() == whole + b'{"new": 1}\n'


@pytest.mark.parametrize("missing", [1, 2, 11])
def test_a_last_line_that_is_ended_while_it_is_read_is_no_two_lines(
    path: Path, missing: int
) -> None:
    content = b'{"step": 1}\n{"step": 2}\n'
    path.write_bytes(content[:-missing])

    def go_on(_: int) -> None:
        path.write_bytes(content + b'{"step": 3}\n')

    seen = []
    for _, row in scan(path, on_torn=go_on):
        seen.append(row["step"])
        if row["step"] == 2:  # whole, but for its newline
            go_on(2)
    assert seen == ([1, 2] if missing == 1 else [1])
    assert [row["step"] for row in read_lines(path)] == [1, 2, 3]


def test_a_torn_line_longer_than_one_look_is_mended(path: Path) -> None:
    path.write_bytes(b'{"step": 1}\n{"text": "' + b"x" * 200_000)
    with LineFile(path) as lines:
        lines.append([{"step": 2}])
    assert read_lines(path) == [{"step": 1}, {"step": 2}]


def test_the_end_of_a_stream_longer_than_one_look_is_found(path: Path) -> None:
    rows = [{"step": n, "text": "x" * 100} for n in range(1000)]
    with LineFile(path) as lines:
        lines.append(rows)
    with path.open("ab") as file:
        file.write(b'{"step": 1000, "te')
    with LineFile(path) as lines:
        lines.append([{"step": 1000}])
    assert read_lines(path) == [*rows, {"step": 1000}]


@pytest.mark.parametrize("line", [b"not json", b"", b"[1]", b"17", b"\xff\xfe", b"[" * 100_000])
def test_a_broken_line_inside_is_named(path: Path, line: bytes) -> None:
    path.write_bytes(b'{"step": 1}\n' + line + b'\n{"step": 3}\n')
    with pytest.raises(RunError) as caught:
        read_lines(path)
    assert str(caught.value) == f"line 2 is not a JSON object ({path})"


PIECES = ["{", "}", '"a":', "1", ",", "[", "]", '"', " ", "\n", '{"a":1}\n', '{"b":[{}]}\n', "NaN"]
LONG = "9" * 309


@given(st.lists(st.sampled_from([*PIECES, LONG]), max_size=14).map("".join))
@example('{"a":1},{"b":2\n"c":3}\n')
@example('{"a":1},{"b":[{}\n{}]}\n')
@example('{"a":[1\n{"b":2}]},3\n')
@example('{"a":1}{"b":\n2}\n')
@example('{"a":"x\n{y"},3\n')
@example('{"a":1},2\n')
@example('{"a":1}\n{"a":' + LONG + "}\n")
def test_lines_read_together_are_those_read_one_by_one(content: str) -> None:
    from tempfile import TemporaryDirectory

    lines = content.encode().splitlines(keepends=True)
    rows = [as_row(line) for line in lines]
    broken = None in rows[: len(rows) - (not content.endswith("\n"))]
    with TemporaryDirectory() as folder:
        path = Path(folder, "metrics.jsonl")
        path.write_bytes(content.encode())
        if broken:
            with pytest.raises(RunError, match=f"line {rows.index(None) + 1} is not a JSON object"):
                read_lines(path)
        else:
            assert read_lines(path) == [row for row in rows if row is not None]


def test_a_long_stream_is_read_in_blocks(path: Path) -> None:
    rows = [{"step": n, "text": "x" * 100} for n in range(6000)]
    with LineFile(path) as lines:
        lines.append(rows)
    found = [*blocks(path)]
    assert [row for block in found for row in block] == rows
    assert 2 < len(found) < 10 and max(map(len, found)) < 3000
    with path.open("ab") as file:
        file.write(b'{"step": 6000}\nnot json\n')
    seen = []
    with pytest.raises(RunError, match="line 6002 is not a JSON object"):
        for number, row in scan(path):
            assert row["step"] == number - 1
            seen.append(number)
    assert seen[-1] == 6001


def test_an_unreadable_stream_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"is a folder, not a file \(.*\)"):
        read_lines(tmp_path)


def test_one_append_is_one_write(path: Path) -> None:
    """A reader between two looks sees all rows of a batch or none."""
    with LineFile(path) as lines:
        lines.append(ROWS)
        before = path.stat().st_size
        lines.append(ROWS)
        assert path.stat().st_size == 2 * before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_told_in_one_line(path: Path) -> None:
    lines = LineFile(path)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, lines._descriptor)
    os.close(full)
    with pytest.raises(StrideError) as caught:
        lines.append(ROWS)
    assert str(caught.value) == f"cannot write: No space left on device ({path})"
    with pytest.raises(StrideError):  # /dev/full cannot be synced either; the file is closed
        lines.close()
    lines.close()


def test_a_write_cut_short_by_the_disk_leaves_no_part(path: Path) -> None:
    """A real limit of the system on the size of files stands for the full disk."""
    import resource

    with LineFile(path) as lines:
        lines.append(ROWS)
        size = path.stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
        try:
            with pytest.raises(StrideError, match="cannot write: File too large"):
                lines.append(ROWS)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.stat().st_size == size
        lines.append(ROWS)
    assert read_lines(path) == [*ROWS, *ROWS]


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(StrideError, match="is a folder, not a file"):
        LineFile(tmp_path)
