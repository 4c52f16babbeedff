"""Find components by name, and check their arguments before anything runs."""

from stride.components.bind import bind, binding_errors, construct
from stride.components.find import find
from stride.components.identity import import_path, is_user_code
from stride.components.signature import parameters
from stride.components.source import (
    difference,
    edited_file,
    module_digest,
    source_digest,
    source_of,
)

__all__ = [
    "bind",
    "binding_errors",
    "construct",
    "difference",
    "edited_file",
    "find",
    "import_path",
    "is_user_code",
    "module_digest",
    "parameters",
    "source_digest",
    "source_of",
]
