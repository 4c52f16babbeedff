"""What wandb has written without a network: records in the log format of LevelDB."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_START, _BLOCK, _HEADER = 7, 32768, 7
_WHOLE, _LAST = 1, 4


def rows(folder: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return the step and the values of each row, of all offline runs of a folder."""
    found = []
    for record in records(folder):
        if record.WhichOneof("record_type") == "history":
            items = {item.nested_key[0]: item.value_json for item in record.history.item}
            values = {name: json.loads(value) for name, value in items.items()}
            found.append((values.pop("_step"), values))
    return found


def records(folder: Path) -> Iterator[Any]:
    """Yield every record of all offline runs of a folder, once wandb's own process has ended.

    It writes the last ones a moment after a run is finished.
    """
    import wandb
    from wandb.proto.wandb_internal_pb2 import Record

    wandb.teardown()
    for file in sorted(folder.glob("offline-run-*/run-*.wandb")):
        for content in _contents(file.read_bytes()):
            record = Record()
            record.ParseFromString(content)
            yield record


def _contents(data: bytes) -> Iterator[bytes]:
    content, at = b"", _START
    while at < len(data):
        left = _BLOCK - at % _BLOCK
        if left < _HEADER:  # no room for a header: the next block begins
            at += left
            continue
        length, part = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        content += data[at + _HEADER : at + _HEADER + length]
        at += _HEADER + length
        if part in (_WHOLE, _LAST):
            yield content
            content = b""
