from pathlib import Path

from longstride.pipeline.made_documents import merge_brought, write_brought, write_used
from longstride.records import Document, Sample
from longstride.records.parquet import read_documents


def document(name: str) -> Document:
    return Document(name, "A talk", "dialogue", "made", f"User: what is {name}?")


def sample(*document_ids: str) -> Sample:
    return Sample(
        id="-".join(document_ids),
        data_source="test",
        prompt=({"role": "user", "content": "?"},),
        task="dialogue_memory",
        question_type="needle",
        core_question="?",
        format_instructions="",
        ground_truth=("x",),
        reward_style="exact",
        generator="test",
        seed=0,
        document_ids=document_ids,
    )


def ids(files: list[Path]) -> list[str]:
    return [each.id for file in files for each in read_documents(file)]


def test_each_document_comes_once_and_only_where_a_sample_holds_it(tmp_path: Path):
    made = {name: document(name) for name in ("a", "b", "c", "d")}
    units = [tmp_path / f"{number}.documents.parquet" for number in range(3)]
    write_brought(units[0], [sample("a", "corpus-1"), sample("b")], made)
    write_brought(units[1], [sample("b", "c")], made)
    write_brought(units[2], [sample("corpus-1")], made)
    assert not units[2].exists()
    merged = merge_brought(units, tmp_path / "made")
    assert ids(merged) == ["a", "b", "c"]
    used = write_used(merged, {"c", "a", "corpus-1"}, tmp_path / "out")
    assert ids(used) == ["a", "c"]
    assert write_used(merged, set(), tmp_path / "none") == []
