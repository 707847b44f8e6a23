import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from longstride.files import content_digest, replacing

WRITER = """
import sys
from longstride.files import replacing
for version in range(100000):
    with replacing(sys.argv[1]) as temporary:
        temporary.write_text(f"{version}\\n" * 20000)
    if version == 0:
        print("begun", flush=True)
"""


def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path):
    path = tmp_path / "folder" / "data.txt"
    with replacing(path) as temporary:
        temporary.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(path.parent) == ["data.txt"]


@pytest.mark.parametrize("delay", [0.0, 0.013, 0.029, 0.051])
def test_a_kill_leaves_a_whole_file(tmp_path: Path, delay: float):
    path = tmp_path / "data.txt"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        try:
            writer.wait(delay)
        except subprocess.TimeoutExpired:
            writer.send_signal(signal.SIGKILL)
    lines = path.read_text().splitlines()
    assert len(lines) == 20000
    assert len(set(lines)) == 1


def test_a_digest_names_content_and_place_wherever_the_folder_stands(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "a.txt").write_text("a")
        (tmp_path / name / "b.txt").write_text("b")
    digests = [content_digest(tmp_path / name, sorted((tmp_path / name).rglob("*.txt"))) for name in ("one", "two")]
    assert digests[0] == digests[1]
    (tmp_path / "two" / "b.txt").write_text("c")
    assert content_digest(tmp_path / "two", sorted((tmp_path / "two").rglob("*.txt"))) != digests[0]
    (tmp_path / "two" / "b.txt").write_text("b")
    (tmp_path / "two" / "b.txt").rename(tmp_path / "two" / "c.txt")
    assert content_digest(tmp_path / "two", sorted((tmp_path / "two").rglob("*.txt"))) != digests[0]
