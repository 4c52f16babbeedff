from pathlib import Path

import pytest

from stride.runs.files.filesystem import is_network_filesystem

MOUNTS = r"""22 1 8:1 / / rw - ext4 /dev/root rw
30 22 0:26 / /home rw shared:1 - nfs4 server:/home rw
31 30 8:2 / /home/local rw - xfs /dev/sdb rw
32 22 0:27 / /mnt/two\040words rw - fuse.sshfs host:/ rw
33 22 0:28 / /homestead rw - btrfs /dev/sdc rw
"""


@pytest.mark.parametrize(
    ("path", "network"),
    [
        ("/home/anna/w", True),
        ("/home", True),
        ("/home/local/w", False),
        ("/homestead/w", False),
        ("/homeland/w", False),
        ("/mnt/two words/w", True),
        ("/opt", False),
    ],
)
def test_the_innermost_mount_decides(tmp_path: Path, path: str, network: bool) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS)
    assert is_network_filesystem(Path(path), table) is network


def test_a_symlink_lies_where_it_leads(tmp_path: Path) -> None:
    table, link = tmp_path / "mountinfo", tmp_path / "link"
    table.write_text(MOUNTS)
    link.symlink_to("/home/anna")
    assert is_network_filesystem(link, table)


def test_where_nothing_tells_the_answer_is_yes(tmp_path: Path) -> None:
    assert is_network_filesystem(tmp_path, tmp_path / "missing")


def test_this_machines_own_table_is_read(tmp_path: Path) -> None:
    assert is_network_filesystem(tmp_path) in (True, False)
