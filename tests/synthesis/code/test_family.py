import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from longstride.grading import grade, strict_form
from longstride.records import Document
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.code import CodeFamily

Build = Callable[[Mapping[str, str]], list[Source]]

FILES = {
    "net/__init__.py": "from net.client import Client\nfrom net.limits import PATIENCE as TIMEOUT\n",
    "net/limits.py": (
        "UNIT = 15\nPATIENCE = UNIT * 4 + 2\n\n\ndef pause(seconds, factor=7):\n    return seconds * factor\n"
    ),
    "net/retry.py": (
        "from net.limits import PATIENCE, pause\n\n\n"
        "def again(call, wait=PATIENCE, rounds=5):\n    pause(wait)\n    raise TooOften(call)\n"
    ),
    "net/client.py": (
        "from net import retry\nfrom net.base import Transport\n\n\n"
        "class Client(Transport):\n    def send(self, body):\n        return retry.again(body)\n"
    ),
    "net/base.py": "class Transport:\n    chunk = 4096\n\n    def flush(self, force, deadline=33):\n        pass\n",
    "app.py": "from net import Client\nfrom net import TIMEOUT\n",
}


@pytest.fixture
def sources(sources_of: Build) -> list[Source]:
    return sources_of(FILES)


@pytest.fixture
def candidates(sources: list[Source]) -> list[Candidate]:
    return list(CodeFamily().propose(sources, 10_000, seed=1, limit=200))


def answers(query: dict[str, Any], sources: list[Source]) -> tuple[str, ...]:
    return CodeFamily().answers({"query": query}, sources)


def member(path: str, of: str, name: str, **ask: Any) -> dict[str, Any]:
    return {"subject": {"by": "member", "path": path, "class": of, "name": name}, "ask": ask}


def test_questions_follow_names_through_the_files(sources: list[Source]):
    timeout = {"subject": {"by": "import", "path": "app.py", "name": "TIMEOUT"}, "ask": {"what": "value"}}
    assert answers(timeout, sources) == ("62",)
    assert answers(member("app.py", "Client", "flush", what="class"), sources) == ("Transport",)
    assert answers(member("app.py", "Client", "flush", what="default", parameter="deadline"), sources) == ("33",)
    assert answers(member("app.py", "Client", "chunk", what="value"), sources) == ("4096",)
    send = {"by": "member", "path": "app.py", "class": "Client", "name": "send"}
    again = {"by": "called", "from": send, "in": "net/retry.py"}
    assert answers({"subject": again, "ask": {"what": "default", "parameter": "wait"}}, sources) == ("62",)
    pause = {"by": "called", "from": again, "in": "net/limits.py"}
    assert answers({"subject": pause, "ask": {"what": "parameter", "place": 1}}, sources) == ("factor",)


def test_every_candidate_is_proven_by_its_documents_and_by_all_of_them(
    candidates: list[Candidate], sources: list[Source]
):
    assert len(candidates) > 10
    family = CodeFamily()
    for candidate in candidates:
        own = [each for each in sources if each.document_id in candidate.document_ids]
        assert family.answers(candidate.derivation, own) == candidate.ground_truth
        assert family.answers(candidate.derivation, sources) == candidate.ground_truth
        assert {each.document_id for each in candidate.evidence} == set(candidate.document_ids)
        assert len(candidate.document_ids) >= 2
        for each in candidate.evidence:
            assert FILES[each.document_id][each.start : each.end] == each.text
        for left_out in own:
            rest = [each for each in own if each is not left_out]
            assert family.answers(candidate.derivation, rest) == (), (candidate.core_question, left_out.document_id)
        assert (
            grade(
                f"Therefore, the answer is {candidate.ground_truth[0]}",
                candidate.ground_truth,
                candidate.reward_style,
                candidate.reward_arguments,
                question=candidate.core_question,
            ).score
            == 1
        )
        json.dumps(candidate.derivation)


