"""Every command and every Python block of the pages for readers works as shown."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.integration.cluster import Cluster, missing
from tests.warm import Warm

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "examples").rglob("*.md"))
OF_EXAMPLES = [page for page in PAGES if page.is_relative_to(ROOT / "examples")]
"""Their commands are run by tests/examples/test_examples.py, which looks at what they do."""

SLURM = ROOT / "docs" / "slurm.md"  # its commands need a cluster

NOT_RUN = ("make demo", "make test", "pip install ")
"""What sets a machine up; continuous integration does that, and these tests run in it."""

NEEDS = {
    "torchrun --nnodes=": "several machines, see tests/integration/test_two_hosts.py",
    "srun ": "a cluster, see tests/integration/test_srun.py",
}
"""What other tests run in its place, by how the command begins; only on the page for it."""

MACHINES = ROOT / "docs" / "many-processes.md"

HOME = "/path/to/project"  # where the pages say that commands were typed
GAP = "..."  # a line that stands for any number of lines

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TIMES = re.compile(r"\b(now|\d+(\.\d+)?[dhms]( \d\d[hms])?)(?=\s|$|,)")
_OF_BASH = re.compile(r"[|&;<>$`*?~#]")
_NUMBER = re.compile(r"\d[\d.,:e+-]*")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, and the output that the page shows right below it.

    Attributes:
        place: page:line, for messages.
        language: as after the fence.
        text: what stands between the fences.
        output: the lines of the `text` block that follows, None without one.
    """

    place: str
    language: str
    text: str
    output: list[str] | None

    def commands(self) -> list[str]:
        """Return the commands of a bash block, one each."""
        return [line for line in self.text.replace("\\\n", " ").splitlines() if line.strip()]

    @property
    def refused(self) -> bool:
        """Tell whether the page shows that the commands are refused."""
        signs = ("error: ", '{"error": ')
        return any(sign in line for line in self.output or () for sign in signs)


class Done(NamedTuple):
    """How a command ended, and both its streams as one text."""

    code: int
    output: str


