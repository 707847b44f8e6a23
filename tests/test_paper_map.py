"""docs/paper_map.md stays true: every function and every test that it names is there."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "paper_map.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| Paper")
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_names_what_is_there(row: list[str]):
    _, _, functions, tests = row
    names = [name for name in re.findall(r"`([\w.]+)`", functions) if name.startswith("longstride.")]
    assert names
    for name in names:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name
    places = re.findall(r"`(tests/[\w/.]+\.py)(?:::(\w+))?`", tests)
    assert places
    for file, test in places:
        assert f"def {test}" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"


def test_every_equation_has_a_row():
    assert {f"Eq. {number}" for number in range(1, 12)} | {"Table 6"} <= {row[0] for row in ROWS}
