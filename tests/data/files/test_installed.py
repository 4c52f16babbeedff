"""Files in packages are found without importing these."""

import sys

import pytest

from stride.data.files.installed import installed_path
from stride.errors import DataError


def test_a_file_is_found_and_its_package_not_imported(tmp_path, monkeypatch):
    (tmp_path / "holder").mkdir()
    (tmp_path / "holder" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (tmp_path / "holder" / "data.txt").write_text("1")
    monkeypatch.syspath_prepend(tmp_path)
    found = installed_path("holder", "data.txt", where="key", install="holder")
    assert found.read_text() == "1" and "holder" not in sys.modules
    with pytest.raises(DataError, match=r"holder: it has no other.txt \(key\)"):
        installed_path("holder", "other.txt", where="key", install="holder")


def test_a_package_that_is_not_installed_is_named_as_pip_knows_it():
    with pytest.raises(DataError) as caught:
        installed_path("no_such_package", "x", where="key", install="no-such-package")
    assert str(caught.value) == (
        "the data comes with the package no_such_package: it is not installed here (key); "
        "type: pip install no-such-package"
    )