class Place:
    """A folder with the examples in it, where commands run as a reader would type them.

    Args:
        path: the folder.
        warm: runs what needs no shell, to spare most commands the time to load torch.

    Attributes:
        path: the folder.
        environment: of the commands.
    """

    def __init__(self, path: Path, warm: Warm) -> None:
        self.path = path
        self._warm = warm
        self._typed = False  # a command of this page
        skip = shutil.ignore_patterns("work_dirs", "__pycache__", ".ipynb_checkpoints")
        shutil.copytree(ROOT / "examples", path / "examples", ignore=skip)
        scripts = os.path.dirname(sys.executable)
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
            "XDG_CACHE_HOME": str(path / ".cache"),
            "XDG_STATE_HOME": str(path / ".state"),
            "OMP_NUM_THREADS": "1",
        }

    def run(self, *command: str, folder: str = ".") -> Done:
        """Run a command in a folder below this place."""
        done = subprocess.run(
            command,
            cwd=self.path / folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        return Done(done.returncode, done.stdout)

    def bash(self, line: str, folder: str = ".") -> Done:
        """Run one line of bash in a folder below this place; the first is a process of its own."""
        first, self._typed = not self._typed, True
        if first or not line.startswith("stride ") or _OF_BASH.search(line):
            return self.run("bash", "-c", line, folder=folder)
        options = {"folder": self.path / folder, "environment": self.environment, "merged": True}
        done = self._warm.stride(*shlex.split(line)[1:], **options)
        return Done(done.returncode, done.stdout)

    def python(self, text: str) -> Done:
        """Run a text as a script here."""
        script = self.path / "block.py"
        script.write_text(text)
        done = self._warm.python(
            script.name, folder=self.path, environment=self.environment, merged=True
        )
        return Done(done.returncode, done.stdout)

    def as_on_the_page(self, output: str) -> str:
        """Return an output with this place's path as the pages have it."""
        return output.replace(str(self.path.resolve()), HOME).replace(str(self.path), HOME)


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page, each with the output that follows it."""
    text = page.read_text()
    fences = list(_FENCE.finditer(text))
    for fence, following in zip_longest(fences, fences[1:]):
        line = text.count("\n", 0, fence.start()) + 1
        output = None
        if (
            following
            and following[1] == "text"
            and not text[fence.end() : following.start()].strip()
        ):
            output = following[2].splitlines()
        yield Block(f"{page.relative_to(ROOT)}:{line}", fence[1], fence[2], output)


def differences(shown: list[str], found: str) -> str:
    """Return the first line of a page's output that did not come, or the empty text.

    Numbers, times and the width of gaps may differ; words and the order of lines may not. A line
    of three dots stands for any number of lines.
    """
    for count in range(1, len(shown) + 1):
        if not _matches([*shown[:count], GAP], found):
            return f"{shown[count - 1]!r} did not come in its place in:\n{found}"
    return "" if _matches(shown, found) else f"more came after {shown[-1:]}:\n{found}"


def _matches(shown: list[str], found: str) -> bool:
    parts = [
        r"(.*\n)*" if line.strip() == GAP else re.escape(_shape(line)) + r"\n" for line in shown
    ]
    came = "".join(f"{_shape(line)}\n" for line in found.splitlines())
    return re.fullmatch("".join(parts), came) is not None


def _shape(line: str) -> str:
    """Return a line with every time and number as a sign of its own."""
    return " ".join(_NUMBER.sub("#", _TIMES.sub("#", line)).split())


@pytest.fixture
def place(tmp_path: Path, warm: Warm) -> Place:
    """Return a folder to run commands in."""
    return Place(tmp_path, warm)


def relative(page: Path) -> str:
    """Return a page's name for the list of tests."""
    return page.relative_to(ROOT).as_posix()


def param(page: Path) -> Any:
    """Return a page as an argument of a test."""
    slow = [pytest.mark.slow] if page == SLURM else []
    return pytest.param(page, marks=slow, id=relative(page))


@pytest.fixture
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start a SLURM on this machine; return the variables that lead to it."""
    if missing():
        pytest.skip(missing())
    with Cluster(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster.environment


@pytest.mark.parametrize("page", [param(page) for page in PAGES if page not in OF_EXAMPLES])
def test_every_block_of_a_page_runs_and_gives_what_the_page_shows(
    page: Path, place: Place, request: pytest.FixtureRequest
) -> None:
    if page == SLURM:
        place.environment |= request.getfixturevalue("slurm")
    home = page.parent.relative_to(ROOT) if page.parent != ROOT / "docs" else Path()
    for block in blocks(page):
        if block.language == "bash":
            run_commands(block, place, home)
        elif block.language == "python":
            done = place.python(block.text)
            assert done.code == 0, f"{block.place}\n{done.output}"
            check_output(block, place, done.output)


def run_commands(block: Block, place: Place, folder: Path) -> None:
    """Run the commands of a block one after the other, and compare what came with the page."""
    output = ""
    for line in block.commands():
        elsewhere = tuple(NEEDS) if block.place.startswith(relative(MACHINES)) else ()
        if line.startswith((*NOT_RUN, *elsewhere)) or (
            line.startswith("jq ") and shutil.which("jq") is None
        ):
            continue
        if line.startswith("cd "):
            folder = folder / line.removeprefix("cd ")
            continue
        done = place.bash(line, folder)
        assert done.code == (2 if block.refused else 0), f"{block.place}: {line}\n{done.output}"
        output += done.output
    check_output(block, place, output)


def check_output(block: Block, place: Place, output: str) -> None:
    """Compare the output of a block with what the page shows of it, if it shows any."""
    if block.output is not None:
        difference = differences(block.output, place.as_on_the_page(output))
        assert not difference, f"{block.place}: {difference}"


def test_the_pages_are_there() -> None:
    names = {relative(page) for page in PAGES}
    assert names >= {"README.md", "docs/README.md", "docs/first-steps.md", "docs/run-folder.md"}


def test_only_blocks_of_known_languages() -> None:
    known = {"bash", "python", "text", "json", "toml"}
    assert {block.language for page in PAGES for block in blocks(page)} <= known


@pytest.mark.parametrize(
    ("shown", "found", "what"),
    [
        (["a 1.5", "b"], "a 2.5\nb", ""),
        (["took 4m 05s, now"], "took 3s, 2h", ""),
        (["a   b"], "a b", ""),
        (["a", "...", "c"], "a\nb\nc", ""),
        (["a", "..."], "a\nb\nc", ""),
        (["a", "c"], "a\nb\nc", "did not come"),
        (["a", "...", "d"], "a\nb\nc", "did not come"),
        (["a", "...", "b", "a"], "a\nb", "did not come"),
        (["a"], "a\nb", "more came"),
        (["a 1", "...", "a 9", "b"], "a 1\na 2\na 9\nb", ""),
        ([], "a", "more came"),
        (["done 3s"], "failed 3s", "did not come"),
    ],
)
def test_differences(shown: list[str], found: str, what: str) -> None:
    difference = differences(shown, found)
    assert what in difference if what else difference == ""


@pytest.mark.parametrize("beginning", NEEDS)
def test_what_is_run_elsewhere_is_on_the_page_and_run_there(beginning: str) -> None:
    commands = [line for one in blocks(MACHINES) for line in one.commands()]
    assert any(line.startswith(beginning) for line in commands)
    assert (ROOT / NEEDS[beginning].rpartition(" ")[2]).is_file()
