import json
import subprocess
import sys
from pathlib import Path

import pytest

from longstride.errors import InputError
from longstride.workspace import Workspace, differences

SETTINGS = {"seed": 0, "targets": [8000, 32000], "filters": {"min_words": 5}}

HOLDER = """
import sys, time
from longstride.workspace import Workspace
with Workspace(sys.argv[1], "data set", {"seed": 0}):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_job_goes_on_where_it_was(tmp_path: Path):
    with Workspace(tmp_path / "out", "data set", SETTINGS) as work:
        work.write_json("shard-0.json", [1, 2])
        assert not work.complete
    with Workspace(tmp_path / "out", "data set", SETTINGS) as work:
        assert work.read_json("shard-0.json") == [1, 2]
        assert work.read_json("shard-1.json") is None
        work.finish({"samples": 2})
    with Workspace(tmp_path / "out", "data set", SETTINGS) as work:
        assert work.complete
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["settings"] == SETTINGS
    assert manifest["samples"] == 2
    assert not (tmp_path / "out" / ".work").exists()


def test_other_settings_are_refused_with_the_difference(tmp_path: Path):
    with Workspace(tmp_path, "data set", SETTINGS):
        pass
    before = (tmp_path / "manifest.json").read_bytes()
    changed = {"seed": 1, "targets": [8000, 32000], "filters": {"min_words": 6}}
    with pytest.raises(InputError, match=r"other settings: filters\.min_words 5, now 6; seed 0, now 1; choose another"):
        Workspace(tmp_path, "data set", changed).__enter__()
    with pytest.raises(InputError, match="holds a data set, not a training run"):
        Workspace(tmp_path, "training run", SETTINGS).__enter__()
    assert (tmp_path / "manifest.json").read_bytes() == before
    with Workspace(tmp_path, "data set", SETTINGS):
        pass


def test_another_version_is_refused(tmp_path: Path):
    with Workspace(tmp_path, "data set", SETTINGS):
        pass
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "longstride": "0.0.1"}))
    with pytest.raises(InputError, match=r"was made with longstride 0\.0\.1, this is"):
        Workspace(tmp_path, "data set", SETTINGS).__enter__()


def test_a_second_process_is_refused_and_a_killed_one_is_not_in_the_way(tmp_path: Path):
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(InputError, match="another process is at work there"):
            Workspace(tmp_path, "data set", {"seed": 0}).__enter__()
        holder.kill()
    with Workspace(tmp_path, "data set", {"seed": 0}):
        pass


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match=r"holds other files and no manifest\.json; name a new or empty folder"):
        Workspace(tmp_path, "data set", SETTINGS).__enter__()
    with pytest.raises(InputError, match="is a file"):
        Workspace(tmp_path / "thesis.tex", "data set", SETTINGS).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    (tmp_path / "manifest.json").write_text("[1")
    with pytest.raises(InputError, match="is no manifest"):
        Workspace(tmp_path, "data set", SETTINGS).__enter__()


def test_half_written_files_are_swept_away(tmp_path: Path):
    with Workspace(tmp_path, "data set", SETTINGS) as work:
        work.write_json("a.json", 1)
        work.part(".b.json.17.partial").write_text("half")
    with Workspace(tmp_path, "data set", SETTINGS) as work:
        assert [path.name for path in work.part("").iterdir()] == ["a.json"]


def test_differences_are_phrases():
    assert differences({"a": 1, "b": "x"}, {"b": "x", "c": None}) == ["a 1, now null"]
    assert differences({"a": {"b": 1}}, {"a": {"b": 1}}) == []
    assert differences({"a": "y" * 100}, {"a": 1})[0].startswith('a "yyy')
