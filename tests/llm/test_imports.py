"""Nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

import longstride.llm


def test_heavy_packages_wait_until_they_are_used():
    code = (
        "import sys, longstride.llm as llm\n"
        "clients = {'aiohttp', 'httpx2', 'openai'}\n"
        "assert not (clients | {'pydantic', 'sqlite3'}) & set(sys.modules), 'imported with the room'\n"
        "[getattr(llm, name) for name in llm.__all__]\n"
        "assert not clients & set(sys.modules), 'imported with a name'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there_and_no_other():
    assert sorted(dir(longstride.llm)) == sorted(longstride.llm.__all__)
    assert all(getattr(longstride.llm, name) is not None for name in longstride.llm.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = longstride.llm.nothing
