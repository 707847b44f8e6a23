"""The command line. Heavy imports wait until a command runs: `longstride --help` imports neither torch nor openai."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from longstride.cli import data, demo, reading, results, training
from longstride.cli.app import app
from longstride.errors import ExpectedError

COMMANDS = (demo, data, training, reading, results)  # each adds its own when it is imported
EXTRAS = {  # module -> the extra that brings it
    **dict.fromkeys(("torch", "transformers", "safetensors"), "train"),
    **dict.fromkeys(
        ("bm25s", "charset_normalizer", "duckdb", "lxml", "numpy", "pdfplumber", "pypdfium2", "rapidfuzz", "rensa"),
        "synthesis",
    ),
    "sqlglot": "synthesis",
    **dict.fromkeys(("httpx2", "starlette", "uvicorn"), "serve"),
    "docling": "docling",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    The one place that turns an expected error into one line on standard error and exit code 2: bad input, a file that
    cannot be read or written, a spent budget, a missing extra. Anything else is a defect of ours and shows its
    traceback.
    """
    try:
        app(args=arguments)
    except (ExpectedError, OSError, ModuleNotFoundError) as error:
        print(f"longstride: {one_line(error)}", file=sys.stderr)
        sys.exit(error.exit_code if isinstance(error, ExpectedError) else 2)


def one_line(error: Exception) -> str:
    """What to tell a user of an expected error."""
    if isinstance(error, ModuleNotFoundError):
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise error
        return f"{error.name} is not installed; pip install 'longstride[{extra}]'"
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    return " ".join(str(error).split())
