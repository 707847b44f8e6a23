import random
from collections.abc import Callable, Sequence

from longstride.synthesis.candidates import Source
from longstride.synthesis.small_world.neighbourhoods import Neighbourhoods
from longstride.synthesis.small_world.statements import RELATES, RIDDLE, bare


def drawn(sources: Sequence[Source], tokens: int, turns: int = 60) -> list[tuple[Source, ...]]:
    region = Neighbourhoods(sources)
    return [region.draw(tokens, random.Random(turn)) for turn in range(turns)]


def test_they_fit_and_nearly_fill_their_room(world_sources: Sequence[Source]):
    for tokens in (48, 96, 192, 384):
        sizes = [sum(source.tokens for source in each) for each in drawn(world_sources, tokens)]
        assert max(sizes) <= tokens
        assert sum(sizes) / len(sizes) > 0.7 * tokens


def test_of_larger_ones_each_has_a_walk_a_table_and_a_riddle(world_sources: Sequence[Source]):
    for each in drawn(world_sources, 192):
        stated = [fact for source in each for fact in source.facts]
        subjects = {bare(fact.subject) for fact in stated if fact.relation in RELATES}
        assert any(bare(fact.value) in subjects for fact in stated if fact.relation in RELATES)
        assert any(fact.relation.isdigit() for fact in stated)
        assert any(fact.relation == RIDDLE for fact in stated)


def test_no_two_documents_tell_of_the_same(world_sources: Sequence[Source], source_of: Callable[[str, str], Source]):
    contrary = [source_of(f"{n}", f"{n} works at Kestrel .") for n in ("Milis", "Tarik", "Zedan")]
    twice = [*world_sources, *contrary, *contrary]
    for each in drawn(twice, 192):
        keys = [
            (bare(fact.subject), fact.relation) for source in each for fact in source.facts if fact.relation != RIDDLE
        ]
        assert len(keys) == len(set(keys))


def test_where_there_is_nothing_nothing_is_drawn(world_sources: Sequence[Source]):
    assert drawn([], 192, 3) == [(), (), ()]
    assert drawn(world_sources, 5, 3) == [(), (), ()]
