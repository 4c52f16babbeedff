"""One table as Markdown, LaTeX and HTML: the numbers agree, and no text is taken for more."""

import pytest

from stride.tables.html import html
from stride.tables.latex import latex
from stride.tables.markdown import markdown
from stride.tables.table import Column, Table, numbers

RUNS = Table(
    [Column("run_name", str), numbers("loss")],
    [["3", 0.25], ["a|b & <i>", -1.5e-7], ["50%", None]],
    above=["all runs: a_b=1"],
    bold=frozenset({1}),
)


def test_markdown() -> None:
    assert markdown(RUNS).splitlines() == [
        r"all runs: a\_b=1",
        "",
        r"| run\_name | loss |",
        "| --- | ---: |",
        "| 3 | 0.25 |",
        r"| **a\|b \& \<i\>** | **-1.5e-07** |",
        "| 50% | - |",
    ]


def test_latex_with_the_rules_of_booktabs() -> None:
    assert latex(RUNS).splitlines() == [
        "% all runs: a_b=1",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"run\_name & loss \\",
        r"\midrule",
        r"3 & $0.25$ \\",
        r"\textbf{a\textbar{}b \& \textless{}i\textgreater{}} & $\mathbf{-1.5\times 10^{-7}}$ \\",
        r"50\% & - \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


@pytest.mark.parametrize(
    ("text", "typeset"),
    [
        ("[0.91, 0.95]", "$[0.91, 0.95]$"),
        ("-0.098 [-0.105, -9e-05]", r"$-0.098\ [-0.105, -9\times 10^{-5}]$"),
        ("0.5 ± 0.25", r"$0.5 \pm 0.25$"),
        ("[-inf, 1]", r"$[-\infty, 1]$"),
        ("[a, b]", "{}[a, b]"),
        ("*", "{}*"),
        ("a*[b]", "a*[b]"),
        ("3", "3"),
        ("2026-11-30", "2026-11-30"),
    ],
)
def test_an_interval_is_typeset_as_mathematics(text: str, typeset: str) -> None:
    assert latex(Table([Column("run", str)], [[text]])).splitlines()[-3] == rf"{typeset} \\"


def test_no_title_is_taken_for_an_argument_of_the_rule_above_it() -> None:
    assert latex(Table([Column("[1em]", str)], [["0"]])).splitlines()[2] == r"{}[1em] \\"


def test_a_bold_interval_is_bold_mathematics() -> None:
    table = Table([Column("mean, 95 %", str)], [["[0.91, 0.95]"]], bold=frozenset({0}))
    assert latex(table).splitlines()[-3] == r"$\mathbf{[0.91, 0.95]}$ \\"


def test_a_line_break_ends_no_comment_of_latex() -> None:
    table = Table([Column("run", str)], [["0"]], above=["a\n\\input{x}"])
    assert latex(table).splitlines()[0] == r"% a\n\input{x}"


def test_html_escapes_every_text() -> None:
    text = html(RUNS)
    assert "<p>all runs: a_b=1</p>" in text
    assert "<b>a|b &amp; &lt;i&gt;</b>" in text and "<b>-1.5e-07</b>" in text
    assert text.count("<tr>") == 4


def test_columns_without_a_value_are_left_out_but_those_of_names() -> None:
    columns = [Column("run", str), Column("note", str), numbers("loss")]
    found = Table(columns, [[None, None, 1.0], [None, None, None]]).without_empty()
    assert (found.titles, found.rows) == (["run", "loss"], [[None, 1.0], [None, None]])
