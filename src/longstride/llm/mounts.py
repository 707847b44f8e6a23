"""Which file system a path lies on, so that sqlite's write-ahead log is kept off network file systems."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

_BETWEEN_MACHINES = ["acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fhgfs", "glusterfs", "gpfs", "lustre"]
_BETWEEN_MACHINES += [
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "orangefs",
    "panfs",
    "pvfs2",
    "smb",
    "smb2",
    "smb3",
    "smbfs",
    "wekafs",
]
_HOST_AND_GUEST = ["9p", "drvfs", "prl_fs", "vboxsf", "virtiofs", "vmhgfs"]
NETWORK_FILE_SYSTEMS = frozenset([*_BETWEEN_MACHINES, *_HOST_AND_GUEST])
LOCAL_FUSE = frozenset(["fuse.bindfs", "fuse.fuse-overlayfs", "fuse.gocryptfs", "fuse.mergerfs", "fuse.ntfs-3g"])


def file_system_of(path: str | Path, mountinfo: str) -> str | None:
    """The type of the file system that holds the absolute `path`, as the text of /proc/self/mountinfo has it.

    The longest mount point above the path wins; of two on the same point the later, which hides the other. None where
    no mount point fits.
    """
    target = PurePosixPath(path)
    found: tuple[int, str] | None = None
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields, types = before.split(" "), after.split(" ")
        if not separator or len(fields) < 5:
            continue
        mount_point = PurePosixPath(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4]))
        if target.is_relative_to(mount_point):
            depth = len(mount_point.parts)
            if found is None or depth >= found[0]:
                found = depth, types[0]
    return found[1] if found else None


def is_network(file_system: str | None) -> bool:
    """Whether several machines may see this file system, or its shared memory cannot be trusted.

    Every FUSE type counts as one (sshfs, s3fs, gcsfuse, rclone, juicefs ...) but for a few known to be local.
    """
    if file_system is None:
        return False
    return file_system in NETWORK_FILE_SYSTEMS or (file_system.startswith("fuse.") and file_system not in LOCAL_FUSE)


def read_mountinfo() -> str | None:
    """The mounts of this process; None where the system does not tell (only Linux does)."""
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
