from collections import Counter
from pathlib import Path

from longstride.pipeline.with_models.meter import Meter, Usage
from longstride.pipeline.with_models.told import Told
from longstride.synthesis.with_models import Tally


def tally(*counts: tuple[str, str | None, int]) -> Tally:
    made = Tally()
    for stage, reason, items in counts:
        made.count(stage, reason, items)
    return made


def test_pieces_that_are_done_add_up_and_others_are_passed_over(tmp_path: Path):
    one = Told(
        {"graph": tally(("triples", None, 5), ("triples", "no quote", 2))}, Meter({"extractor": Usage(4, 40, 8)})
    )
    two = Told({"graph": tally(("triples", "no quote", 1)), "mase": tally(("solve", None, 1))})
    one.write(tmp_path / "one.json")
    two.write(tmp_path / "two.json")
    whole = Told.sum([tmp_path / "one.json", tmp_path / "two.json", tmp_path / "three.json"])
    assert whole.tallies["graph"].stages == {"triples": Counter({"": 5, "no quote": 3})}
    assert whole.meter.roles == {"extractor": Usage(4, 40, 8)}
    assert Told.read(tmp_path / "one.json") == one


def test_a_tally_becomes_stages_in_the_family_s_order():
    told = Told(
        {"graph": tally(("questions", "names the answer", 1), ("triples", None, 5), ("triples", "no quote", 2))}
    )
    funnel = told.funnel({"graph": ("triples", "links", "questions")})
    assert list(funnel.stages) == ["graph: triples", "graph: links", "graph: questions"]
    triples = funnel.stages["graph: triples"]
    assert (triples.entered, triples.left, triples.reasons) == (7, 5, {"no quote": 2})
    assert funnel.stages["graph: links"].entered == 0
    assert funnel.stages["graph: questions"].left == 0


def test_a_stage_that_a_family_did_not_name_is_told_last():
    funnel = Told({"graph": tally(("other", None, 1))}).funnel({"graph": ("triples",)})
    assert list(funnel.stages) == ["graph: triples", "graph: other"]
