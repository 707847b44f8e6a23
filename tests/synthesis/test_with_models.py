import json

from longstride.synthesis.with_models import PASSED, Tally


def test_a_tally_counts_what_passed_and_why_the_rest_did_not():
    tally = Tally()
    tally.count("triples")
    tally.count("triples", "its quote is not in the text", 3)
    tally.count("questions", None, 2)
    assert tally.to_json() == {
        "triples": {PASSED: 1, "its quote is not in the text": 3},
        "questions": {PASSED: 2},
    }


def test_tallies_add_up_in_any_order_and_survive_a_file():
    one, two = Tally(), Tally()
    one.count("triples")
    two.count("triples", "no quote")
    two.count("questions")
    first, second = Tally(), Tally()
    for part in (one, two):
        first.merge(part)
    for part in (two, one):
        second.merge(part)
    assert first == second
    assert Tally.from_json(json.loads(json.dumps(first.to_json()))) == first
    one.count("triples")
    assert first.stages["triples"][PASSED] == 1  # a sum is its own
