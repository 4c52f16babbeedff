"""Tell local disks from network file systems."""

import os
from pathlib import Path

_NETWORK = {"afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs"}
_NETWORK |= {"lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "pvfs2", "smb3"}
_NETWORK |= {"smbfs", "wekafs", "9p", "virtiofs", "vboxsf", "prl_fs"}


def is_network_filesystem(path: Path, table: Path = Path("/proc/self/mountinfo")) -> bool:
    """Tell whether a path lies on a network file system; where it cannot be known, say yes.

    Args:
        path: any path.
        table: the system's list of mounts.
    """
    try:
        mounts = table.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return True
    place = os.path.realpath(path)
    found = max((_mount(line) for line in mounts), key=lambda mount: _covers(mount[0], place))
    return found[1] in _NETWORK or found[1].startswith("fuse.")


def _mount(line: str) -> tuple[str, str]:
    """Return the mount point and the file system's type out of a line of mountinfo."""
    fields, _, rest = line.partition(" - ")
    point = fields.split(" ")[4]
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point, rest.split(" ", 1)[0]


def _covers(point: str, place: str) -> int:
    """Return how much of place a mount point covers, -1 for nothing."""
    inside = place == point or place.startswith(point.rstrip("/") + "/")
    return len(point) if inside else -1
