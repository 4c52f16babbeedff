import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from stride.runs.listing.database import Database, delete, open_database
from stride.runs.listing.status_json import signature_of

CREATED = 1763690000.123456


@pytest.fixture
def status(tmp_path) -> Path:
    path = tmp_path / "status.json"
    path.write_text("{}")
    return path


def saved(
    tmp_path: Path, status: Path, contents: dict[str, bytes], shown: list[str] | None = None
) -> Path:
    file = tmp_path / "index.sqlite"
    with closing(Database(file)) as database:
        signature = signature_of(status.stat())
        database.save(
            {n: (signature, CREATED, text) for n, text in contents.items()},
            list(contents),
            list(contents) if shown is None else shown,
        )
    return file


def test_what_was_saved_is_known_while_the_file_is_the_same(tmp_path, status):
    file = saved(tmp_path, status, {"0": b"zero", "1": b"one"})
    with closing(Database(file)) as database:
        assert database.created("0", str(status)) == CREATED
        assert database.created("2", str(status)) is None
        assert database.contents(["1", "2"]) == {"1": b"one"}
        status.write_text("{ }")
        assert database.created("0", str(status)) is None
        status.unlink()
        assert database.created("0", str(status)) is None


def test_many_contents_are_read_at_once(tmp_path, status):
    contents = {str(number): str(number).encode() for number in range(1200)}
    with closing(Database(saved(tmp_path, status, contents))) as database:
        assert database.contents(list(contents)) == contents


def test_damage_makes_a_row_unknown_and_never_wrong(tmp_path, status):
    contents = {str(number): b"content %d " % number * 20 for number in range(60)}
    file = saved(tmp_path, status, contents)
    whole, draw, opened = file.read_bytes(), random.Random(0), 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        delete(file)
        file.write_bytes(damaged)
        database = open_database(file)
        assert database is not None
        with closing(database):
            known = [name for name in contents if database.created(name, str(status)) is not None]
            assert {database.created(name, str(status)) for name in known} <= {CREATED}
            assert database.contents(known).items() <= contents.items()
            opened += bool(known)
    assert opened > 100


def test_a_name_that_is_no_text_keeps_the_others_from_nothing(tmp_path, status):
    file = saved(tmp_path, status, {"0": b"zero", "run-\udcff": b"odd"})
    with closing(Database(file)) as database:
        assert database.contents(["0"]) == {"0": b"zero"}
        assert database.created("run-\udcff", str(status)) is None


def test_an_inode_beyond_63_bits_saves_nothing_and_is_no_error(tmp_path):
    with closing(Database(tmp_path / "index.sqlite")) as database:
        database.save({"0": ((1, 1, 1, 2**64), 5.0, b"zero")}, ["0"], ["0"])
        database.save({"1": ((1, 1, 1, 1), 5.0, b"one")}, ["1"], ["1"])
    with closing(Database(tmp_path / "index.sqlite")) as database:
        assert database.created("0", "") is None


def test_a_foreign_database_is_replaced(tmp_path):
    file = tmp_path / "index.sqlite"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE seen (x)")
        other.execute("INSERT INTO seen VALUES (1)")
        other.commit()
    database = open_database(file)
    assert database is not None
    with closing(database):
        database.save({"1": ((1, 1, 1, 1), 5.0, b"one")}, ["1"], ["1"])


def test_a_place_that_cannot_hold_a_database_is_no_error(tmp_path):
    assert open_database(tmp_path / "missing" / "index.sqlite") is None


def test_only_what_was_shown_is_kept_whole(tmp_path, status):
    file = saved(tmp_path, status, {"0": b"zero", "1": b"one"}, shown=["1"])
    with closing(Database(file)) as database:
        assert database.created("0", str(status)) == CREATED
        assert database.contents(["0", "1"]) == {"1": b"one"}
