"""The URL of a database is kept so that any process finds it, from any folder."""

import pytest

from stride.errors import UserError
from stride.sweeps.search.storage import lasting_url


def test_a_file_is_found_from_any_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert lasting_url("sqlite:///a b.db") == f"sqlite:///{tmp_path}/a b.db"
    assert lasting_url(f"sqlite:///{tmp_path}/x.db") == f"sqlite:///{tmp_path}/x.db"
    server = "postgresql://me:word@host/db"
    assert lasting_url(server) == server


@pytest.mark.parametrize(
    ("url", "words"),
    [("sqlite://", "ends with this process"), ("optuna.db", "Could not parse")],
)
def test_what_is_no_lasting_database_is_refused(url, words) -> None:
    with pytest.raises(UserError, match=f"cannot open this storage: .*{words}"):
        lasting_url(url)
