"""The page for programs is true: its commands run as they stand, and it names every error."""

import json
import re
import shlex
from pathlib import Path

from stride import errors
from stride_cli.programs.agent_info import PAGE
from tests.stride_cli.conftest import Stride
from tests.stride_cli.programs.test_answer_schemas import check
from tests.warm import Warm

TEXT = PAGE.read_text()
TYPED = re.findall(r"^  stride (.*)$", TEXT, re.MULTILINE)


def test_the_page_is_what_the_command_prints(stride: Stride) -> None:
    assert stride("agent-info") == (0, TEXT, "")
    assert len(TEXT.splitlines()) < 80 and max(map(len, TEXT.splitlines())) <= 100
    assert json.loads(stride("agent-info", "--schema", "ls").out)["$schema"]
    wrong = stride("agent-info", "--schema", "lss")
    assert wrong.code == 2 and "did you mean 'ls'?" in wrong.err


def test_each_command_of_the_page_works_and_fits_its_schema(tmp_path: Path, warm: Warm) -> None:
    for line in TYPED:
        words = shlex.split(line)
        done = warm.stride(*words, folder=tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        if "--json" in words:
            check(words[0], done.stdout)
        if words[0] in ("show", "diff") and "--records" not in words:
            assert len(done.stdout) < 2500, line


def test_the_page_names_every_code_of_an_error() -> None:
    kinds = [e for e in vars(errors).values() if isinstance(e, type)]
    codes = {e.code for e in kinds if issubclass(e, errors.StrideError)}
    codes |= {"usage", "query", "slurm", "output", "unexpected", "interrupted"}
    told = TEXT[TEXT.index("code is one of") :]
    assert codes <= set(re.findall(r"\w+", told))
