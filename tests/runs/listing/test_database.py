import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from stride.runs.listing.configs import Sections
from stride.runs.listing.database import Database, delete, open_database
from stride.runs.listing.fresh import Fresh
from stride.runs.listing.status_json import Signature, signature_of
from stride.runs.listing.stored import StoredRow

CREATED = 1763690000.123456


@pytest.fixture
def status(tmp_path) -> Path:
    path = tmp_path / "status.json"
    path.write_text("{}")
    return path


def row(text: str, segment: int = 3) -> StoredRow:
    return StoredRow(segment, 7, b"12345678", text)


def fresh_of(rows: dict[str, StoredRow], signature: Signature) -> Fresh:
    fresh = Fresh()
    fresh.seen = dict.fromkeys(rows, (signature, CREATED))
    fresh.rows = dict(rows)
    fresh.configs = {name: (signature, Sections("1", (-5, 2**62))) for name in rows}
    fresh.pieces = {-5: b"five", 2**62: b"large"}
    return fresh


def saved(tmp_path: Path, status: Path, rows: dict[str, StoredRow]) -> Path:
    file = tmp_path / "index.sqlite"
    with closing(Database(file)) as database:
        database.save(fresh_of(rows, signature_of(status.stat())), list(rows))
    return file


def test_what_was_saved_is_known_while_the_file_is_the_same(tmp_path, status):
    file = saved(tmp_path, status, {"0": row("zero"), "1": row("one")})
    with closing(Database(file)) as database:
        assert database.created("0", str(status)) == CREATED
        assert database.created("2", str(status)) is None
        assert database.rows({"1", "2"}) == {"1": row("one")}
        signature = signature_of(status.stat())
        assert database.configs()["1"] == (signature, Sections("1", (-5, 2**62)))
        assert database.piece(-5) == b"five" and database.piece(1) is None
        assert sorted(database.pieces()) == [(-5, b"five"), (2**62, b"large")]
        status.write_text("{ }")
        assert database.created("0", str(status)) is None
        status.unlink()
        assert database.created("0", str(status)) is None


def test_many_rows_are_read_at_once(tmp_path, status):
    rows = {str(number): row(str(number)) for number in range(1200)}
    with closing(Database(saved(tmp_path, status, rows))) as database:
        assert database.rows(set(rows)) == rows


def test_no_row_is_read_where_none_is_asked_for(tmp_path, status):
    with closing(Database(saved(tmp_path, status, {"0": row("zero")}))) as database:
        assert database.rows(set()) == {}


def test_a_row_is_added_to_a_run_whose_place_is_known(tmp_path, status):
    file, signature = tmp_path / "index.sqlite", signature_of(status.stat())
    first, second = Fresh(), Fresh()
    first.seen, second.rows = {"0": (signature, CREATED)}, {"0": row("zero"), "1": row("unseen")}
    for fresh in (first, second):
        with closing(Database(file)) as database:
            assert database.rows({"0"}) == {}
            database.save(fresh, ["0", "1"])
    with closing(Database(file)) as database:
        assert database.created("0", str(status)) == CREATED
        assert database.rows({"0", "1"}) == {"0": row("zero")}


def test_damage_makes_a_row_unknown_and_never_wrong(tmp_path, status):
    rows = {str(number): row(f"content {number} " * 20, number) for number in range(60)}
    file = saved(tmp_path, status, rows)
    with closing(Database(file)) as database:
        configs = database.configs()
    whole, draw, opened = file.read_bytes(), random.Random(0), 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        delete(file)
        file.write_bytes(damaged)
        database = open_database(file)
        assert database is not None
        with closing(database):
            known = [name for name in rows if database.created(name, str(status)) is not None]
            assert {database.created(name, str(status)) for name in known} <= {CREATED}
            assert database.rows(set(known)).items() <= rows.items()
            assert {n: c for n, c in database.configs().items() if n in rows}.items() <= (
                configs.items()
            )
            opened += bool(known)
    assert opened > 100


def test_a_name_that_is_no_text_keeps_the_others_from_nothing(tmp_path, status):
    file = saved(tmp_path, status, {"0": row("zero"), "run-\udcff": row("odd")})
    with closing(Database(file)) as database:
        assert database.rows({"0"}) == {"0": row("zero")}
    with closing(Database(file)) as database:
        assert database.rows({"0"}) == {"0": row("zero")}
        assert database.created("run-\udcff", str(status)) is None


def test_an_inode_beyond_63_bits_saves_nothing_and_is_no_error(tmp_path):
    with closing(Database(tmp_path / "index.sqlite")) as database:
        database.save(fresh_of({"0": row("zero")}, (1, 1, 1, 2**64)), ["0"])
        database.save(fresh_of({"1": row("one")}, (1, 1, 1, 1)), ["1"])
    with closing(Database(tmp_path / "index.sqlite")) as database:
        assert database.created("0", "") is None
        assert database.rows({"1"}) == {"1": row("one")}


def test_a_foreign_database_is_replaced(tmp_path):
    file = tmp_path / "index.sqlite"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE seen (x)")
        other.execute("INSERT INTO seen VALUES (1)")
        other.commit()
    database = open_database(file)
    assert database is not None
    with closing(database):
        database.save(fresh_of({"1": row("one")}, (1, 1, 1, 1)), ["1"])


def test_a_place_that_cannot_hold_a_database_is_no_error(tmp_path):
    assert open_database(tmp_path / "missing" / "index.sqlite") is None
