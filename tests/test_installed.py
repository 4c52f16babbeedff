"""Hints name what can be installed from where this STRIDE came, never a name on the index."""

import json
import sys
from pathlib import Path

import pytest

from stride.installed import install_hint, upgrade_hint

METADATA = """Metadata-Version: 2.4
Name: stride-trainer
Version: 9
Provides-Extra: plots
Requires-Dist: numpy>=2.0
Requires-Dist: matplotlib>=3.8; extra == 'plots'
Requires-Dist: other; extra == 'dev'
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that puts an installed STRIDE before the one that runs."""
    info = tmp_path / "stride_trainer-9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    monkeypatch.syspath_prepend(tmp_path)

    def install(record: dict[str, object]) -> None:
        (info / "direct_url.json").write_text(json.dumps(record))

    return install


def test_from_a_folder(installed, tmp_path: Path) -> None:
    installed({"url": tmp_path.as_uri(), "dir_info": {"editable": True}})
    assert install_hint("plots", ["x"]) == f"type: pip install -e '{tmp_path}[plots]'"
    assert upgrade_hint().endswith(f"pip install -U -e {tmp_path}")
    installed({"url": tmp_path.as_uri(), "dir_info": {}})
    assert install_hint("plots", ["x"]) == f"type: pip install '{tmp_path}[plots]'"


def test_from_a_folder_that_is_gone(installed, tmp_path: Path) -> None:
    installed({"url": (tmp_path / "gone").as_uri(), "dir_info": {"editable": True}})
    assert install_hint("plots", ["x"]) == "type: pip install 'matplotlib>=3.8'"
    assert upgrade_hint() == "get a newer STRIDE"


def test_from_a_repository(installed) -> None:
    installed({"url": "https://a.b/c", "vcs_info": {"vcs": "git", "commit_id": "1"}})
    assert (
        install_hint("plots", []) == "type: pip install 'stride-trainer[plots] @ git+https://a.b/c'"
    )
    assert upgrade_hint().endswith("pip install -U 'stride-trainer @ git+https://a.b/c'")


def test_from_a_wheel_or_nobody_knows_where(installed, monkeypatch: pytest.MonkeyPatch) -> None:
    installed({"url": "file:///a.whl", "archive_info": {}})
    assert install_hint("plots", ["x"]) == "type: pip install 'matplotlib>=3.8'"
    assert install_hint("unknown", ["x"]) == "type: pip install x"
    monkeypatch.setattr(sys, "path", [])
    assert install_hint("plots", ["x"]) == "type: pip install x"
