"""Runs as event files of TensorBoard, with their hyperparameters."""

import json
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from stride.exchange.export.artifacts import broken_artifact
from stride.exchange.export.hparams import hparams
from stride.exchange.export.source import Source
from stride.exchange.export.target import Begin, Target
from stride.loggers.base import numbers_of
from stride.loggers.tensorboard_file import EventFile
from stride.loggers.tensorboard_values import VALUES
from stride.runs.files.safe_open import read_own
from stride.runs.status import CLEAN_END, FINAL
from stride.visible import quoted

_CONFIG = "config"
"""The tag under which TensorBoard shows a run's config as text."""

_EXACT = "float64/"
"""What the tags of numbers begin with that have all of their bits."""

_Event = tuple[int, float, list[dict[str, Any]]]  # step, time, and the fields of its values


class TensorBoardTarget(Target):
    """Write a folder with one file of events for each run.

    Scalars have the names, steps and times of the rows, `epoch` among them; the test split's
    metrics stand at the last step. TensorBoard draws numbers of 32 bits and no others: its web
    server skips scalars of 64. So each stands there a second time, with all of its bits, as a
    tensor under `float64/NAME`, which no dashboard shows and `EventAccumulator.Tensors` reads.
    """

    name: ClassVar[str] = "tensorboard"
    package: ClassVar[str] = "tensorboard"
    artifacts: ClassVar[bool] = True

    def write(self, sources: Sequence[Source], folder: Path, begin: Begin) -> None:
        """Write the folders, each of its run's label."""
        for source, settings in zip(sources, hparams(sources), strict=True):
            begin(source)
            created = source.row.created
            name = f"events.out.tfevents.{created:.0f}.stride"
            with closing(EventFile(folder / source.label / name, created)) as file:
                for step, time, values in _events(source, settings):
                    file.write(step, time, values)

    def look(self, folder: Path) -> str:
        """Return the command that shows the folder in a browser."""
        return f"tensorboard --logdir {quoted(folder)}"


def _events(source: Source, settings: Mapping[str, Any]) -> Iterator[_Event]:
    created, step = source.row.created, 0
    ended = source.row.ended or created
    yield 0, created, [_start(source, settings), _config(source)]
    for row in source.rows():
        step, numbers = row["step"], numbers_of(row)
        yield step, row["time"], [*_scalars(numbers)]
    for row in source.artifacts:
        yield row["step"], row["time"], [_artifact(row)]
    yield step, ended, [*_scalars(source.row.test), _end(source)]


def _artifact(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an artifact as the logger writes it.

    Raises:
        BrokenRecord: its file is not what the row says.
    """
    try:
        return {"tag": row["name"], **VALUES[row["kind"]](read_own(row["path"], sys.maxsize))}
    except (ValueError, LookupError, TypeError, struct.error) as error:
        raise broken_artifact(row, error) from error


def _scalars(numbers: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    """Yield each number as it is drawn, and with all of its bits."""
    from tensorboard.compat.proto.summary_pb2 import (  # type: ignore[import-untyped]
        DATA_CLASS_TENSOR,
        SummaryMetadata,
    )
    from tensorboard.compat.proto.tensor_pb2 import TensorProto  # type: ignore[import-untyped]
    from tensorboard.compat.proto.types_pb2 import DT_DOUBLE  # type: ignore[import-untyped]

    plugin = SummaryMetadata.PluginData(plugin_name="stride")  # none that draws
    metadata = SummaryMetadata(plugin_data=plugin, data_class=DATA_CLASS_TENSOR)
    for name, number in numbers.items():
        yield {"tag": name, "simple_value": number}
        tensor = TensorProto(dtype=DT_DOUBLE, double_val=[number], tensor_shape={})
        yield {"tag": f"{_EXACT}{name}", "tensor": tensor, "metadata": metadata}


def _config(source: Source) -> dict[str, Any]:
    """Return the whole config as text, of which TensorBoard takes four spaces for code."""
    lines = json.dumps(source.config, indent=2, ensure_ascii=False).splitlines()
    content = "\n".join(f"    {line}" for line in lines).encode("utf-8", "backslashreplace")
    return {"tag": _CONFIG, **VALUES["text"](content)}


def _start(source: Source, settings: Mapping[str, Any]) -> dict[str, Any]:
    from tensorboard.plugins.hparams.metadata import (  # type: ignore[import-untyped]
        SESSION_START_INFO_TAG,
    )
    from tensorboard.plugins.hparams.plugin_data_pb2 import (  # type: ignore[import-untyped]
        HParamsPluginData,
        SessionStartInfo,
    )

    info = SessionStartInfo(start_time_secs=source.row.started or source.row.created)
    for key, value in settings.items():
        field = info.hparams[key]
        if isinstance(value, bool):
            field.bool_value = value
        elif isinstance(value, int | float):
            field.number_value = value
        else:
            field.string_value = value if isinstance(value, str) else json.dumps(value)
    return _session(SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=info))


def _end(source: Source) -> dict[str, Any]:
    from tensorboard.plugins.hparams import api_pb2  # type: ignore[import-untyped]
    from tensorboard.plugins.hparams.metadata import SESSION_END_INFO_TAG
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo

    state = source.row.state
    word = "SUCCESS" if state in CLEAN_END else "FAILURE" if state in FINAL else "RUNNING"
    status = api_pb2.Status.Value(f"STATUS_{word}")
    info = SessionEndInfo(status=status, end_time_secs=source.row.ended or source.row.created)
    return _session(SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=info))


def _session(tag: str, data: Any) -> dict[str, Any]:
    """Return what the plugin of hyperparameters reads: all of it is in the metadata."""
    from tensorboard.plugins.hparams.metadata import NULL_TENSOR, create_summary_metadata

    return {"tag": tag, "tensor": NULL_TENSOR, "metadata": create_summary_metadata(data)}
