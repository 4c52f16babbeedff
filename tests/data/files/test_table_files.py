"""Files of tables: encodings, delimiters, quotes, and what Parquet holds beside plain numbers."""

import datetime
from decimal import Decimal

import pytest

from stride.data.table import table
from stride.errors import DataError

TOWNS = "town,size\nKöln,1\nBonn,0\nKöln,1\n"


def refused(path, *args, **options):
    with pytest.raises(DataError) as caught:
        table(str(path), *args, **options)
    return str(caught.value)


@pytest.mark.parametrize("encoding", [None, "utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
def test_encodings(tmp_path, encoding):
    (tmp_path / "t.csv").write_bytes(TOWNS.encode(encoding or "utf-8-sig"))
    data = table(str(tmp_path / "t.csv"), "town", encoding=encoding)
    assert data.classes == ("Bonn", "Köln") and data.tensors[1].tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("stored", "encoding", "message"),
    [
        ("latin-1", None, "line 2); type the right one: dataset_kwargs.encoding=latin-1"),
        ("utf-16", None, "encoding=utf-16"),
        ("utf-16", "latin-1", "encoding=utf-16"),
        ("utf-8", "utf-99", "there is no encoding 'utf-99' (dataset_kwargs.encoding)"),
        ("utf-8", "base64", "there is no encoding 'base64'"),
    ],
)
def test_a_wrong_encoding_is_named(tmp_path, stored, encoding, message):
    (tmp_path / "t.csv").write_bytes(TOWNS.encode(stored))
    assert message in refused(tmp_path / "t.csv", "town", encoding=encoding)


def test_a_line_is_that_of_the_file(tmp_path):
    (tmp_path / "t.csv").write_text('note,x,y\n"two\nlines",1,0.5\n\n"three\n\nlines",2,oops\n')
    assert "line 5, column 'y'" in refused(tmp_path / "t.csv", "y", ["x"])
    (tmp_path / "t.csv").write_text('x,y\n"1,0.5\n2,1.5\n3,2.5\n')
    assert "not CSV text" in refused(tmp_path / "t.csv", "y")  # a quote that is never closed


@pytest.mark.parametrize(("sign", "typed"), [(";", "';'"), ("\t", "$'\\t'"), ("|", "'|'")])
def test_another_delimiter_is_seen_in_the_header(tmp_path, sign, typed):
    (tmp_path / "t.csv").write_text("a,b,y\n1,5,2\n".replace(",", sign))
    message = refused(tmp_path / "t.csv", "y")
    assert f"type dataset_kwargs.delimiter={typed}" in message


def parquet(path, **columns):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path)
    return str(path)


def test_decimals_dictionaries_and_bools_of_parquet(tmp_path):
    import pyarrow as pa

    path = parquet(
        tmp_path / "t.parquet",
        price=[Decimal("1.50"), Decimal("2.25")],
        count=[Decimal("3"), Decimal("4")],
        flag=[True, False],
        kind=pa.array(["b", "a"]).dictionary_encode(),
    )
    data = table(path, "price", ["count", "flag"])
    assert data.tensors[0].tolist() == [[3, 1], [4, 0]] and data.tensors[1].tolist() == [1.5, 2.25]
    assert table(path, "count", ["price"]).classes == ("3", "4")
    assert table(path, "kind", ["price"]).classes == ("a", "b")
    assert table(path, "flag", ["price"]).tensors[1].tolist() == [1, 0]


def test_nulls_of_parquet_are_missing_and_leave_whole_numbers_whole(tmp_path):
    path = parquet(tmp_path / "t.parquet", x=[1.5, None, 3.5, 4.5], y=[1, 0, None, 1])
    assert "the value is missing" in refused(path, "y") and "row 2, column 'x'" in refused(
        path, "y"
    )
    data = table(path, "y", missing=[])
    assert data.tensors[0].tolist() == [[1.5], [4.5]] and data.tensors[1].tolist() == [0, 0]
    assert data.classes == ("1",)


@pytest.mark.parametrize(
    "cells",
    [
        [datetime.datetime(2020, 1, 1)],
        [datetime.date(2020, 1, 1)],
        [datetime.time(1, 2)],
        [datetime.timedelta(1)],
        [[1, 2]],
        [b"x"],
    ],
)
def test_times_lists_and_bytes_of_parquet_are_refused(tmp_path, cells):
    path = parquet(tmp_path / "t.parquet", x=cells, y=[1.5])
    message = refused(path, "y")
    assert "neither numbers nor text" in message and "column 'x'" in message
    assert "dataset_kwargs.features" in message


def test_keys_of_text_files_are_refused_elsewhere(tmp_path):
    path = parquet(tmp_path / "t.parquet", x=[1], y=[1.5])
    for key, value in {"delimiter": ";", "encoding": "latin-1"}.items():
        assert f"a .parquet file has no {key}" in refused(path, "y", **{key: value})
