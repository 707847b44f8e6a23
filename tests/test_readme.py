"""The README and docs stay true: their Python runs, one-line commands run, the files that they name are there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from longstride.llm import load_settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = [ROOT / "README.md", ROOT / "benchmarks" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [path.read_text(encoding="utf-8") for path in GUIDES]
BLOCKS = [block for page in PAGES for block in re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)]
EXAMPLES = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]
LONGSTRIDE = [line for line in COMMANDS if line.startswith("longstride ")]
ONE_LINERS = [line for line in COMMANDS if line.startswith("python -c ")]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.strip().splitlines()[-1][:40])
def test_an_example_runs(example: str):
    exec(compile(example, "README.md", "exec"), {})


@pytest.mark.parametrize("command", ONE_LINERS, ids=lambda text: text[:60])
def test_a_one_line_command_prints_something(command: str, tmp_path: Path):
    arguments = shlex.split(command)
    program = [sys.executable, *arguments[1:]]
    result = subprocess.run(program, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert result.stdout.strip()


@pytest.mark.parametrize("command", LONGSTRIDE, ids=lambda text: text[:60])
def test_the_command_line_knows_the_options_of_every_command(command: str):
    arguments = shlex.split(command, comments=True)
    program = [sys.executable, "-m", *arguments[:2], "--help"]
    known = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    for option in (word for word in arguments[2:] if word.startswith("-")):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", known), option


def test_the_example_settings_are_read(tmp_path: Path):
    (text,) = [text for language, text in BLOCKS if language == "toml" and "[roles.judge]" in text]
    (tmp_path / "models.toml").write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path / "models.toml")
    assert settings.role("judge").model == "gpt-oss-120b"
    assert settings.role("solver").model == "Qwen/Qwen3-4B"


def test_there_are_examples():
    assert len(EXAMPLES) >= 4
    assert len(ONE_LINERS) >= 3


def test_every_file_that_a_command_names_is_there():
    names = [word for line in COMMANDS for word in line.split() if word.startswith(("benchmarks/", "recipes/"))]
    assert names
    for name in names:
        assert (ROOT / name).is_file(), name


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_to_one(guide: Path):
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", guide.read_text(encoding="utf-8")):
        if not link.startswith("https://"):
            assert (guide.parent / link).is_file(), link


def test_the_readme_is_read_in_minutes():
    assert len(README.split()) < 1500


def test_every_make_target_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in {line.split()[1] for line in COMMANDS if line.startswith("make ")}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
