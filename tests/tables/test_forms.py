"""One table as Markdown, LaTeX and HTML: the numbers agree, and no text is taken for more."""

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
        r"| **a\|b & \<i\>** | **-1.5e-07** |",
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


def test_a_line_break_ends_no_comment_of_latex() -> None:
    table = Table([Column("run", str)], [["0"]], above=["a\n\\input{x}"])
    assert latex(table).splitlines()[0] == r"% a\n\input{x}"


def test_html_escapes_every_text() -> None:
    text = html(RUNS)
    assert "<p>all runs: a_b=1</p>" in text
    assert "<b>a|b &amp; &lt;i&gt;</b>" in text and "<b>-1.5e-07</b>" in text
    assert text.count("<tr>") == 4
