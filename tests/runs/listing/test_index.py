import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stride.errors import UserError
from stride.runs.listing import index as index_module
from stride.runs.listing import query as query_module
from stride.runs.listing.database import Database
from stride.runs.listing.index import NoIndex, is_settled, open_index
from stride.runs.listing.query import (
    INDEXED,
    folder_names,
    list_runs,
    open_catalog,
    read_listing,
)
from stride.runs.listing.selection import Chosen, Selection
from stride.runs.process import Process

TICK = 0.03  # longer than a tick of the file system's clock


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """Give every test a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path / "cache" / "stride"


@pytest.fixture
def quick(monkeypatch) -> None:
    """Trust a signature after a tick, so that a test need not wait for seconds."""
    monkeypatch.setattr(index_module, "SETTLED", TICK / 2)


def status_of(number: int, **changes: object) -> str:
    status = {
        "format_version": 1,
        "state": "done",
        "uuid": f"{number:032x}",
        "created": 100.0 + number,
        "segment": 0,
        "overrides": [f"seed={number}"],
        "metrics": {"best": {"loss": 1.0 / (number + 1)}, "last": {"loss": "NaN"}, "test": {}},
        "monitor": {"metric": "loss", "mode": "min"},
    }
    return json.dumps(status | changes)


def write_run(path: Path, number: int, **changes: object) -> None:
    path.mkdir(parents=True, exist_ok=True)
    (path / "status.json").write_text(status_of(number, **changes))
    if not (path / "config.json").exists():
        (path / "config.json").write_text(config_of(number, path.name))


def config_of(number: int, name: str) -> str:
    kwargs = {"lr": number / 8, "betas": [0.9, 0.99], "text": '  "run": "x",'}
    config = {"format_version": 3, "run": name, "seed": number % 3, "optimizer_kwargs": kwargs}
    return json.dumps(config, indent=2) + "\n"


def make_runs(work_dir: Path, count: int) -> None:
    for number in range(count):
        write_run(work_dir / str(number), number)
    time.sleep(TICK)


def listings(work_dir: Path, limit: int | None) -> tuple[str, str, int]:
    """Return the listing with and without the index, and how many runs the index knew."""
    now, names = time.time(), folder_names(work_dir)
    plain = read_listing(work_dir, names, limit, NoIndex(), now)
    index = open_index(work_dir)
    known = [index.created(name, f"{work_dir}/{name}/status.json") for name in names]
    indexed = read_listing(work_dir, names, limit, index, now)
    return repr(indexed), repr(plain), len(known) - known.count(None)


QUERIES = [
    "seed >= 1 and optimizer_kwargs.lr < 100",
    "loss < 0.5 or status == broken",
    "run > 2 or not betas:0.9",
    "created > 1970-01-02 and reason != '' or text ~ run",
]


def answers(work_dir: Path, query: str, *, use_index: bool) -> list[object]:
    """Return every field of the runs for which a query holds, sorted by two of them."""
    try:
        with closing(open_catalog(work_dir, whole=True, use_index=use_index, now=1e6)) as catalog:
            selection = Selection(Chosen(entry.name, catalog) for entry in catalog.entries)
            selection.where(query)
            selection.sort("-loss")
            fields = [selection.field(name) for name in ("seed", "lr", "text", "last(loss)", "run")]
            rows = list(selection.rows())
            values = [[facts.value(field) for field in fields] for facts in selection.facts()]
            configs = [dict(facts.config) for facts in selection.facts()]
            return [repr(rows), repr(values), configs]
    except UserError as error:
        return [str(error)]


def known(work_dir: Path) -> int:
    return listings(work_dir, None)[2]


# --- random edits -------------------------------------------------------------------------------


class Editor:
    """Edit a work_dir and its index at random, as people and machines do."""

    def __init__(self, seed: int, work_dir: Path, cache: Path) -> None:
        self.random, self.work_dir, self.cache = random.Random(seed), work_dir, cache
        self.count = 0

    def edit(self) -> str:
        edits = [name for name in vars(Editor) if name.startswith("do_")]
        name = self.random.choice(edits)
        getattr(self, name)()
        return name

    def run(self) -> Path:
        runs = sorted(path for path in self.work_dir.iterdir() if path.is_dir())
        return self.random.choice(runs) if runs else self.new()

    def new(self) -> Path:
        self.count += 1
        write_run(self.work_dir / str(self.count), self.random.randrange(1000))
        return self.work_dir / str(self.count)

    def status(self) -> Path:
        path = self.run() / "status.json"
        if not path.is_file():
            path.parent.mkdir(exist_ok=True)
            path.write_text(status_of(1))
        return path

    def do_new_run(self) -> None:
        self.new()

    def do_replace(self) -> None:
        status = self.status()
        other = status.with_name(".tmp-status")
        other.write_text(status_of(self.random.randrange(1000)))
        os.replace(other, status)

    def do_edit_in_place_keeping_size_and_time(self) -> None:
        status = self.status()
        before = status.stat()
        with open(status, "r+b") as file:
            text = file.read()
            file.seek(0)
            digits = str(self.random.randrange(10)).encode()
            file.write(text.replace(b"seed=1", b"seed=" + digits))
        os.utime(status, ns=(before.st_atime_ns, before.st_mtime_ns))

    def do_change_state(self) -> None:
        states = ["failed", "stopped", "interrupted", "waiting", "queued", "created", "x"]
        self.status().write_text(status_of(3, state=self.random.choice(states)))

    def do_drop_a_key(self) -> None:
        status = self.status()
        values = json.loads(status_of(self.random.randrange(1000)))
        del values[self.random.choice(sorted(values))]
        status.write_text(json.dumps(values))

    def do_garbage_value(self) -> None:
        garbage = self.random.choice([None, 5, "x", [1], {"best": 3}, True, {"a": {}}])
        key = self.random.choice(["metrics", "monitor", "overrides", "created", "state"])
        self.status().write_text(status_of(4, **{key: garbage}))

    def do_truncate(self) -> None:
        status = self.status()
        os.truncate(status, self.random.randrange(status.stat().st_size + 1))

    def do_garbage_bytes(self) -> None:
        self.status().write_bytes(self.random.randbytes(self.random.randrange(200)))

    def do_newer_format(self) -> None:
        self.status().write_text(status_of(5, format_version=2))

    def do_other_file(self) -> None:
        run = self.run()
        name = self.random.choice(
            ["results.json", "provenance.json", "metrics.jsonl", "config.json"]
        )
        content = ['{"format_version": 1, "overrides": ["a=1"], "best": {"loss": 3}}', "{", ""]
        (run / name).write_text(self.random.choice(content))

    def do_change_the_config(self) -> None:
        run = self.run()
        (run / "config.json").write_text(config_of(self.random.randrange(1000), run.name))

    def do_write_the_config_otherwise(self) -> None:
        config = json.loads(config_of(self.random.randrange(9), "x"))
        changes = [{"run": 5}, {"seed": "NaN"}, {"run": 'a"b'}, {"format_version": 99}, {"new": {}}]
        text = json.dumps(config | self.random.choice(changes), indent=self.random.choice([2, 4]))
        (self.run() / "config.json").write_text(text + self.random.choice(["", "\n"]))

    def do_write_a_key_twice(self) -> None:
        text = config_of(1, "x").replace('"seed": 1', '"seed": 1,\n  "seed": 2')
        (self.run() / "config.json").write_text(text)

    def do_begin_again(self) -> None:
        segments = self.run() / "segments"
        segments.mkdir(exist_ok=True)
        segment = {"format_version": 1, "n": 1, "started": 50.0, **Process.this().to_json()}
        (segments / "1.json").write_text(json.dumps(segment))

    def do_needs_other_files(self) -> None:
        values = json.loads(status_of(6))
        del values["metrics"], values["overrides"]
        self.status().write_text(json.dumps(values))
        self.do_other_file()

    def do_running(self) -> None:
        run = self.status().parent
        write_run(run, 7, state="running", started=50.0)
        (run / "segments").mkdir(exist_ok=True)
        process = Process.this().to_json() | {"pid": self.random.choice([os.getpid(), 2**22 - 1])}
        segment = {"format_version": 1, "n": 0, "started": 50.0, **process}
        (run / "segments" / "0.json").write_text(json.dumps(segment))

    def do_delete_status(self) -> None:
        self.status().unlink()

    def do_delete(self) -> None:
        run = self.run()
        run.unlink() if run.is_symlink() else shutil.rmtree(run)

    def do_rename(self) -> None:
        self.count += 1
        self.run().rename(self.work_dir / f"named-{self.count}")

    def do_swap(self) -> None:
        first, second = self.run(), self.run()
        aside = self.work_dir / ".aside"
        first.rename(aside)
        if os.path.lexists(second):
            second.rename(first)
        aside.rename(second)

    def do_copy(self) -> None:
        self.count += 1
        copy = self.random.choice([shutil.copy2, os.link])
        shutil.copytree(
            self.run(), self.work_dir / f"copy {self.count}", copy_function=copy, symlinks=True
        )

    def do_link(self) -> None:
        self.count += 1
        (self.work_dir / f"link-{self.count}").symlink_to(self.run().name)

    def do_foreign_folder(self) -> None:
        (self.work_dir / "figures").mkdir(exist_ok=True)
        (self.work_dir / "figures" / "a.png").touch()

    def do_name_that_is_no_text(self) -> None:
        write_run(self.work_dir / os.fsdecode(b"run-\xff"), 8)

    def do_restore_another_work_dir(self) -> None:
        shutil.rmtree(self.work_dir)
        self.work_dir.mkdir()
        for number in range(self.random.randrange(4, 9)):
            write_run(self.work_dir / str(number), self.random.randrange(1000))

    def do_damage_the_index(self) -> None:
        for file in self.cache.glob("*.sqlite"):
            content = bytearray(file.read_bytes())
            for _ in range(self.random.randrange(1, 40)):
                content[self.random.randrange(len(content))] = self.random.randrange(256)
            file.write_bytes(content)

    def do_cut_the_index(self) -> None:
        for file in self.cache.glob("*.sqlite"):
            os.truncate(file, self.random.randrange(file.stat().st_size + 1))

    def do_delete_the_index(self) -> None:
        shutil.rmtree(self.cache, ignore_errors=True)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("seed", range(5))
def test_answers_are_the_same_with_and_without_the_index(tmp_path, cache, monkeypatch, seed):
    monkeypatch.setattr(query_module, "INDEXED", 1)
    work_dir, edits, hits, asked = tmp_path / "w", [], 0, 0
    make_runs(work_dir, 6)
    editor = Editor(seed, work_dir, cache)
    editor.count = 6
    for _ in range(40):
        edits += [editor.edit() for _ in range(editor.random.randrange(4))]
        for limit in (None, 3):
            indexed, plain, found = listings(work_dir, limit)
            assert indexed == plain, edits
            hits += found
        query = editor.random.choice(QUERIES)
        plain = answers(work_dir, query, use_index=False)
        assert answers(work_dir, query, use_index=True) == plain, (query, edits)
        asked += len(plain) > 1
        time.sleep(editor.random.choice([0, TICK]))
    assert hits > 60 and asked > 20, "the index has hardly been used"


# --- one by one ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_what_was_listed_is_known_the_next_time(tmp_path):
    make_runs(tmp_path / "w", 5)
    assert known(tmp_path / "w") == 0
    assert known(tmp_path / "w") == 5


def test_a_file_that_has_just_changed_is_not_trusted(tmp_path):
    make_runs(tmp_path / "w", 5)
    assert (known(tmp_path / "w"), known(tmp_path / "w")) == (0, 0)


def test_two_seconds_without_a_change_settle_a_file():
    second = 1_000_000_000
    assert is_settled((5 * second, 4 * second, 0, 0), now=7.1)
    assert not is_settled((5 * second, 4 * second, 0, 0), now=6.9)
    assert not is_settled((4 * second, 5 * second, 0, 0), now=6.9)
    assert not is_settled((4 * second, 99 * second, 0, 0), now=7.1)  # a time in the future


@pytest.mark.usefixtures("quick")
def test_the_index_of_a_moved_or_linked_work_dir_stays(tmp_path):
    make_runs(tmp_path / "w", 5)
    known(tmp_path / "w")
    (tmp_path / "w").rename(tmp_path / "moved")
    (tmp_path / "link").symlink_to("moved")
    assert (known(tmp_path / "moved"), known(tmp_path / "link")) == (5, 5)


@pytest.mark.usefixtures("quick")
def test_runs_that_are_no_more_leave_the_index(tmp_path, cache):
    make_runs(tmp_path / "w", 5)
    known(tmp_path / "w")
    shutil.rmtree(tmp_path / "w" / "3")
    known(tmp_path / "w")
    (file,) = cache.iterdir()
    with closing(Database(file)) as database:
        assert sorted(database.rows({"0", "3", "4"})) == ["0", "4"]
        assert sorted(database.configs()) == []


@pytest.mark.usefixtures("quick")
def test_a_small_work_dir_has_no_index_and_a_large_one_has(tmp_path, cache):
    make_runs(tmp_path / "w", INDEXED - 1)
    list_runs(tmp_path / "w")
    assert not cache.exists()
    write_run(tmp_path / "w" / "last", 1)
    list_runs(tmp_path / "w", use_index=False)
    assert not cache.exists()
    for _ in range(2):
        assert repr(list_runs(tmp_path / "w")) == repr(list_runs(tmp_path / "w", use_index=False))
    assert len(list(cache.glob("*.sqlite"))) == 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"SQLite format 3\0" + b"\7" * 5000])
def test_a_corrupt_index_is_made_anew(tmp_path, cache, content):
    make_runs(tmp_path / "w", 5)
    known(tmp_path / "w")
    (file,) = cache.iterdir()
    file.write_bytes(content)
    assert (known(tmp_path / "w"), known(tmp_path / "w")) == (0, 5)


def test_no_index_is_kept_on_or_for_a_network_file_system(tmp_path, cache, monkeypatch):
    make_runs(tmp_path / "w", 3)
    remote = {tmp_path / "w"}
    monkeypatch.setattr(index_module, "is_network_filesystem", lambda path: path in remote)
    assert isinstance(open_index(tmp_path / "w"), NoIndex)
    remote = {cache}
    with closing(open_index(tmp_path / "w")) as index:
        assert isinstance(index, Database)
    assert not list(cache.iterdir())
    (file,) = (tmp_path / "temporary").rglob("*.sqlite")
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_cache_folder_that_cannot_be_made_is_no_error(tmp_path, monkeypatch):
    make_runs(tmp_path / "w", 3)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    assert isinstance(open_index(tmp_path / "w"), NoIndex)
    indexed, plain, _ = listings(tmp_path / "w", None)
    assert indexed == plain


def test_a_cache_folder_that_others_can_write_is_not_used(tmp_path, cache):
    (tmp_path / "w").mkdir()
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    open_index(tmp_path / "w").close()
    assert not list(cache.iterdir())


def as_user(action: Callable[[], None]) -> int:
    """Run an action in a process that file modes hold for, and return its exit code."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        if os.getuid() == 0:
            os.setuid(65534)
        action()
        os._exit(0)
    except BaseException as error:
        os.write(2, repr(error).encode())
        os._exit(1)


