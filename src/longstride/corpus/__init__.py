"""The corpus (paper 3.1): a folder of files to documents that fit, and a fictional world as a corpus of its own.

    funnel = Funnel()
    for document in read_corpus("papers", max_document_tokens=2000, funnel=funnel):
        ...

The pieces stand in their modules: `reading`, `sources`, `readers`, `split`, `families`, `filters`, `dedup`, `funnel`.
"""

from longstride.corpus.dedup import Deduplicator, Signature, signature
from longstride.corpus.funnel import Funnel
from longstride.corpus.limits import Limits
from longstride.corpus.reading import (
    Reading,
    ReadSource,
    batches,
    read_corpus,
    read_files,
    without_duplicates,
)
from longstride.corpus.sources import CorpusFile, find_files

__all__ = [
    "CorpusFile",
    "Deduplicator",
    "Funnel",
    "Limits",
    "ReadSource",
    "Reading",
    "Signature",
    "batches",
    "find_files",
    "read_corpus",
    "read_files",
    "signature",
    "without_duplicates",
]
