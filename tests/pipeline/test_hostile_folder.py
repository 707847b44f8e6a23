"""A folder of hostile files beside good ones, through the whole command and onto the page."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from longstride.corpus.world import write_world
from longstride.records.parquet import read_documents, read_samples
from longstride.report.dataset_page import write_dataset_page

SCRIPT = "<script>document.title = 'taken over'</script>"
OVERRIDE = "\u202e"  # turns what follows from right to left
PROSE = "The harbour of {place} was dug by hand, and the first ship that lay there carried salt and nine passengers. "


def write_hostile(folder: Path) -> None:
    folder.mkdir()
    (folder / "broken.py").write_text("def half(:\n    return\n")
    (folder / "python2.py").write_text("print 'two'\nexec 'x = 1'\nraise ValueError, 'no'\n")
    (folder / "nul.py").write_bytes(b"x = 1\x00\ny = 2\n" * 40)
    lines = [f"VALUE_{number} = {number * 7}" for number in range(50_000)]
    (folder / "long.py").write_text("\n".join(lines) + "\n")
    chat = [
        {"content": "Where was the harbour dug?"},
        {"role": "assistant", "content": PROSE.format(place="Ebbing") * 3},
        {"role": "user", "content": ""},
        {"role": "user", "content": f"On 2031-05-02 I moved to Orvale. {SCRIPT}"},
        {"role": "assistant", "content": "Noted."},
        {"role": "user", "content": "On 2029-01-30 I moved to Tarn."},
        {"role": "assistant", "content": f"Noted too. {OVERRIDE}gpj.exe"},
    ]
    (folder / "chat.json").write_text(json.dumps({"messages": chat * 3}))
    rows = "".join(f"<p>{PROSE.format(place=f'Port {number}')}{SCRIPT}</p>" for number in range(30))
    (folder / "page.html").write_text(f"<html><body><h1>Harbours</h1>{rows}</body></html>")
    (folder / "notes.md").write_text(
        "# Notes </script>\n\n" + "\n\n".join(PROSE.format(place=f"{OVERRIDE}{n} {SCRIPT}") for n in range(30))
    )


@pytest.mark.slow
def test_hostile_files_are_left_out_or_shown_as_text_and_counted(tmp_path: Path):
    corpus, output = tmp_path / "corpus", tmp_path / "out"
    write_world(corpus, seed=5, count=124)
    write_hostile(corpus / "hostile")
    options = ["--samples", "24", "--target-tokens", "2k", "--workers", "1"]
    command = [sys.executable, "-m", "longstride", "synthesize", str(corpus), "-o", str(output), *options]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    documents = {document.id: document for document in read_documents(output / "documents")}
    samples = list(read_samples(output / "samples"))
    assert len(samples) == 24
    assert all(each.quotes(documents[each.document_id]) for sample in samples for each in sample.evidence)
    counted = json.loads((output / "funnel.json").read_text())["corpus"]
    assert "messages_without_role" in json.dumps(counted)
    assert "messages_without_text" in json.dumps(counted)
    page = write_dataset_page(output, None)
    for file in page.parent.rglob("*"):
        if file.suffix in (".html", ".js"):
            assert SCRIPT not in file.read_text(encoding="utf-8"), file
