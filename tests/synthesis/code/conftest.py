import shutil
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from longstride.corpus.reading import read_corpus
from longstride.records import Document
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.code import CodeFamily

PARTS = """
asyncio email http urllib xml logging unittest multiprocessing json concurrent importlib wsgiref xmlrpc html re
collections zoneinfo curses dbm socketserver.py selectors.py textwrap.py traceback.py functools.py tempfile.py
string.py contextlib.py copy.py pickle.py subprocess.py threading.py queue.py base64.py quopri.py mimetypes.py
weakref.py abc.py enum.py types.py smtplib.py ftplib.py cmd.py pdb.py bdb.py code.py codeop.py tokenize.py
linecache.py pkgutil.py optparse.py argparse.py gettext.py locale.py shutil.py zipfile.py tarfile.py
"""  # of the standard library


@pytest.fixture(scope="session")
def sources_of() -> Callable[[Mapping[str, str]], list[Source]]:
    """Whole files, by path, as sources."""

    def build(files: Mapping[str, str]) -> list[Source]:
        documents = [Document(path, path, "code", path, text) for path, text in files.items()]
        return [_source(each) for each in documents]

    return build


@pytest.fixture(scope="session")
def source_of() -> Callable[[Document], Source]:
    return _source


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    """A part of Python's standard library, split into documents of at most 2,000 tokens."""
    folder = tmp_path_factory.mktemp("library")
    standard = Path(sysconfig.get_path("stdlib"))
    ignored = shutil.ignore_patterns("__pycache__", "test", "tests", "idle_test", "*.pyc", "*.so")
    for part in PARTS.split():
        if (standard / part).is_dir():
            shutil.copytree(standard / part, folder / part, ignore=ignored)
        elif (standard / part).exists():
            shutil.copy(standard / part, folder / part)
    return {each.id: each for each in read_corpus(folder, max_document_tokens=2_000)}


@pytest.fixture(scope="session")
def library_sources(library: Mapping[str, Document]) -> list[Source]:
    return [source for each in library.values() if (source := _source(each)).facts]


@pytest.fixture(scope="session")
def library_candidates(library_sources: list[Source]) -> list[Candidate]:
    """Questions over the library: what finding the leads in it takes is taken once."""
    return list(CodeFamily().propose(library_sources, 24_000, seed=0, limit=600))


def _source(document: Document) -> Source:
    facts = CodeFamily().extract(document)
    return Source(document.id, document.parent_id or document.id, document.title, len(document.text) // 4, facts)
