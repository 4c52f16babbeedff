"""Parts of pages, in which no text is taken for HTML."""

import base64
import hashlib
import math
import re

from stride.pages.page import escaped, image, panel, section, whole_page
from stride.tables.table import Column, Table


def test_a_page_is_whole_and_asks_for_nothing():
    text = whole_page(
        "a & b", [*section("Two Words", ["<p>c $d</p>"])], style="  p { color: red; }"
    )
    assert "<title>STRIDE: a &amp; b</title>" in text and "p { color: red; }" in text
    assert '<h2 id="two-words">Two Words</h2>' in text and "c $d" in text
    assert "default-src 'none'" in text and "http" not in text.replace("http-equiv", "")


def test_texts_are_escaped():
    assert escaped("<a>\x1b") == r"&lt;a&gt;\x1b"
    assert 'aria-label="&quot;b&quot;"' in panel(Table([Column("x")], [["<i>"]]), '"b"')
    assert "<i>" not in panel(Table([Column("x")], [["<i>"]]), "b")
    assert image(b"png", '">') == '<img alt="&quot;&gt;" src="data:image/png;base64,cG5n">'


def test_a_script_is_allowed_by_its_digest_alone():
    assert "script" not in whole_page("a", [])
    text = whole_page("a", [], script="let a = '$b';")
    digest = base64.b64encode(hashlib.sha256(b"let a = '$b';").digest()).decode()
    assert f"script-src 'sha256-{digest}'\"" in text
    assert text.count("<script>") == 1 and "<script>let a = '$b';</script>" in text


def test_the_cells_of_a_sortable_table_hold_exact_numbers():
    values = [0.1 + 0.2, math.inf, math.nan, 10**400, True, "<i>", None]
    shown = panel(
        Table([Column("x", lambda _: "~")], [[one] for one in values]), "x", sortable=True
    )
    found = re.findall(r'data-value="([^"]*)"', shown)
    assert found == [repr(0.1 + 0.2), "Infinity", "NaN", str(10**400)]
    assert '<table class="sortable">' in shown
