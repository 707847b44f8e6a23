"""Paths go through different sources, and nowhere twice."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest

from longstride.synthesis.candidates import Source
from longstride.synthesis.knowledge_graph.catalog import Catalog
from longstride.synthesis.knowledge_graph.graph import Graph
from longstride.synthesis.knowledge_graph.paths import breadth_first_path, random_walk


@pytest.fixture(scope="module")
def catalog(region_sources: list[Source]) -> Catalog:
    return Catalog.of(Graph.of(region_sources))


@pytest.mark.parametrize("sample", [random_walk, breadth_first_path])
@pytest.mark.parametrize("hops", [2, 3, 5])
def test_a_path_joins_up_and_reads_each_step_in_another_source(catalog: Catalog, sample, hops: int):  # pyright: ignore[reportMissingParameterType]
    found = 0
    for seed in range(40):
        path = sample(catalog, sorted(catalog.steps)[seed % 30], hops, random.Random(seed))
        if path is None:
            continue
        found += 1
        entities = [path[0].origin, *(step.target for step in path)]
        assert len(path) == hops and len(set(entities)) == hops + 1
        for first, second in pairwise(path):
            assert first.target == second.origin
            assert first.edge.parent != second.edge.parent
            assert (first.relation, first.forward) != (second.relation, not second.forward)
    assert found > (20 if hops < 5 else 0) or sample is breadth_first_path


def test_breadth_first_paths_have_no_short_cut(catalog: Catalog):
    for seed in range(20):
        path = breadth_first_path(catalog, sorted(catalog.steps)[seed], 2, random.Random(seed))
        if path:
            assert path[-1].target not in {step.target for step in catalog.steps[path[0].origin]}


def test_hubs_are_entered_less_often_than_their_steps(catalog: Catalog):
    hub, steps = max(catalog.arrivals.items(), key=lambda item: item[1])
    ends: Counter[str] = Counter()
    for seed in range(600):
        path = random_walk(catalog, sorted(catalog.steps)[seed % 30], 1, random.Random(f"{seed}"))
        if path:
            ends[path[-1].target] += 1
    assert ends[hub] / ends.total() < 1.5 * steps / sum(catalog.arrivals.values())
