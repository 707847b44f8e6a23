"""Token entropy against the gradient of the token in wrong responses (paper 4.3, Figure 9), measured with a model.

The rollout dumps hold entropies and log-probs, not gradients: a model must be at hand. Entropy and gradient are both
those of that model, which need not be the one that sampled. Two gradients of -log p(token) are measured: with respect
to all weights, which is what an optimizer sees and what the paper's figure speaks of; and with respect to the token's
own logits, |softmax - one-hot|, which is all that the distribution alone decides.

Shapes: T response tokens of a turn, V vocabulary, L positions of prompt and response.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from longstride.analysis.intervals import RankCorrelation, spearman
from longstride.analysis.rollouts import Rollout
from longstride.errors import InputError
from longstride.records import Turn
from longstride.rl import token_entropy

TOKENS = 400  # drawn from the wrong responses; not in the paper


@dataclass(frozen=True)
class TokenGradient:
    """One token of a wrong response."""

    entropy: float  # of its distribution, nats
    weights: float  # norm of the gradient of -log p with respect to the model's weights
    logits: float  # and with respect to the token's own logits


@dataclass(frozen=True)
class ResponseGradient:
    """The last turn of a wrong response."""

    entropy: float  # mean over its tokens, nats: H(i) of Eq. 9
    weights: float  # norm of the gradient of the mean of -log p over its tokens


@dataclass(frozen=True)
class GradientSample:
    """What was measured; entropies and gradients at one temperature."""

    model: str
    tokens: tuple[TokenGradient, ...]
    responses: tuple[ResponseGradient, ...]  # those that the tokens are from

    @property
    def weights_rho(self) -> RankCorrelation | None:
        """Of token entropy with the weights' gradient: Figure 9."""
        return spearman([each.entropy for each in self.tokens], [each.weights for each in self.tokens])

    @property
    def logits_rho(self) -> RankCorrelation | None:
        """Of token entropy with the logits' gradient."""
        return spearman([each.entropy for each in self.tokens], [each.logits for each in self.tokens])

    @property
    def responses_rho(self) -> RankCorrelation | None:
        """Of a response's entropy with its gradient: what sequence-level clipping goes by."""
        return spearman([each.entropy for each in self.responses], [each.weights for each in self.responses])


def measure_gradients(
    model_folder: str | Path,
    rollouts: Iterable[Rollout],
    *,
    temperature: float = 1.0,
    tokens: int = TOKENS,
    seed: int = 0,
) -> GradientSample:
    """Draw `tokens` tokens from the wrong responses among `rollouts`, and measure them with the model of a folder.

    temperature: of the softmax, as the rollouts were sampled.
    A forward pass for each response that has a drawn token, a backward pass for each token: seconds for a tiny model.
    Raises InputError for a folder whose model or vocabulary does not fit, and where no response is wrong.
    """
    turns = [each.trajectory.turns[-1] for each in rollouts if each.trajectory.reward <= 0]
    drawn = draw_tokens([len(turn.response_ids) for turn in turns], tokens, seed)
    if not drawn:
        raise InputError(
            "there is no wrong response to measure", cure="let the run dump rollouts: logging.dump_rollouts"
        )
    model = _load(Path(model_folder))
    highest = max(max(*turns[place].prompt_ids, *turns[place].response_ids) for place in drawn)
    if highest >= model.get_input_embeddings().weight.shape[0]:
        raise InputError(f"knows no token {highest}", path=model_folder, cure="name the model that wrote the responses")
    found: list[TokenGradient] = []
    responses: list[ResponseGradient] = []
    for place, positions in drawn.items():
        measured, response = _measure(model, turns[place], positions, temperature)
        found += measured
        responses.append(response)
    return GradientSample(str(model_folder), tuple(found), tuple(responses))


def draw_tokens(lengths: Sequence[int], tokens: int, seed: int) -> dict[int, list[int]]:
    """Of responses of these lengths the drawn tokens' places, by response: each token of all is as likely."""
    places = [(response, place) for response, length in enumerate(lengths) for place in range(length)]
    chosen = random.Random(f"{seed}/token gradients").sample(places, min(tokens, len(places)))
    found: dict[int, list[int]] = {}
    for response, place in sorted(chosen):
        found.setdefault(response, []).append(place)
    return found


def _load(folder: Path) -> Any:
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        told = str(error).strip().partition("\n")[0]
        raise InputError(
            f"holds no model that can be read: {told}", path=folder, cure="name a model's folder"
        ) from None
    return model.eval()


def _measure(
    model: Any, turn: Turn, positions: Sequence[int], temperature: float
) -> tuple[list[TokenGradient], ResponseGradient]:
    """The tokens at `positions` of the response, and the response itself."""
    weights = [each for each in model.parameters() if each.requires_grad]
    ids_1L = torch.tensor([turn.prompt_ids + turn.response_ids])
    start = len(turn.prompt_ids) - 1  # the position whose logits are the first response token's
    logits_TV = model(input_ids=ids_1L).logits[0, start:-1].float() / temperature
    logprobs_TV = logits_TV.log_softmax(-1)
    response_T1 = torch.tensor(turn.response_ids).unsqueeze(-1)
    surprise_T = -logprobs_TV.gather(-1, response_T1).squeeze(-1)
    with torch.no_grad():
        entropy_T = token_entropy(logits_TV)
        off_TV = logprobs_TV.exp().scatter_add(-1, response_T1, -torch.ones(response_T1.shape))
        logits_T = off_TV.norm(dim=-1) / temperature
    tokens = [
        TokenGradient(float(entropy_T[place]), _norm(surprise_T[place], weights), float(logits_T[place]))
        for place in positions
    ]
    return tokens, ResponseGradient(float(entropy_T.mean()), _norm(surprise_T.mean(), weights))


def _norm(value: Tensor, weights: Sequence[Tensor]) -> float:
    """The norm of the gradient of `value`, over all weights; the graph stays for the next."""
    gradients = torch.autograd.grad(value, weights, retain_graph=True, allow_unused=True)
    return float(torch.stack([each.square().sum() for each in gradients if each is not None]).sum().sqrt())
