"""Pieces of Markdown, as a parser of it sees them."""

import pytest
from markdown_it import MarkdownIt

from stride.report.card.blocks import bullets, code, code_block, words

MARKDOWN = MarkdownIt("commonmark").enable("table").enable("strikethrough")


@pytest.mark.parametrize(
    "text",
    ["`", "``", "a`b", "`a`", "```", "x|y", "<b>", "*a*", "\\", "a  b", "~~~", "&lt;", "_a_"],
)
def test_hostile_text_stays_what_it_is(text: str) -> None:
    shown = " ".join(text.split())
    (line,) = MARKDOWN.parseInline(f"so: {words(text)}")
    assert "".join(child.content for child in line.children or []) == f"so: {shown}"
    (line,) = MARKDOWN.parseInline(f"so: {code(text)}.")
    assert [child.content for child in line.children or []] == ["so: ", shown, "."]


def test_no_line_ends_a_block_of_code() -> None:
    lines = ["a", "```", "~~~", "# b\n````"]
    (block,) = MARKDOWN.parse(code_block(lines, "bash"))
    assert (block.type, block.info) == ("fence", "bash")
    assert block.content == "a\n```\n~~~\n# b\\n````\n"


def test_a_fact_of_nothing_is_left_out() -> None:
    assert bullets([("Data", "digits"), ("Loss", "")]) == "- **Data:** digits"