@pytest.fixture
def open_folder() -> Path:
    """Return a folder that every user can reach."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.usefixtures("quick")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_read_only_index_is_read_and_never_wrong(open_folder, monkeypatch):
    work_dir, cache = open_folder / "w", open_folder / "cache" / "stride"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))
    make_runs(work_dir, 5)
    known(work_dir)
    for path in (cache, *cache.iterdir()):
        if os.getuid() == 0:
            os.chown(path, 65534, 65534)
        path.chmod(0o500 if path.is_dir() else 0o400)
    write_run(work_dir / "3", 77)
    write_run(work_dir / "new", 78)

    def look() -> None:
        for _ in range(2):
            indexed, plain, found = listings(work_dir, None)
            assert (indexed, found) == (plain, 4)

    assert as_user(look) == 0


@pytest.mark.usefixtures("quick")
def test_an_index_that_another_process_writes_is_done_without(tmp_path, cache):
    make_runs(tmp_path / "w", 5)
    known(tmp_path / "w")
    (file,) = cache.iterdir()
    with closing(Database(file)) as other:
        other._sqlite.execute("BEGIN EXCLUSIVE")
        start = time.monotonic()
        indexed, plain, found = listings(tmp_path / "w", None)
        assert (indexed, found) == (plain, 0)
        assert time.monotonic() - start < 5


def test_several_processes_list_at_once(popen, tmp_path):
    make_runs(tmp_path / "w", INDEXED + 50)
    time.sleep(2.1)
    script = "import sys; from stride.runs.listing.query import list_runs;"
    script += "[print(hash(tuple(r.uuid for r in list_runs(sys.argv[1])))) for _ in range(5)]"
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-c", script, str(tmp_path / "w")]
    processes = [popen(command, stdout=subprocess.PIPE, env=environment) for _ in range(4)]
    answers = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [len(answer) for answer in answers] == [5] * 4
    assert len({line for answer in answers for line in answer}) == 1
    assert known(tmp_path / "w") == INDEXED + 50


def test_an_index_that_nobody_has_changed_for_long_is_deleted(tmp_path, cache):
    (tmp_path / "w").mkdir()
    (tmp_path / "v").mkdir()
    open_index(tmp_path / "w").close()
    (old,) = cache.iterdir()
    os.utime(old, (1, 1))
    open_index(tmp_path / "v").close()
    (new,) = cache.iterdir()
    assert new != old
