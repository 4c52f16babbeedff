"""A stream is cut back to where a checkpoint stands, and nothing is lost by it."""

import json
from pathlib import Path

import pytest

from stride.runs.files.atomic import read_lines
from stride.runs.layout import RunPaths
from stride.runs.streams import StreamPosition, cut_streams, missing_bytes, stream_sizes


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    paths = RunPaths(tmp_path)
    paths.segments.mkdir()
    write(paths.metrics, range(1, 7))
    return paths


def write(stream: Path, steps: range) -> None:
    stream.write_text("".join(json.dumps({"step": step}) + "\n" for step in steps))


def steps(stream: Path) -> list[int]:
    return [row["step"] for row in read_lines(stream)]


def test_rows_beyond_the_position_are_kept_beside_the_segment(paths: RunPaths) -> None:
    write(paths.fingerprints, range(1, 3))
    sizes = stream_sizes(paths)
    write(paths.metrics, range(1, 9))
    cut_streams(paths, 2, StreamPosition(6, sizes))
    assert steps(paths.metrics) == [1, 2, 3, 4, 5, 6]
    assert steps(paths.cut(2, paths.metrics)) == [7, 8]
    assert steps(paths.fingerprints) == [1, 2]
    assert not paths.cut(2, paths.fingerprints).exists()


def test_a_stream_that_did_not_exist_yet_is_cut_whole(paths: RunPaths) -> None:
    cut_streams(paths, 1, StreamPosition())
    assert paths.metrics.read_bytes() == b""
    assert steps(paths.cut(1, paths.metrics)) == [1, 2, 3, 4, 5, 6]


def test_where_no_sizes_were_recorded_the_steps_decide(paths: RunPaths) -> None:
    with paths.metrics.open("a") as file:
        file.write('{"step": 7, "torn')
    cut_streams(paths, 1, StreamPosition(4, known=False))
    assert steps(paths.metrics) == [1, 2, 3, 4]
    assert paths.cut(1, paths.metrics).read_text().endswith('"torn')


def test_what_a_power_cut_took_is_told(paths: RunPaths) -> None:
    sizes = stream_sizes(paths)
    assert missing_bytes(paths, StreamPosition(6, sizes)) == {}
    with paths.metrics.open("rb+") as file:
        file.truncate(sizes["metrics.jsonl"] - 5)
    assert missing_bytes(paths, StreamPosition(6, sizes)) == {"metrics.jsonl": 5}
    cut_streams(paths, 1, StreamPosition(6, sizes))
    assert not paths.cut(1, paths.metrics).exists()
