"""Convert JSON to types of torch and NumPy: tensors, arrays, devices, dtypes."""

import sys
from collections.abc import Callable
from typing import Any

from stride.config.json_kinds import is_array
from stride.config.nonfinite import decode_numbers
from stride.config.values import NAMED, full_name


def json_constructor(cls: Any) -> Callable[[Any], Any] | None:
    """Return what makes an object of a library's class from JSON, None for any other class.

    Tensors are of float32, int64 or bool, as `torch.tensor` makes them of a list.
    """
    if not isinstance(cls, type):
        return None
    # It has the class, so it is imported already.
    library: Any = sys.modules.get(cls.__module__.partition(".")[0])
    if is_array(cls):
        make = library.tensor if hasattr(library, "tensor") else library.array
        return lambda value: _made(make, decode_numbers(value))
    if full_name(cls) == "torch.dtype":
        return lambda value: _type_of_numbers(library, value)
    return (lambda value: _made(cls, value)) if full_name(cls) in NAMED else None


def _made(make: Callable[[Any], Any], value: Any) -> Any:
    try:
        return make(value)
    except (TypeError, RuntimeError) as error:
        raise ValueError(str(error).splitlines()[0]) from error


def _type_of_numbers(torch: Any, name: Any) -> Any:
    found = getattr(torch, str(name).removeprefix("torch."), None)
    if not isinstance(found, torch.dtype):
        raise ValueError(f"must be a type of torch, as {torch.float32}")
    return found
