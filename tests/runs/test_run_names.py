import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stride.errors import RunError
from stride.runs.run_names import checked_name, is_name, name_order, number_of


@pytest.mark.parametrize("run", ["0", "7", "big-lr", "_x", "lr=1e-3", "a.b", "x" * 100, "20251121"])
def test_good_names_stay_as_they_are(run: str) -> None:
    assert checked_name(run) == run
    assert is_name(run)


def test_a_number_and_its_text_are_one_name() -> None:
    assert checked_name(0) == checked_name("0") == "0"


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("", "run name '' refused: it is empty; type: run=NAME"),
        ("../x", "run name '../x' refused: letters, digits and _ . + = , @ - only, and no . or -"
                 " at the beginning; type: run=x"),
        ("007", "run name '007' refused: a run number has no leading zeros; type: run=7"),
        ("00", "run name '00' refused: a run number has no leading zeros; type: run=0"),
        ("latest", "run name 'latest' refused: the word is reserved; type: run=NAME"),
    ],
)  # fmt: skip
def test_the_line_that_a_person_reads(run: str, message: str) -> None:
    with pytest.raises(RunError) as caught:
        checked_name(run)
    assert str(caught.value) == message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("run", "hint"),
    [
        (".x", "run=x"), ("..", "run=NAME"), (".", "run=NAME"), ("a/b", "run=a-b"),
        ("a\\b", "run=a-b"), ("/etc", "run=etc"), ("best", "run=NAME"), ("Latest", "run=NAME"),
        ("config.json", "run=NAME"), ("-n", "run=n"), ("my run", "run=my-run"),
        ("a\nb", "run=a-b"), ("a\0b", "run=a-b"), ("\x1b[31m", "run=31m"), ("x" * 101, "x" * 40),
        ("1" * 16, "1" * 15), ("3:9", "run=3-9"), ("größe", "run=gr-e"), ("٣", "run=NAME"),
        ("-1", "run=1"), (" ", "run=NAME"), ("a\n", "run=a"), ("*", "run=NAME"),
    ],
)  # fmt: skip
def test_bad_names_are_refused_in_one_line_with_a_better_one(run: str, hint: str) -> None:
    with pytest.raises(RunError) as caught:
        checked_name(run)
    assert caught.value.hint.endswith(hint)
    assert str(caught.value).isprintable()
    assert not is_name(run)


def test_a_truth_value_is_no_name() -> None:
    with pytest.raises(RunError, match="a truth value is not a run name"):
        checked_name(True)


@given(st.text(max_size=200))
@example("")
@example("..")
@example("a/b")
@example("a\n")
@example("-a")
@example("Best")
@example("CONFIG.json")
@example("/latest/")
@example("007")
@example("٣")  # a digit, and none of ASCII
@example("9" * 16)
@example("a" * 101)
@example("0" * 39 + "/x")
def test_a_name_stays_inside_the_work_dir_and_a_hint_is_a_good_name(run: str) -> None:
    from pathlib import Path

    if is_name(run):
        assert Path("w", run).parent == Path("w") and Path("w", run).name == run
        return
    with pytest.raises(RunError) as caught:
        checked_name(run)
    assert is_name(caught.value.hint.removeprefix("type: run="))


def test_numbers_come_first_and_by_value() -> None:
    names = ["b", "10", "9", "a", "100", "2"]
    assert sorted(names, key=name_order) == ["2", "9", "10", "100", "a", "b"]
    assert [number_of(name) for name in ("3", "03", "x")] == [3, -1, -1]
