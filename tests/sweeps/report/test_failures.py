"""The one line by which a report says why a trial failed."""

import traceback

import pytest

from stride.sweeps.report.failures import first_line


def raised(error):
    try:
        raise error
    except Exception as found:
        return "".join(traceback.format_exception(found))


def test_it_is_the_first_line_of_what_was_raised():
    text = raised(RuntimeError("sizes differ\n  64x32\nand more"))
    assert first_line(text) == "RuntimeError: sizes differ"


def test_of_a_chain_it_is_the_last():
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("outer") from inner
    except ValueError as found:
        assert first_line("".join(traceback.format_exception(found))) == "ValueError: outer"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("its process was ended by SIGKILL 3 times", "its process was ended by SIGKILL 3 times"),
        ("\n  lost\nmore", "lost"),
        ("", "no reason was noted"),
        ('Traceback\n  File "a.py", line 1, in f\n    f()', "no reason was noted"),
    ],
)
def test_what_is_no_whole_traceback_is_told_as_it_is(text, line):
    assert first_line(text) == line
