import dataclasses
from collections import Counter
from pathlib import Path

import pytest

from longstride.curation.documents import DocumentFolder
from longstride.pipeline.choosing import NAMED, SAMPLES_A_FILE, choose, quotas, write_chosen
from longstride.pipeline.settings import SynthesisSettings
from longstride.records import Document, Sample
from longstride.records.parquet import read_samples, write_documents, write_samples

WORDS = ("river", "mill", "bridge", "tower", "market", "harbour", "abbey", "quarry", "lighthouse", "orchard")


def sample(number: int, task: str = "multi_hop", tokens: int = 1000) -> Sample:
    question = f"Who owned the {WORDS[number % 10]} of {WORDS[number // 10 % 10]}ton in the year {1000 + 37 * number}?"
    return Sample(
        id=f"s{number}",
        data_source="test",
        prompt=({"role": "user", "content": question},),
        task=task,
        question_type="multi_fact",
        core_question=question,
        format_instructions="",
        ground_truth=(f"Owner {number}",),
        reward_style="exact",
        generator="test",
        seed=0,
        document_ids=("d",),
        input_tokens=tokens,
    )


@pytest.fixture
def documents(tmp_path: Path) -> DocumentFolder:
    write_documents(tmp_path / "documents" / "0.parquet", [Document("d", "t", "literature", "s", "text")])
    return DocumentFolder(tmp_path / "documents")


def test_each_length_has_its_quota_and_tasks_are_balanced(tmp_path: Path, documents: DocumentFolder):
    files = [tmp_path / "short.parquet", tmp_path / "long.parquet"]
    write_samples(files[0], [sample(n, "multi_hop" if n % 4 else "numerical", 1000) for n in range(40)])
    write_samples(files[1], [sample(n, "multi_hop", 9000) for n in range(50, 90)])
    settings = SynthesisSettings(samples=20, target_tokens=(1000, 9000), target_shares=(0.75, 0.25))
    wanted = quotas(settings, [1000, 9000])
    assert [quota.count for quota in wanted] == [15, 5]
    places, funnel, _ = choose(files, documents, wanted, 0, None, lambda: None)
    assert len(places) == 20
    assert Counter(file for file, _ in places) == {0: 15, 1: 5}
    assert funnel.stages["balance"].left == 20
    written: list[Sample] = []
    assert write_chosen(files, places, tmp_path / "samples", written.append) == 20
    assert list(read_samples(tmp_path / "samples")) == written
    assert 6 <= Counter(each.task for each in written if each.input_tokens == 1000)["numerical"] <= 9


def test_where_a_length_has_too_few_the_others_fill(tmp_path: Path, documents: DocumentFolder):
    files = [tmp_path / "short.parquet", tmp_path / "long.parquet"]
    write_samples(files[0], [sample(n) for n in range(40)])
    write_samples(files[1], [sample(99, tokens=9000)])
    settings = SynthesisSettings(samples=10, target_tokens=(1000, 9000))
    places, _, _ = choose(files, documents, quotas(settings, [1000, 9000]), 0, None, lambda: None)
    assert Counter(file for file, _ in places) == {0: 9, 1: 1}


def test_near_duplicates_and_benchmark_questions_fall_out(tmp_path: Path, documents: DocumentFolder):
    known = sample(7)
    again = dataclasses.replace(sample(3), id="again")
    write_samples(tmp_path / "a.parquet", [sample(3), again, known])
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "known.jsonl").write_text(f'{{"question": "{known.core_question}"}}\n')
    settings = SynthesisSettings(samples=10, target_tokens=(1000,), target_shares=(1.0,))
    files = [tmp_path / "a.parquet"]
    (tmp_path / "benchmarks" / "broken.json").write_text("{")
    wanted = quotas(settings, [1000])
    places, funnel, unread = choose(files, documents, wanted, 0, tmp_path / "benchmarks", lambda: None)
    assert places == [(0, 0)]
    assert funnel.stages["duplicates"].reasons.total() == 1
    assert funnel.stages["decontamination"].reasons.total() == 1
    assert list(unread) == ["broken.json"]


def test_letters_stay_balanced_and_frequent_answers_are_thinned(tmp_path: Path, documents: DocumentFolder):
    choices = [
        dataclasses.replace(
            sample(n, "multiple_choice"), ground_truth=("ABCD"[0 if n % 10 < 6 else n % 4],), reward_style="choice"
        )
        for n in range(80)
    ]
    years = [dataclasses.replace(sample(n), ground_truth=("2024" if n % 2 else str(n),)) for n in range(100, 180)]
    write_samples(tmp_path / "a.parquet", [*choices, *years])
    settings = SynthesisSettings(samples=40, target_tokens=(1000,), target_shares=(1.0,))
    files = [tmp_path / "a.parquet"]
    places, funnel, _ = choose(files, documents, quotas(settings, [1000]), 0, None, lambda: None)
    chosen = [[*choices, *years][row] for _, row in places]
    letters = Counter(each.ground_truth[0] for each in chosen if each.reward_style == "choice")
    assert max(letters.values()) - min(letters.values()) <= 1
    assert funnel.stages["answers"].reasons.total() >= 38
    assert sum(each.ground_truth == ("2024",) for each in chosen) <= 2


def test_files_have_a_fixed_size(tmp_path: Path):
    count = SAMPLES_A_FILE + 3
    write_samples(tmp_path / "a.parquet", [sample(n) for n in range(count)])
    write_chosen([tmp_path / "a.parquet"], [(0, n) for n in range(count)], tmp_path / "samples", lambda _: None)
    sizes = [len(list(read_samples(file))) for file in sorted((tmp_path / "samples").iterdir())]
    assert sizes == [SAMPLES_A_FILE, 3]


def test_few_questions_name_their_answer(tmp_path: Path, documents: DocumentFolder):
    def asked(n: int, question: str) -> Sample:
        return dataclasses.replace(sample(n), core_question=question, ground_truth=(f"Town{n}",))

    naming = [asked(n, f"Of Town{n}, Town{n + 1} and Town{n + 2}, which is number {n}?") for n in range(30)]
    plain = [asked(n, f"Which town is number {n} in the list of {n * 7}?") for n in range(100, 140)]
    write_samples(tmp_path / "a.parquet", [*naming, *plain])
    settings = SynthesisSettings(samples=70, target_tokens=(1000,), target_shares=(1.0,))
    places, funnel, _ = choose([tmp_path / "a.parquet"], documents, quotas(settings, [1000]), 0, None, lambda: None)
    rows = [row for _, row in places]
    kept = sum(row < len(naming) for row in rows)
    assert 1 <= kept <= 0.1 * len(rows)
    assert funnel.stages["answers"].reasons[NAMED] == 30 - kept
