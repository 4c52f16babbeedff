"""Where a file is to be written that the user has named."""

import pytest

from stride.errors import UserError
from stride.runs.files.output_file import output_file


def test_a_new_file_and_one_that_is_there_have_a_place(tmp_path):
    (tmp_path / "old").touch()
    for name in ("old", "new"):
        assert output_file(str(tmp_path / name), "a.svg") == tmp_path / name


def test_what_has_none_is_told_with_what_to_type(tmp_path):
    with pytest.raises(UserError, match=rf"it is a folder .*; type: -o {tmp_path}/a\.svg"):
        output_file(tmp_path, "a.svg")
    with pytest.raises(UserError, match=rf"no folder .*; type: mkdir -p '{tmp_path}/x y'"):
        output_file(tmp_path / "x y" / "b", "a.svg")
