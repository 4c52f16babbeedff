"""queries.csv is read whatever a spreadsheet has made of it, or refused by its line."""

import math
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stride.errors import RunError
from stride.runs.labels.query_csv import LabelRequest, as_label, number_in, query_text, read_query
from stride.runs.layout import RunPaths

TEXT = "round,id,score,label\n2,17,0.5,cat\n2,4,,\n"


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    return RunPaths(tmp_path)


def rows(paths: RunPaths, content: str | bytes) -> list[tuple[object, ...]]:
    data = content.encode() if isinstance(content, str) else content
    paths.queries.write_bytes(data)
    return [(a.round, a.id, a.score, a.label) for a in read_query(paths) or []]


def test_nothing_was_ever_asked(paths: RunPaths) -> None:
    assert read_query(paths) is None


def test_a_query_is_written_with_empty_labels_and_read_again(paths: RunPaths) -> None:
    text = query_text(2, [17, 4, 9], [0.1 + 0.2, math.nan, math.inf])
    assert text == "round,id,score,label\n2,17,0.30000000000000004,\n2,4,,\n2,9,,\n"
    paths.queries.write_text(text)
    assert read_query(paths) == [
        LabelRequest(2, 17, 0.1 + 0.2, None, 2),
        LabelRequest(2, 4, None, None, 3),
        LabelRequest(2, 9, None, None, 4),
    ]


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        TEXT.removesuffix("\n"),
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        "\ufeff" + TEXT,
        TEXT.replace(",", ";"),
        TEXT.replace(",", "\t").encode("utf-16"),
        '"round","id","score","label"\n"2","17","0.5","cat"\n"2","4","",""\n',
        "Label, ID ,Round,score\n cat ,17,2,0.5\n,4,2,\n",
        "round,id,score,label,notes\n2,17,0.5,cat,surely\n2,4,,,\n",
        "round,id,score,label\n2,17.0,5e-1,cat\n2.0,4\n",
        "round;id;score;label\n2;17;0,5;cat\n2;4;;\n",
        "\n" + TEXT + "\n,,,\n  \n",
        TEXT.replace("cat\n", "cat,,\n"),
    ],
)
def test_what_spreadsheets_do_does_no_harm(paths: RunPaths, content: str | bytes) -> None:
    assert rows(paths, content) == [(2, 17, 0.5, "cat"), (2, 4, None, None)]


def test_the_score_may_be_left_out(paths: RunPaths) -> None:
    assert rows(paths, "id,label,round\n4,1,2\n") == [(2, 4, None, 1)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1 names no column 'round'"),
        ("id,label\n", "line 1 names no column 'round'"),
        ("round,id,id,label\n", "line 1 names the column 'id' 2 times"),
        ("round,id,label\n1,x,cat\n", "line 2: 'x' is not a valid id"),
        ("round,id,label\n1,-4,cat\n", "line 2: '-4' is not a valid id"),
        ("round,id,label\n1,4.5,cat\n", "line 2: '4.5' is not a valid id"),
        ("round,id,label\n1,inf,cat\n", "line 2: 'inf' is not a valid id"),
        ("round,id,label\n\n1,,cat\n", "line 3 has no id"),
        ("round,id,score,label\n1,4,high,cat\n", "line 2: 'high' is not a score"),
        ("round,id,label\n1,4,0,5\n", "line 2 has 4 cells, and line 1 3"),
        ("round,id,label\n1,4,a\n1,5,b\n1,4,\n", "sample 4 is there twice, in lines 2 and 4"),
        ('round,id,label\n1,4,"cat\n', "is not CSV"),
        ("round,id,label\n1,4,\xf6l\n".encode("latin-1"), "line 2 is not text in UTF-8"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_line(
    paths: RunPaths, content: str | bytes, said: str
) -> None:
    with pytest.raises(RunError) as refusal:
        rows(paths, content)
    assert said in refusal.value.what
    assert refusal.value.where == str(paths.queries) and refusal.value.hint


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("3", 3),
        (" -3 ", -3),
        ("0.5", 0.5),
        ("cat", "cat"),
        ("a b", "a b"),
        ("007", "007"),
        ("1e5", "1e5"),
        ("1_0", "1_0"),
        ("nan", "nan"),
        ("0,5", "0,5"),
        ("", None),
        ("  ", None),
    ],
)
def test_a_label_loses_nothing_of_what_was_typed(text: str, label: object) -> None:
    found = as_label(text)
    assert found == label and type(found) is type(label)


@given(st.text())
@example("007")
@example("-0")
@example("+1")
@example("1_0")
@example("1.50")
@example("1e400")
@example("٣")
@example(" 7\n")
@example("True")
def test_any_label_can_be_written_as_it_was_read(text: str) -> None:
    found = as_label(text)
    assert ("" if found is None else str(found)) == text.strip()


def test_numbers_may_have_a_decimal_comma() -> None:
    assert [number_in(text) for text in ("0,5", "0.5", "1e-3", "-2")] == [0.5, 0.5, 1e-3, -2]
    assert [number_in(text) for text in ("1,2,3", "1.000,5", "nan", "inf", "1_0", "")] == [None] * 6
