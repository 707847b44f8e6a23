"""Killed at random moments, the command goes on: the same bytes in the end, and no received answer is asked again."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest


@pytest.mark.slow
def test_killed_again_and_again_it_gives_the_same_bytes_and_asks_nothing_twice(tmp_path: Path):
    benchmark, server = import_module("synthesis_with_models"), import_module("world_peer.server")
    truth = server.world_pages(2, 10)
    server.write_pages(truth, tmp_path / "pages")
    peer = server.Peer(truth, server.all_players(), errors=0.2, seed=2, delay_seconds=0.02)
    options = ("--samples", "6", "--target-tokens", "3k", "--families", "mase,prose_graph", "--judged", "0.5")
    with server.serving(peer) as url:
        benchmark.ended_well(benchmark.synthesize(tmp_path / "pages", tmp_path / "whole", url, *options))
        calls = peer.answered * 3 // 4
        fate = benchmark.killed(tmp_path / "pages", tmp_path, peer, url, tmp_path / "whole", options, 5, calls, 2)
    assert fate.kills >= 2
    assert fate.identical
    assert (fate.asked_again, fate.not_found) == (0, 0)
    assert fate.states == sorted(fate.states)


def test_a_request_is_known_by_the_key_that_the_cache_keeps_it_under():
    """Otherwise the test above could not fail."""
    benchmark, wire, llm = import_module("synthesis_with_models"), import_module("longstride.llm.wire"), "http://h/v1"
    sampling = import_module("longstride.llm").Sampling(seed=0, extra={"response_format": {"type": "json_object"}})
    question = wire.Question(llm, "m", ({"role": "user", "content": "?"},), sampling)
    for index in (0, 1, 7):
        (key,) = question.keys([index])
        assert key in benchmark.keys_of(question.body([index]), llm, 0)
        assert key not in benchmark.keys_of(question.body([index + 1]), llm, 0)
