"""What `make mutants` runs applies to the source of today; whether it is seen, that run tells."""

import pytest

from mutants.table import ROOT, TABLES, Mutant, read_mutants

MUTANTS = read_mutants(TABLES)


@pytest.mark.parametrize("file", sorted({one.file for one in MUTANTS}))
def test_each_fault_can_be_put_into_its_file(file: str) -> None:
    source = (ROOT / file).read_text(encoding="utf-8")
    for one in MUTANTS:
        if one.file == file:
            compile(one.applied(source), file, "exec")


def test_each_fault_has_a_name_of_its_own_and_a_test_that_is_there() -> None:
    assert len({(one.table, one.name) for one in MUTANTS}) == len(MUTANTS)
    for one in MUTANTS:
        for test in one.test.split():
            file, *_, function = test.split("::")  # a class may stand between the two
            assert f"def {function.partition('[')[0]}(" in (ROOT / file).read_text(), test


def test_a_fault_that_no_longer_applies_is_named() -> None:
    mutant = Mutant("runs", "a fault", "stride/log.py", old="gone", new="other", survives="so")
    with pytest.raises(ValueError, match="'a fault': 0 places in"):
        mutant.applied("here = 1\n")
