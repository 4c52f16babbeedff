"""A stream is cut back to where a checkpoint stands, and nothing is lost by it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from stride.errors import StrideError
from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths
from stride.runs.streams import StreamPosition, cut_streams, missing_bytes, stream_sizes
from stride.runs.writer import RunWriter


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[RunWriter]:
    RunWriter.start(tmp_path, config={"seed": 0}, provenance={}).close("interrupted")
    writer = RunWriter.resume(tmp_path / "0")
    yield writer
    writer.close("done")


@pytest.fixture
def paths(writer: RunWriter) -> RunPaths:
    write(writer.paths.metrics, range(1, 7))
    return writer.paths


def write(stream: Path, steps: range) -> None:
    stream.write_text("".join(json.dumps({"step": step}) + "\n" for step in steps))


def steps(stream: Path) -> list[int]:
    return [row["step"] for row in read_lines(stream)]


def test_rows_beyond_the_position_are_kept_beside_the_segment(
    writer: RunWriter, paths: RunPaths
) -> None:
    write(paths.fingerprints, range(1, 3))
    sizes = stream_sizes(paths)
    write(paths.metrics, range(1, 9))
    cut_streams(writer, StreamPosition(6, sizes))
    assert steps(paths.metrics) == [1, 2, 3, 4, 5, 6]
    assert steps(paths.cut(1, paths.metrics)) == [7, 8]
    assert steps(paths.fingerprints) == [1, 2]
    assert not paths.cut(1, paths.fingerprints).exists()


def test_each_stream_of_a_run_is_cut_back(writer: RunWriter, paths: RunPaths) -> None:
    streams = (paths.metrics, paths.fingerprints, paths.rounds)
    for stream in streams:
        write(stream, range(1, 4))
    sizes = stream_sizes(paths)
    for stream in streams:
        write(stream, range(1, 6))
    cut_streams(writer, StreamPosition(3, sizes))
    for stream in streams:
        assert (steps(stream), steps(paths.cut(1, stream))) == ([1, 2, 3], [4, 5])


def test_rows_are_kept_apart_before_they_are_cut_off(writer: RunWriter, paths: RunPaths) -> None:
    paths.cut(1, paths.metrics).mkdir()
    with pytest.raises(StrideError, match="cannot write"):
        cut_streams(writer, StreamPosition())
    assert steps(paths.metrics) == [1, 2, 3, 4, 5, 6]


def test_a_stream_that_did_not_exist_yet_is_cut_whole(writer: RunWriter, paths: RunPaths) -> None:
    cut_streams(writer, StreamPosition())
    assert paths.metrics.read_bytes() == b""
    assert steps(paths.cut(1, paths.metrics)) == [1, 2, 3, 4, 5, 6]


def test_where_no_sizes_were_recorded_the_steps_decide(writer: RunWriter, paths: RunPaths) -> None:
    with paths.metrics.open("a") as file:
        file.write('{"step": 7, "torn')
    cut_streams(writer, StreamPosition(4, known=False))
    assert steps(paths.metrics) == [1, 2, 3, 4]
    assert paths.cut(1, paths.metrics).read_text().endswith('"torn')


def test_what_a_power_cut_took_is_told(writer: RunWriter, paths: RunPaths) -> None:
    sizes = stream_sizes(paths)
    assert missing_bytes(paths, StreamPosition(6, sizes)) == {}
    with paths.metrics.open("rb+") as file:
        file.truncate(sizes["metrics.jsonl"] - 5)
    assert missing_bytes(paths, StreamPosition(6, sizes)) == {"metrics.jsonl": 5}
    cut_streams(writer, StreamPosition(6, sizes))
    assert not paths.cut(1, paths.metrics).exists()


def test_who_has_a_stream_open_from_before_writes_into_it_no_more(
    writer: RunWriter, paths: RunPaths
) -> None:
    with paths.metrics.open("ab") as late:
        cut_streams(writer, None)
        late.write(b'{"step": 7}\n{"step": 8, "tor')
        late.truncate(3)
    assert steps(paths.metrics) == [1, 2, 3, 4, 5, 6]
