"""First lines of docstrings are sentences in the field's words."""

import ast
from pathlib import Path

import pytest

import stride

ROOT = Path(stride.__file__).parent
PACKAGES = ("active", "components", "config", "data", "launch", "loggers", "metrics", "models")
PACKAGES += ("benchmark", "runs", "../cli/stride_cli")
PACKAGES += ("callbacks", "distributed", "engine", "trainer", "trainers")
FILES = [*ROOT.glob("*.py"), *(file for name in PACKAGES for file in (ROOT / name).rglob("*.py"))]
DIALECT = ("is no ", "anew", "other than", "passed over", "nobody")
KINDS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_first_lines_are_plain_sentences(file: Path) -> None:
    nodes = [n for n in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(n, KINDS)]
    lines = [(ast.get_docstring(node) or ".").splitlines()[0] for node in nodes]
    odd = [line for line in lines if line[-1] not in ".:" or any(word in line for word in DIALECT)]
    assert odd == []
