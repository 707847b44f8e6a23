"""A sample as the memory agent meets it: its documents to be read, and its question apart from its form (2.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from longstride.errors import InputError
from longstride.memory.query import Query
from longstride.records import Document, Sample
from longstride.records.parquet import read_documents

ASKED_FOR = "the answer is"  # words of the line in which a data set's prompt says how to end a response


def query_of(sample: Sample) -> Query:
    """The core question, and with the format instructions the line of the prompt that says how the answer is to end.

    That line belongs to the prompt's style and not to the question, so it stands nowhere else in the sample; the
    grading rule looks for what it asks for.
    """
    _, question, after = sample.prompt[-1]["content"].rpartition(sample.core_question)
    asked = [line.strip() for line in after.splitlines() if question and ASKED_FOR in line][-1:]
    told = [sample.format_instructions, *(line for line in asked if line not in sample.format_instructions)]
    return Query(sample.core_question, "\n".join(filter(None, told)))


class Documents:
    """The documents of one or more data sets, as their samples name them.

    Data sets made apart may give one id to different documents. The one that is meant stands verbatim in the sample's
    prompt.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._by_id: dict[str, list[Document]] = {}
        for document in documents:
            named = self._by_id.setdefault(document.id, [])
            if document not in named:
                named.append(document)

    @classmethod
    def of_folders(cls, folders: Iterable[str | Path]) -> Documents:
        """Those of data set folders. Raises InputError for a folder without documents/."""
        paths = [Path(folder) / "documents" for folder in folders]
        for path in paths:
            if not path.is_dir():
                cure = "name a data set's folder: the memory agent reads its documents/"
                raise InputError("there is no documents/", path=path.parent, cure=cure)
        return cls(document for path in paths for document in read_documents(path))

    def of(self, sample: Sample) -> list[Document]:
        """The sample's documents, in their order, each under its title where the sample's prompt has it so.

        Raises InputError where the sample names none, or one that is not there.
        """
        if not sample.document_ids:
            cure = "make the data set with `longstride synthesize`"
            raise InputError(f"sample {sample.id!r:.80} names no documents, so there is nothing to read", cure=cure)
        return [self._meant(sample, name) for name in sample.document_ids]

    def _meant(self, sample: Sample, name: str) -> Document:
        named, prompt = self._by_id.get(name, []), sample.prompt[-1]["content"]
        if len(named) > 1:
            named = [document for document in named if document.text in prompt]
        if not named:
            cure = "keep the data set's documents/ beside its samples/"
            raise InputError(f"sample {sample.id!r:.80} holds document {name!r:.80}, which is not there", cure=cure)
        return _titled(named[0], prompt)


def _titled(document: Document, prompt: str) -> Document:
    headed = f"# {document.title}\n\n{document.text}"
    return replace(document, text=headed) if headed in prompt else document
