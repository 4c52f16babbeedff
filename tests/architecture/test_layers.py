"""The layers of the design, checked by import-linter and by what a fresh process loads."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from stride.config import resolve_layers
from stride.runs.writer import RunWriter

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "stride").rglob("*.py"), *(ROOT / "cli").rglob("*.py")])
CONTRACTS = 7


def test_every_import_contract_is_kept() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"Contracts: {CONTRACTS} kept, 0 broken." in found.stdout


def loaded(statement: str, *words: str) -> set[str]:
    """Return the modules that a fresh process has loaded after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(list(sys.modules)), file=sys.stderr)"
    command = [sys.executable, "-c", code, *words]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert found.returncode == 0, found.stderr
    return set(json.loads(found.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement",
    [
        "import stride",
        "from stride import Run, Config, StrideError",
        "import stride.config",
        "import stride.runs.listing.query",
        "import stride.runs.run",
        "import stride_cli.app",
    ],
)
def test_reading_needs_neither_torch_nor_numpy(statement: str) -> None:
    assert not loaded(statement) & {"torch", "numpy"}


@pytest.fixture(scope="module")
def work_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a work_dir with two runs."""
    folder = tmp_path_factory.mktemp("runs") / "W"
    for seed in (1, 2):
        config = resolve_layers(work_dir=folder, overrides={"seed": seed}).config.to_json()
        writer = RunWriter.start(folder, config=config, provenance={})
        row = {"step": 1, "epoch": 1, "time": 1.0, "validation/epoch_loss": seed}
        writer.append(writer.paths.metrics, [row])
        writer.paths.logs.mkdir()
        writer.paths.log(0).touch()
        writer.close("done")
    return folder


READING = [
    "ls W",
    "ls W --json -m val_loss",
    "show W/0",
    "diff W/0 W/1",
    "stats W -m val_loss",
    "better W seed==1 seed==2 -m val_loss",
    "benchmark W -m val_loss",
    "compare W",
    "config W/0",
    "config W --set seed=1",
    "config --config work_dir=W",
    "config W lr=3 --changed",
    "path W/latest",
    "logs W/0",
    "tag W/0 +paper -old",
    "note W/0 good",
    "rm W/0 --dry-run",
    "restore W",
    "purge W",
    "prune W/0 --dry-run",
    "export W --to csv -o W/csv",
    "plot W -o W/p.svg",
    "report W",
    "card W/0",
    "--version",
]


@pytest.mark.parametrize("command", READING)
def test_a_reading_command_needs_neither_torch_nor_numpy(command: str, work_dir: Path) -> None:
    """Law 9, in a fresh process."""
    words = [str(work_dir / word[2:]) if word[0] == "W" else word for word in command.split()]
    words = [f"work_dir={work_dir}" if word == "work_dir=W" else word for word in words]
    start = "from stride_cli.app import app; print(app(sys.argv[1:], standalone_mode=False))"
    assert not loaded(f"import sys; {start}", *words) & {"torch", "numpy"}


def test_help_needs_nothing_but_typer() -> None:
    statement = "from stride_cli.app import app; app(['--help'], standalone_mode=False)"
    heavy = {"torch", "numpy", "rich", "pydantic", "sqlite3", "asyncio", "stride.runs"}
    assert not loaded(statement) & heavy


def test_a_listing_reads_without_pydantic() -> None:
    assert not loaded("import stride.runs.listing.query") & {"pydantic", "rich", "filelock"}


def imported_at_the_top(source: Path) -> set[str]:
    """Return the packages that a file imports outside functions."""
    names: set[str] = set()
    for node in ast.parse(source.read_text()).body:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


SLOW = {
    "pandas",
    "torchmetrics",
    "tensorboard",
    "wandb",
    "sklearn",
    "pyarrow",
    "scipy",
    "ruamel",
    "matplotlib",
}


def test_no_file_imports_an_optional_or_slow_package_at_its_top() -> None:
    found = {str(source): imported_at_the_top(source) & SLOW for source in SOURCES}
    assert {source: names for source, names in found.items() if names} == {}


def test_the_command_line_imports_only_typer_at_its_top() -> None:
    package = ROOT / "cli" / "stride_cli"
    declared = [package / "app.py", package / "options.py", *package.glob("*/commands.py")]
    assert len(declared) > 4
    for file in declared:
        modules = {
            node.module or ""
            for node in ast.parse(file.read_text()).body
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stride_cli")
        }
        light = ("options", "commands", "help", "words")
        own = {name for name in modules if "completing" not in name}  # asked with each Tab
        assert all(name.rpartition(".")[2] in light for name in own), file
        assert imported_at_the_top(file) <= {"os", "sys", "typing", "typer", "stride_cli"}, file


PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
UNSAFE = {"torch.save", "torch.load", "numpy.save", "numpy.savez", "np.save", "np.savez"}


def pickles(node: ast.AST) -> bool:
    """Say whether a piece of code writes or reads pickle; torch.save and object arrays are it."""
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] in PICKLES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in PICKLES
    if isinstance(node, ast.Attribute):
        return ast.unparse(node) in UNSAFE
    if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
        return ast.unparse(node.value) != "False"
    return False


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import dump",
        "torch.save(x, f)",
        "np.load(f, allow_pickle=True)",
    ],
)
def test_pickle_is_seen(code: str) -> None:
    assert any(map(pickles, ast.walk(ast.parse(code))))


def test_nothing_writes_or_reads_pickle() -> None:
    """Law 6: STRIDE writes no pickle into a run folder and reads none.

    Between the ranks of one training values travel as torch's own collectives send them.
    """
    files = [source for source in SOURCES if source.parts[-2:] != ("distributed", "collectives.py")]
    trees = {str(source): ast.walk(ast.parse(source.read_text())) for source in files}
    assert [source for source, tree in trees.items() if any(map(pickles, tree))] == []


def test_only_one_module_prints() -> None:
    """What goes out to a person goes through the one place that makes it fit for a terminal."""
    words = {"print", "sys.stdout.write", "sys.stderr.write"}
    found = [
        f"{source.name}:{node.lineno}"
        for source in (ROOT / "cli").rglob("*.py")
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in words
    ]
    assert [place for place in found if not place.startswith("output.py:")] == []
