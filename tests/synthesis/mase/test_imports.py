"""What importing the family loads is light."""

from __future__ import annotations

import subprocess
import sys


def test_importing_mase_loads_no_heavy_library():
    script = (
        "import sys, longstride.synthesis.mase\n"
        "print(*sorted({'torch', 'transformers', 'openai', 'bm25s', 'rapidfuzz', 'numpy', 'tokenizers',"
        " 'longstride.curation', 'longstride.rl', 'longstride.evaluation'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
