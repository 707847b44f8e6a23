import json
from collections.abc import Callable
from pathlib import Path

import pytest

from longstride.errors import InputError
from longstride.evaluation.answers import Answer, write_answers
from longstride.evaluation.results import KIND, Results, answers_path, plain, read_results
from longstride.workspace import Workspace

MakeAnswer = Callable[..., Answer]


@pytest.fixture
def folder(tmp_path: Path, make_graded_answer: MakeAnswer) -> Path:
    """An evaluation of two sets in two arms, in an order that is not the alphabet's."""
    settings = {
        "seed": 3,
        "model": "m",
        "arms": [{"label": "b"}, {"label": "a"}],
        "sets": [{"name": "z"}, {"name": "y"}],
    }
    with Workspace(tmp_path / "out", KIND, settings) as work:
        for arm in ("a", "b"):
            for name in ("y", "z"):
                for batch in range(2):
                    answer = make_graded_answer(f"s{batch}", 0, float(arm == "a"), set=name, arm=arm)
                    write_answers(answers_path(tmp_path / "out", arm, name, batch), [answer])
        work.finish({})
    return tmp_path / "out"


def test_answers_come_back_in_the_order_of_the_evaluation(folder: Path):
    results = read_results(folder)
    assert (results.seed, results.model, list(results.answers)) == (3, "m", ["b", "a"])
    assert [(each.set, each.sample_id) for each in results.answers["a"]] == [
        ("z", "s0"),
        ("z", "s1"),
        ("y", "s0"),
        ("y", "s1"),
    ]
    assert {label: each.reward.overall.value for label, each in results.summaries.items()} == {"b": 0.0, "a": 1.0}


def test_what_is_no_evaluation_or_not_done_is_refused(folder: Path, tmp_path: Path):
    with pytest.raises(InputError, match="holds no evaluation"):
        read_results(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "complete": False}))
    with pytest.raises(InputError, match="not done"):
        read_results(folder)
    (folder / "manifest.json").write_text(json.dumps({**manifest, "settings": {"arms": [1]}}))
    with pytest.raises(InputError, match="is no evaluation's"):
        read_results(folder)
    (folder / "manifest.json").write_text(json.dumps({**manifest, "kind": "training run"}))
    with pytest.raises(InputError, match="holds no evaluation"):
        read_results(folder)


def test_numbers_are_told_to_six_decimals(make_graded_answer: MakeAnswer):
    results = Results(
        Path("out"), 0, "m", {"a": tuple(make_graded_answer(f"s{n}", 0, float(n == 0)) for n in range(3))}
    )
    told = plain(results.summaries)
    assert told["a"]["reward"]["overall"]["value"] == 0.333333
    assert told["a"]["pass_at_k"]["1"]["questions"] == 3
    assert json.loads(json.dumps(told)) == told
