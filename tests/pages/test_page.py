"""Parts of pages, in which no text is taken for HTML."""

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
