"""Grading is imported by everything, so it must stay light."""

import subprocess
import sys

import longstride.grading


def test_grading_imports_nothing_heavy():
    heavy = ("torch", "openai", "pyarrow", "numpy", "transformers", "pydantic")
    program = f"import sys; import longstride.grading; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_exists():
    assert all(hasattr(longstride.grading, name) for name in longstride.grading.__all__)
