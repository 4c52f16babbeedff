"""The journal of a sweep, shared by processes of which any may be killed while it writes."""

import errno

import optuna
import pytest
from optuna.storages import journal

from stride.runs.layout import SweepPaths
from stride.sweeps.search.storage import open_storage
from stride.sweeps.search.study import create_study


@pytest.fixture
def paths(tmp_path):
    tmp_path.joinpath("asked").mkdir()
    return SweepPaths(tmp_path / "asked")


def test_a_line_that_another_process_left_torn_harms_none_that_is_open(paths):
    storages = [open_storage(paths) for _ in range(2)]
    study = optuna.load_study(
        study_name=create_study(storages[0], "asked", "min"), storage=storages[0]
    )
    study.ask()
    with paths.journal.open("ab") as file:
        file.write(b'{"op_code":4,"worker_id":"a"')
    study.ask()
    for storage in [*storages, open_storage(paths)]:
        assert len(optuna.load_study(study_name="asked", storage=storage).trials) == 2


def test_a_line_that_a_full_disk_tore_is_no_end_of_the_journal(paths, monkeypatch):
    storage = open_storage(paths)
    study = optuna.load_study(study_name=create_study(storage, "asked", "min"), storage=storage)

    def torn(self, logs):
        with journal._file.get_lock_file(self._lock), paths.journal.open("ab") as file:
            file.write(b'{"op_code":4')
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(journal.JournalFileBackend, "append_logs", torn)
        with pytest.raises(OSError, match="No space left"):
            study.ask()
    assert study.ask().number == 0
    assert len(optuna.load_study(study_name="asked", storage=open_storage(paths)).trials) == 1


def test_a_study_whose_name_is_taken_gets_a_number(paths):
    storage = open_storage(paths)
    assert [create_study(storage, "asked", "min") for _ in range(3)] == [
        "asked",
        "asked-2",
        "asked-3",
    ]
