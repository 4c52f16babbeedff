"""From a name in the config to an object, and the check of its arguments before anything runs."""

from stride.components.bind import bind, construct
from stride.components.find import BUILT_IN, find
from stride.components.identity import import_path, source_digest, source_of
from stride.components.signature import Parameters, parameters

__all__ = [
    "BUILT_IN",
    "Parameters",
    "bind",
    "construct",
    "find",
    "import_path",
    "parameters",
    "source_digest",
    "source_of",
]
