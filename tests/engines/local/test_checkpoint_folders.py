"""Checkpoints that appear whole or not at all: a kill at every step of the file system, a full disk, altered files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from longstride.engines.local.checkpoint_folders import checkpoint_path, checkpoints_in, new_checkpoint, verify
from longstride.errors import InputError

FILES = {"state.json": "{}", "model/model.safetensors": "weights " * 100, "model/config.json": "{}"}

# Kills itself at its n-th call that opens, renames, makes or removes something, for n = 1, 2, ... until a save is
# through; prints what stood in the folder after each kill: the steps of the checkpoints found whole.
KILLED_AT_EVERY_STEP = """
import os, signal, sys
from pathlib import Path
from longstride.engines.local.checkpoint_folders import checkpoints_in, new_checkpoint, verify

folder = Path(sys.argv[1])

def save(step):
    with new_checkpoint(folder, step, keep_last=2) as staging:
        (staging / "model").mkdir()
        for name in ("model/a", "model/b", "state.json"):
            (staging / name).write_text(f"{name} of step {step} " * 50)

save(1)
save(2)
calls = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"}
for limit in range(1, 10_000):
    child = os.fork()
    if not child:
        seen = 0
        def watch(event, arguments):
            global seen
            if event in calls:
                seen += 1
                if seen == limit:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(watch)
        save(limit + 2)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    whole = [step for step, path in checkpoints_in(folder).items() if verify(path)["step"] == step]
    print(limit, *whole, flush=True)
    if not status:
        break
"""

RANDOM_KILLS = """
import os, random, signal, sys, time
from pathlib import Path
from longstride.engines.local.checkpoint_folders import checkpoints_in, new_checkpoint, verify

folder, rng = Path(sys.argv[1]), random.Random("random kills")
payload = {step: random.Random(step).randbytes(200_000) for step in range(64)}
step = 0
for _ in range(15):
    child = os.fork()
    if not child:
        for number in range(step + 1, 10_000):
            with new_checkpoint(folder, number, keep_last=1) as staging:
                (staging / "weights").write_bytes(payload[number % 64])
    time.sleep(rng.uniform(0.001, 0.06))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = checkpoints_in(folder)
    assert found or not step, "a checkpoint was lost"
    for step, path in found.items():
        assert verify(path)["step"] == step
        assert (path / "weights").read_bytes() == payload[step % 64]
print(step)
"""


def save(folder: Path, step: int, keep_last: int = 2) -> Path:
    with new_checkpoint(folder, step, keep_last) as staging:
        for name, text in FILES.items():
            (staging / name).parent.mkdir(exist_ok=True)
            (staging / name).write_text(text)
    return checkpoint_path(folder, step)


def run(script: str, folder: Path) -> str:
    command = [sys.executable, "-c", script, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert not done.returncode, done.stderr
    return done.stdout


def test_only_the_last_stay_and_nothing_is_left_beside_them(tmp_path: Path):
    for step in (1, 5, 9, 100_000_000):
        save(tmp_path, step)
    assert checkpoints_in(tmp_path) == {9: tmp_path / "step-00000009", 100_000_000: tmp_path / "step-100000000"}
    assert len(list(tmp_path.iterdir())) == 2


def test_a_kill_at_any_call_leaves_whole_checkpoints_and_the_latest_stays(tmp_path: Path):
    """Two of them at all times, in each of some twenty places; the newest is 2, or the one that was just renamed."""
    lines = [list(map(int, line.split())) for line in run(KILLED_AT_EVERY_STEP, tmp_path).splitlines()]
    assert len(lines) > 15
    latest = 2
    for limit, *steps in lines:
        assert len(steps) >= 2
        assert steps[-1] in (latest, limit + 2)
        latest = steps[-1]
    assert lines[-1][-1] == lines[-1][0] + 2  # the last was not killed
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_kills_at_random_moments_lose_nothing(tmp_path: Path):
    assert int(run(RANDOM_KILLS, tmp_path)) > 5


def test_an_error_while_filling_leaves_the_folder_as_it_was(tmp_path: Path):
    save(tmp_path, 1)
    with pytest.raises(RuntimeError, match="of ours"), new_checkpoint(tmp_path, 2, 1) as staging:
        (staging / "half").write_text("...")
        raise RuntimeError("of ours")
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("I/O error: No space left on device (os error 28)")]
)
def test_a_full_disk_is_one_line_with_the_cure(tmp_path: Path, error: Exception):
    save(tmp_path, 1)
    with pytest.raises(InputError) as caught, new_checkpoint(tmp_path, 2, 1):
        raise error
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}: the checkpoint of step 2 cannot be written (")
    assert str(caught.value).endswith("step-00000001 is untouched; make room, or keep fewer checkpoints")
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]


def test_a_file_cut_short_is_named(tmp_path: Path):
    save(tmp_path, 3)
    path = save(tmp_path, 4)
    (path / "model" / "model.safetensors").write_text("weights")
    with pytest.raises(InputError) as caught:
        verify(path)
    expected = f"{path}/model/model.safetensors: has 7 bytes, was saved with 800; remove step-00000004"
    assert str(caught.value) == f"{expected} to go on from step-00000003"


@pytest.mark.parametrize("name", list(FILES))
def test_one_bit_of_any_file_is_enough(tmp_path: Path, name: str):
    path = save(tmp_path, 4)
    assert verify(path)["step"] == 4
    content = bytearray((path / name).read_bytes())
    content[-1] ^= 1
    (path / name).write_bytes(content)
    with pytest.raises(InputError, match="its sha256 differs; remove step-00000004 to start anew"):
        verify(path)


def test_missing_files_are_named(tmp_path: Path):
    path = save(tmp_path, 4)
    (path / "state.json").unlink()
    with pytest.raises(InputError, match=r"state.json: is missing"):
        verify(path)
    (path / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"manifest.json: is missing: this is no checkpoint"):
        verify(path)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "link"])
def test_a_manifest_reaches_no_file_outside(tmp_path: Path, name: str):
    path = save(tmp_path / "run", 4)
    (tmp_path / "run" / "outside").write_text("secret")
    (path / "link").symlink_to(tmp_path / "run" / "outside")
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"][name] = {"bytes": 6, "sha256": ""}
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="outside of its folder"):
        verify(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": {"a": 1}}', '{"format": 2, "step": 1, "files": {}}'])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str):
    path = save(tmp_path, 4)
    (path / "manifest.json").write_text(text)
    with pytest.raises(InputError, match="is no manifest"):
        verify(path)


def test_refusals_and_other_folders(tmp_path: Path):
    save(tmp_path, 1)
    (tmp_path / "step-2").mkdir()
    (tmp_path / "step-00000003").write_text("a file")
    assert list(checkpoints_in(tmp_path)) == [1]
    assert checkpoints_in(tmp_path / "none") == {}
    with pytest.raises(ValueError, match="is there already"), new_checkpoint(tmp_path, 1, 2):
        pass
    with pytest.raises(ValueError, match="keep_last is 0"), new_checkpoint(tmp_path, 7, 0):
        pass
