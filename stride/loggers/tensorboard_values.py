"""Turn the files of artifacts into the messages that TensorBoard shows."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from stride.runs.files.png import png_shape


def _image(content: bytes) -> dict[str, Any]:
    from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]

    height, width, channels = png_shape(content)
    image = Summary.Image(
        height=height, width=width, colorspace=channels, encoded_image_string=content
    )
    return {"image": image}


def _text(content: bytes) -> dict[str, Any]:
    from tensorboard.compat.proto.summary_pb2 import SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto  # type: ignore[import-untyped]
    from tensorboard.compat.proto.tensor_shape_pb2 import (  # type: ignore[import-untyped]
        TensorShapeProto,
    )
    from tensorboard.compat.proto.types_pb2 import DT_STRING  # type: ignore[import-untyped]

    plugin = SummaryMetadata.PluginData(plugin_name="text")
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype=DT_STRING, string_val=[content], tensor_shape=shape)
    return {"tensor": tensor, "metadata": SummaryMetadata(plugin_data=plugin)}


def _histogram(content: bytes) -> dict[str, Any]:
    """Return a histogram; sums are those of values in the middle of their bins."""
    from tensorboard.compat.proto.histogram_pb2 import (  # type: ignore[import-untyped]
        HistogramProto,
    )

    found = json.loads(content)
    counts, edges = found["counts"], found["edges"]
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    histogram = HistogramProto(
        min=edges[0],
        max=edges[-1],
        num=sum(counts),
        sum=sum(n * x for n, x in zip(counts, middles, strict=True)),
        sum_squares=sum(n * x * x for n, x in zip(counts, middles, strict=True)),
        bucket_limit=edges[1:],
        bucket=counts,
    )
    return {"histo": histogram}


VALUES: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "image": _image,
    "figure": _image,
    "text": _text,
    "histogram": _histogram,
}
"""What makes the fields of a summary's value out of a file, by the kind of artifact."""
