"""Network file systems are told apart by the kernel's list of mounts."""

from __future__ import annotations

import pytest

from longstride.llm.mounts import file_system_of, is_network

MOUNTS = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
40 27 0:40 / /home rw,relatime shared:1 - nfs4 filer:/home rw,vers=4.2
41 40 8:1 / /home/ann/local rw - xfs /dev/sda1 rw
42 27 0:42 / /mnt/my\040share rw - cifs //server/share rw
43 27 0:43 / /mnt/ssh rw - fuse.sshfs ann@host: rw
44 27 0:44 / /mnt/lustre rw master:2 propagate_from:3 - lustre mds:/scratch rw
45 27 0:45 / /mnt/over rw - nfs filer:/over rw
46 45 0:46 / /mnt/over rw - tmpfs tmpfs rw
47 27 0:47 / /var/lib/containers rw - fuse.fuse-overlayfs overlay rw
a line that is none
""".strip()


@pytest.mark.parametrize(
    ("path", "file_system", "network"),
    [
        ("/data/cache.sqlite", "ext4", False),
        ("/home/ann/cache.sqlite", "nfs4", True),
        ("/home/ann/local/cache.sqlite", "xfs", False),
        ("/home/ann/locals/cache.sqlite", "nfs4", True),  # the name only begins like the mount's
        ("/homes/cache.sqlite", "ext4", False),
        ("/mnt/my share/cache.sqlite", "cifs", True),
        ("/mnt/ssh/cache.sqlite", "fuse.sshfs", True),
        ("/mnt/lustre/a/b", "lustre", True),
        ("/mnt/over/cache.sqlite", "tmpfs", False),  # mounted later, over the other
        ("/var/lib/containers/x", "fuse.fuse-overlayfs", False),
    ],
)
def test_the_nearest_mount_decides(path: str, file_system: str, network: bool):
    assert file_system_of(path, MOUNTS) == file_system
    assert is_network(file_system) == network


def test_an_unknown_place_counts_as_local():
    assert file_system_of("/x", "") is None and not is_network(None)
    for name in ("nfs", "smb3", "gpfs", "9p", "virtiofs", "ceph", "fuse.rclone", "beegfs"):
        assert is_network(name)
    for name in ("btrfs", "zfs", "overlay", "apfs", "fuseblk"):
        assert not is_network(name)
