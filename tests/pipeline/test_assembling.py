from pathlib import Path

from longstride.pipeline.assembling import grouped
from longstride.pipeline.reading import regions_of
from longstride.pipeline.settings import SynthesisSettings
from longstride.records import Evidence
from longstride.synthesis.candidates import Candidate


def candidate(key: str, *documents: str) -> Candidate:
    evidence = tuple(Evidence(name, 0, 1, "x") for name in documents)
    return Candidate(key, "f", "multi_hop", "multi_fact", "?", "", ("x",), "exact", documents, evidence, {}, ())


def keys(groups: list[tuple[Candidate, ...]]) -> list[list[str]]:
    return [[each.key for each in group] for group in groups]


def test_questions_of_the_same_documents_share_a_context():
    tokens = dict.fromkeys("abcdefgh", 100)
    some = [candidate("1", "a", "b"), candidate("2", "c", "d"), candidate("3", "a", "b"), candidate("4", "d", "e")]
    settings = SynthesisSettings(questions_per_context=2, evidence_share=0.5)
    assert keys(grouped(some, tokens, 600, settings)) == [["1", "3"], ["2", "4"]]


def test_a_context_takes_no_more_evidence_than_its_share_and_no_more_questions_than_it_may():
    tokens = dict.fromkeys("abcdefgh", 100)
    some = [candidate(str(n), "ab"[n % 2]) for n in range(6)]
    assert keys(grouped(some, tokens, 200, SynthesisSettings(evidence_share=0.5))) == [["0", "2", "4"], ["1", "3", "5"]]
    settings = SynthesisSettings(questions_per_context=2, evidence_share=1.0)
    assert max(len(group) for group in grouped(some, tokens, 1000, settings)) == 2


def test_regions_are_neighbouring_files_of_about_the_same_size():
    files = [(Path(f"{n}.parquet"), 40) for n in range(10)]
    regions = regions_of(files, 100)
    assert [[int(file.stem) for file in region.files] for region in regions] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]
    assert [len(region.files) for region in regions_of([*files, (Path("10.parquet"), 1)], 200)] == [5, 6]
    assert [len(region.files) for region in regions_of(files[:1], 1000)] == [1]
    assert [region.number for region in regions] == [0, 1, 2, 3]
