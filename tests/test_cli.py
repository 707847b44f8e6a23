import subprocess
import sys
from pathlib import Path

import pytest

from longstride import __version__
from longstride.cli import main, one_line
from longstride.errors import InputError


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "longstride", *arguments], capture_output=True, text=True, check=False)


def test_help_teaches_and_imports_nothing_heavy():
    result = run("--help")
    assert result.returncode == 0
    assert "demo" in result.stdout
    program = (
        "import sys; from longstride.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print('HEAVY:', [m for m in ('torch', 'openai', 'pyarrow', 'pydantic', 'transformers',"
        " 'tokenizers', 'numpy') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "HEAVY: []" in loaded


def test_the_version():
    assert run("--version").stdout.strip() == f"longstride {__version__}"


def test_an_expected_error_is_one_line_and_exit_code_2(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    result = run("demo", "--output", str(tmp_path / "file"))
    assert result.returncode == 2
    assert result.stderr.startswith("longstride: ")
    assert result.stderr.count("\n") == 1
    assert str(tmp_path / "file") in result.stderr


def test_a_wrong_option_says_so_and_exits_with_2():
    result = run("demo", "--stepps", "3")
    assert result.returncode == 2
    assert "--stepps" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_defect_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("longstride.demo.command.run_demo", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["demo"])


def test_a_missing_extra_is_named():
    assert (
        one_line(ModuleNotFoundError("no torch", name="torch"))
        == "torch is not installed; pip install 'longstride[train]'"
    )
    assert "longstride[synthesis]" in one_line(ModuleNotFoundError("no lxml.etree", name="lxml.etree"))
    with pytest.raises(ModuleNotFoundError):
        one_line(ModuleNotFoundError("no longstride.typo", name="longstride.typo"))


def test_messages_of_several_lines_become_one():
    assert one_line(InputError("first\n  second")) == "first second"