def test_the_same_seed_gives_the_same_questions_and_another_others(sources: list[Source]):
    first, again, other = (
        [each.core_question for each in CodeFamily().propose(sources, 10_000, seed, 8)] for seed in (1, 1, 2)
    )
    assert first == again != other


def test_a_question_reads_plainly(candidates: list[Candidate]):
    questions = [each.core_question for each in candidates]
    assert any(each.startswith(("The method ", "The function ")) for each in questions)
    for each in questions:
        assert each.endswith("?") and "  " not in each and "{" not in each


def test_documents_that_allow_another_answer_add_it(sources: list[Source], sources_of: Build):
    timeout = {"subject": {"by": "import", "path": "app.py", "name": "TIMEOUT"}, "ask": {"what": "value"}}
    second = replace(sources_of({"net/limits.py": "PATIENCE = 9\n"})[0], document_id="copy", parent_id="copy")
    assert answers(timeout, [*sources, second]) == ("62", "9")
    doubtful = replace(sources_of({"net/limits.py": "if FAST:\n    PATIENCE = read()\n"})[0], document_id="copy")
    assert answers(timeout, [*sources, doubtful]) == ("62", "?")
    unrelated = sources_of({"other/limits.py": "PATIENCE = 9\n", "notes.py": "TIMEOUT = 1\n"})
    assert answers(timeout, [*sources, *unrelated]) == ("62",)
    patch = sources_of({"patch.py": "from net import Client\nClient.flush = None\n"})
    assert answers(member("app.py", "Client", "flush", what="class"), [*sources, *patch]) == ()


def test_guesses_are_not_asked_for(sources_of: Build):
    files = {
        "a.py": "from b import f, A, B, C, D, E, F\n",
        "b.py": "A = None\nB = True\nC = 1\nD = ''\nE = '...'\nF = 'import'\ndef f(x=0, *, y=False): return None\n",
    }
    found = [each.ground_truth[0] for each in CodeFamily().propose(sources_of(files), 10_000, 0, 50)]
    assert not {"None", "True", "False", "0", "1", "", "...", "b.py"} & set(found)


def test_the_context_and_the_limit_hold(sources: list[Source]):
    tokens = {each.document_id: each.tokens for each in sources}
    found = list(CodeFamily().propose(sources, 60, seed=1, limit=5))
    assert len(found) <= 5
    assert all(sum(tokens[name] for name in each.document_ids) <= 60 for each in found)
    assert list(CodeFamily().propose([], 1000, 0, 5)) == []


def test_hostile_files_are_harmless(sources: list[Source], sources_of: Build):
    bad = sources_of(
        {"x.py": "print 'two'\n", "y.py": "(" * 9_999, "z.py": "from z import z\n", "w.py": "class W(W): pass\n",
         "v/__init__.py": "from . import v\nfrom .v import *\n", "u.py": "from ....far import away\nimport u\n"}
    )  # fmt: skip
    assert len(list(CodeFamily().propose([*sources, *bad], 10_000, 1, 200))) > 10


def test_distractors_are_other_answers_of_the_kind(candidates: list[Candidate], sources: list[Source]):
    family = CodeFamily()
    for candidate in candidates:
        others = family.distractors(candidate, sources)
        assert candidate.ground_truth[0] not in others and len(set(others)) == len(others)
        if candidate.derivation["kind"] == "number":
            assert all(each.replace(".", "").lstrip("-").isdigit() for each in others)


@pytest.mark.slow
def test_no_answer_of_the_library_is_worth_guessing(library: dict[str, Document], library_candidates: list[Candidate]):
    found = library_candidates
    assert len(found) >= 400
    counts = Counter(strict_form(each.ground_truth[0]) for each in found)
    assert counts.most_common(1)[0][1] <= 0.03 * len(found)
    for each in found:
        assert f" {strict_form(each.ground_truth[0])} " not in f" {strict_form(each.core_question)} "
        assert all(evidence.quotes(library[evidence.document_id]) for evidence in each.evidence)
    assert sum(len(each.document_ids) >= 3 for each in found) >= 0.5 * len(found)
