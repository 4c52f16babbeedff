"""`stride card` prints a model card, or writes a new file."""

from pathlib import Path


def test_a_card_is_printed_or_written(stride, make_run) -> None:
    make_run("seed=3")
    told = stride("card", "W/latest")
    assert (told.code, told.err) == (0, "") and told.out.startswith("---\nlibrary_name: ")
    written = stride("card", "W/latest", "-o", "card.md")
    assert (written.code, written.out) == (0, "card.md\n")
    assert Path("card.md").read_text() == told.out
    again = stride("card", "W/0", "-o", "card.md")
    assert again.code == 2 and "type another name, or: rm card.md" in again.err


def test_a_card_is_not_written_where_no_file_can_be(stride, make_run) -> None:
    make_run()
    folder = stride("card", "W/0", "-o", "W")
    assert folder.code == 2 and "it is a folder (W); type: -o W/card.md" in folder.err
    long = stride("card", "W/0", "-o", "x" * 300)
    assert long.code == 2 and "cannot write: File name too long" in long.err


def test_a_work_dir_has_no_card(stride, make_run) -> None:
    make_run()
    assert stride("card", "W").code == 2
