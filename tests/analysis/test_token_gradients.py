"""Gradients of single tokens: against plain backward passes, one a token, and against what softmax gives by hand."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from longstride.analysis.rollouts import Rollout
from longstride.analysis.token_gradients import draw_tokens, measure_gradients
from longstride.errors import InputError
from longstride.records import Trajectory, Turn

torch.set_num_threads(1)
WORDS = 23


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    config = Qwen3Config(
        vocab_size=WORDS,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        initializer_range=0.5,
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        Qwen3ForCausalLM(config).save_pretrained(folder)
    return folder


def rollouts(count: int, length: int = 6, reward: float = 0.0) -> list[Rollout]:
    draw = random.Random("rollouts")

    def turn() -> Turn:
        return Turn(tuple(draw.choices(range(WORDS), k=5)), tuple(draw.choices(range(WORDS), k=length)))

    return [
        Rollout("a", "stage-1", 1, f"s{place}", Trajectory((turn(), turn()), reward, "qa", f"s{place}", 0))
        for place in range(count)
    ]


def by_hand(folder: Path, turn: Turn, place: int, temperature: float) -> tuple[float, float, float]:
    """(entropy, norm over the weights, norm over the logits) by a forward and backward pass of its own."""
    model: Any = Qwen3ForCausalLM.from_pretrained(folder)
    ids = torch.tensor([turn.prompt_ids + turn.response_ids[:place]])
    logits = model(input_ids=ids).logits[0, -1]
    logits.retain_grad()
    probability = (logits / temperature).softmax(-1)
    (-probability[turn.response_ids[place]].log()).backward()
    squares = sum(float(each.grad.square().sum()) for each in model.parameters() if each.grad is not None)
    entropy = -(probability * probability.log()).sum().detach()
    return float(entropy), squares**0.5, float(logits.grad.norm())


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_each_token_as_a_backward_pass_of_its_own_has_it(model_folder: Path, temperature: float):
    (rollout,) = rollouts(1)
    found = measure_gradients(model_folder, [rollout], temperature=temperature, tokens=99)
    assert len(found.tokens) == 6
    for place, token in enumerate(found.tokens):
        expected = by_hand(model_folder, rollout.trajectory.turns[-1], place, temperature)
        assert (token.entropy, token.weights, token.logits) == pytest.approx(expected, rel=1e-4)


def test_a_responses_gradient_is_that_of_the_mean(model_folder: Path):
    """The norm of a mean is at most the mean of the norms."""
    found = measure_gradients(model_folder, rollouts(1), tokens=99)
    (response,) = found.responses
    assert response.entropy == pytest.approx(sum(each.entropy for each in found.tokens) / 6)
    assert 0 < response.weights < sum(each.weights for each in found.tokens) / 6


def test_only_wrong_responses_are_measured(model_folder: Path):
    wrong, right = rollouts(2), rollouts(3, reward=1.0)
    assert len(measure_gradients(model_folder, [*right, *wrong], tokens=999).tokens) == 12
    with pytest.raises(InputError, match="no wrong response"):
        measure_gradients(model_folder, right)


def test_the_same_seed_draws_the_same_tokens(model_folder: Path):
    given = rollouts(4)
    first = measure_gradients(model_folder, given, tokens=7)
    assert first == measure_gradients(model_folder, given, tokens=7)
    assert first != measure_gradients(model_folder, given, tokens=7, seed=1)
    assert first.weights_rho is not None and first.weights_rho.pairs == 7


def test_each_token_is_as_likely():
    """A response of nine tokens is drawn nine times as often as one of one."""
    drawn = [next(iter(draw_tokens([9, 1], 1, seed))) for seed in range(2000)]
    assert drawn.count(1) == pytest.approx(200, abs=45)  # about three standard deviations
    assert draw_tokens([2, 0, 1], 5, 0) == {0: [0, 1], 2: [0]}
    assert draw_tokens([0], 5, 0) == {}


def test_a_model_that_does_not_fit_is_refused(model_folder: Path, tmp_path: Path):
    stranger = Rollout("a", "s", 1, "q", Trajectory((Turn((1,), (WORDS,)),), 0.0, "qa", "q", 0))
    with pytest.raises(InputError, match=f"knows no token {WORDS}"):
        measure_gradients(model_folder, [stranger])
    with pytest.raises(InputError, match="holds no model that can be read"):
        measure_gradients(tmp_path, rollouts(1))
