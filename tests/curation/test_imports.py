"""What the command line imports of curation is light."""

from __future__ import annotations

import subprocess
import sys


def test_importing_curation_loads_no_heavy_library():
    script = (
        "import sys, longstride.curation, longstride.curation.dataset, longstride.curation.publishing\n"
        "print(*sorted({'numpy', 'pyarrow', 'bm25s', 'rapidfuzz', 'datasets', 'huggingface_hub', 'torch', 'openai',"
        " 'tokenizers', 'longstride.synthesis', 'longstride.corpus'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
