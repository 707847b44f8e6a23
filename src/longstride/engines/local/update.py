"""The update of one group: log-probs and gradients of all its rows, with the shared prefix processed once.

Two forms with equal gradients. *Packed* runs one sequence [prefix, row 1, ..., row G]: the quickest, and it holds the
activations of all of it. *Streamed* runs the prefix once and keeps of each layer its input, keys and values; then some
rows at a time go forward and back, and what they send to the prefix's keys and values is summed; then the prefix goes
back once, layer by layer. Memory is that of the longest slice of rows, for one more forward pass of the prefix.

The prefix's last token moves to the head of each row, whose first token it predicts. So nobody reads the prefix after
the last layer's keys and values, and nothing more of that layer is computed for it.

Shapes: P positions of the prefix, N inputs of all rows together, T tokens with a loss, H hidden width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from longstride.engines.local.layouts import OPERATIONS, GatheringPrefix, Packed, PairsByLayer, Prefix, Rows
from longstride.engines.local.policy import Policy
from longstride.engines.local.shared_prefix import SharedPrefix
from longstride.errors import unknown_name
from longstride.rl.chunked_head import chunked_logprobs, head_gradients

FORMS = ("auto", "packed", "streamed")
PACKED_TOKENS = 16_384  # "auto" packs a group up to this size; a constant, so that a run does not depend on the machine
SLICE_TOKENS = 1024  # of the rows that go forward and back together, streamed; a longer row is a slice of its own


class TokenScores(NamedTuple):
    """Of one row's loss tokens, under the full softmax at the given temperature; detached."""

    logprobs_T: Tensor  # nats
    entropy_T: Tensor  # nats


TokenGradients = Sequence[Tensor] | Callable[[list[TokenScores]], Sequence[Tensor]]


def logprobs(
    policy: Policy,
    shared: SharedPrefix,
    temperature: float,
    *,
    slice_tokens: int = SLICE_TOKENS,
    operations: str = "quick",
) -> list[TokenScores]:
    """The scores of each row's loss tokens, without gradients; one entry a row, empty where it has no loss token."""
    group = _Group.of(shared, policy.device)
    scores = group.no_scores()
    if group.rows:
        with torch.no_grad():
            prefix = _prefix_pairs(policy, group, policy.embedded(group.prefix_ids_1P), checkpointing=False)
            for batch in group.slices(slice_tokens):
                batch.put(scores, _score(policy, batch, prefix, temperature, operations))
    return scores


def accumulate_gradients(
    policy: Policy,
    shared: SharedPrefix,
    token_gradients: TokenGradients,
    temperature: float,
    *,
    form: str = "auto",
    slice_tokens: int = SLICE_TOKENS,
    operations: str = "quick",
) -> list[TokenScores]:
    """Add d(sum of token_gradients * logprobs) / d theta to `.grad` of the trainable parameters; gives the scores.

    token_gradients: for each row d loss / d logprob of its loss tokens, where they are known beforehand (strictly
        on-policy, Eq. 4: -A_i over the count); or a function of the scores that gives them (clipped ratios, importance
        weights, KL), which costs the head once more, and streamed in several slices one forward pass more.
    form: "packed", "streamed", or "auto": packed up to `PACKED_TOKENS` tokens.
    slice_tokens: streamed, how many tokens of rows go forward and back together.
    operations: "quick" attention kernels where they pass their trial, or "public" ones.

    Rows that learn nothing (all their gradients 0) are scored and cost no backward pass where the form allows it.
    Raises ValueError for unknown names, and gradients that do not fit their rows or are not finite.
    """
    for kind, name, known in (("form", form, FORMS), ("operations", operations, OPERATIONS)):
        if name not in known:
            raise unknown_name(kind, name, known)
    group = _Group.of(shared, policy.device)
    if not group.rows:
        _given(token_gradients, group.no_scores(), shared)
        return group.no_scores()
    if form == "auto":
        form = "packed" if group.tokens <= PACKED_TOKENS else "streamed"
    step = _packed if form == "packed" else _streamed
    if callable(token_gradients):
        return step(policy, shared, group, token_gradients, temperature, slice_tokens, operations)
    gradients = _given(token_gradients, group.no_scores(), shared)
    if not any(bool(gradient_T.any()) for gradient_T in gradients):
        return logprobs(policy, shared, temperature, slice_tokens=slice_tokens, operations=operations)
    return step(policy, shared, group, gradients, temperature, slice_tokens, operations)


def packed_hidden(policy: Policy, shared: SharedPrefix, *, operations: str = "quick") -> list[Tensor]:
    """For each row the hidden states [T, H] that predict its loss tokens, with the graph of one packed forward pass."""
    group = _Group.of(shared, policy.device)
    chosen = [torch.empty((0, policy.head_weight_VH.shape[1]), device=policy.device) for _ in shared.rows]
    if group.rows:
        batch = group.whole()
        parts = _packed_forward(policy, group, batch, operations).split(batch.counts)
        for row, part_TH in zip(batch.rows, parts, strict=True):
            chosen[row.place] = part_TH
    return chosen


@dataclass(frozen=True)
class _Row:
    place: int  # in SharedPrefix.rows
    ids: tuple[int, ...]
    loss_from: int

    @property
    def inputs(self) -> int:
        """The last token is predicted and predicts nothing."""
        return len(self.ids) - 1


@dataclass(frozen=True)
class _Batch:
    """Rows that go through the model together, as tensors."""

    rows: tuple[_Row, ...]
    prefix_length: int
    ids_1N: Tensor
    positions_1N: Tensor
    loss_T: Tensor  # among the N inputs
    targets_T: Tensor

    @classmethod
    def of(cls, rows: Sequence[_Row], prefix_length: int, device: torch.device) -> _Batch:
        ids: list[int] = []
        positions: list[int] = []
        loss: list[int] = []
        targets: list[int] = []
        for row in rows:
            loss.extend(range(len(ids) + row.loss_from - 1, len(ids) + row.inputs))
            positions.extend(range(prefix_length, prefix_length + row.inputs))
            ids.extend(row.ids[:-1])
            targets.extend(row.ids[row.loss_from :])
        made = (torch.tensor(values, dtype=torch.long, device=device) for values in (ids, positions, loss, targets))
        ids_N, positions_N, loss_T, targets_T = made
        return cls(tuple(rows), prefix_length, ids_N[None], positions_N[None], loss_T, targets_T)

    @property
    def lengths(self) -> tuple[int, ...]:
        return tuple(row.inputs for row in self.rows)

    @property
    def counts(self) -> list[int]:
        """Loss tokens of each row."""
        return [len(row.ids) - row.loss_from for row in self.rows]

    def put(self, into: list[TokenScores], scores: TokenScores) -> None:
        """Write the batch's scores to the places of its rows."""
        parts = zip(scores.logprobs_T.split(self.counts), scores.entropy_T.split(self.counts), strict=True)
        for row, part in zip(self.rows, parts, strict=True):
            into[row.place] = TokenScores(*part)

    def gradients(self, by_place: Sequence[Tensor]) -> Tensor:
        return torch.cat([by_place[row.place] for row in self.rows])


@dataclass(frozen=True)
class _Group:
    """A shared prefix, less the token that moved into the rows, and its rows that have a loss."""

    prefix_ids_1P: Tensor
    rows: tuple[_Row, ...]
    places: int

    @classmethod
    def of(cls, shared: SharedPrefix, device: torch.device) -> _Group:
        moves = any(row.targets and not row.loss_from for row in shared.rows)
        prefix, moved = (shared.prefix_ids[:-1], shared.prefix_ids[-1:]) if moves else (shared.prefix_ids, ())
        rows = tuple(
            _Row(place, moved + row.ids, row.loss_from + len(moved))
            for place, row in enumerate(shared.rows)
            if row.targets
        )
        return cls(torch.tensor([prefix], dtype=torch.long, device=device), rows, len(shared.rows))

    @property
    def prefix_length(self) -> int:
        return self.prefix_ids_1P.shape[1]

    @property
    def tokens(self) -> int:
        return self.prefix_length + sum(row.inputs for row in self.rows)

    @property
    def positions_1P(self) -> Tensor:
        return torch.arange(self.prefix_length, device=self.prefix_ids_1P.device)[None]

    def whole(self) -> _Batch:
        return _Batch.of(self.rows, self.prefix_length, self.prefix_ids_1P.device)

    def slices(self, tokens: int) -> Iterator[_Batch]:
        """Rows in order, as many at a time as stay within `tokens`; at least one."""
        taken: list[_Row] = []
        for row in self.rows:
            if taken and sum(each.inputs for each in taken) + row.inputs > tokens:
                yield _Batch.of(taken, self.prefix_length, self.prefix_ids_1P.device)
                taken = []
            taken.append(row)
        yield _Batch.of(taken, self.prefix_length, self.prefix_ids_1P.device)

    def no_scores(self) -> list[TokenScores]:
        empty = torch.zeros(0, device=self.prefix_ids_1P.device)
        return [TokenScores(empty, empty) for _ in range(self.places)]


def _packed(
    policy: Policy,
    shared: SharedPrefix,
    group: _Group,
    token_gradients: TokenGradients,
    temperature: float,
    slice_tokens: int,
    operations: str,
) -> list[TokenScores]:
    batch, scores = group.whole(), group.no_scores()
    hidden_TH = _packed_forward(policy, group, batch, operations)
    if callable(token_gradients):
        batch.put(scores, _head_scores(policy, hidden_TH, batch, temperature))
    gradient_T = batch.gradients(_given(token_gradients, scores, shared))
    batch.put(scores, _head_backward(policy, hidden_TH, batch, gradient_T, temperature))
    return scores


def _packed_forward(policy: Policy, group: _Group, batch: _Batch, operations: str) -> Tensor:
    """[T, H]: what predicts the loss tokens. The last layer runs on the rows alone."""
    sizes = [group.prefix_length, batch.ids_1N.shape[1]]
    ids_1L = torch.cat([group.prefix_ids_1P, batch.ids_1N], dim=1)
    positions_1L = torch.cat([group.positions_1P, batch.positions_1N], dim=1)
    layout = Packed(group.prefix_length, batch.lengths, operations)
    if not group.prefix_length:
        return policy.hidden(ids_1L, positions_1L, layout)[batch.loss_T]
    last = policy.layers - 1
    hidden_1LH = policy.run_layers(policy.embedded(ids_1L), positions_1L, layout, layers=slice(0, last))
    prefix_1PH, rows_1NH = hidden_1LH.split(sizes, dim=1)
    pairs = {last: policy.keys_and_values(last, prefix_1PH, group.positions_1P)}
    return _rows_forward(policy, batch, rows_1NH, pairs, operations, layers=slice(last, None))


def _streamed(
    policy: Policy,
    shared: SharedPrefix,
    group: _Group,
    token_gradients: TokenGradients,
    temperature: float,
    slice_tokens: int,
    operations: str,
) -> list[TokenScores]:
    """Every slice reads its own leaf of the embeddings, so that their dense gradient is made once, at the end."""
    batches, scores = list(group.slices(slice_tokens)), group.no_scores()
    sizes = [group.prefix_length, *(batch.ids_1N.shape[1] for batch in batches)]
    embedded_1LH = policy.embedded(torch.cat([group.prefix_ids_1P, *(batch.ids_1N for batch in batches)], dim=1))
    prefix_1PH, *rows_1NH = (
        part.detach().requires_grad_(embedded_1LH.requires_grad) for part in embedded_1LH.split(sizes, dim=1)
    )
    prefix = GatheringPrefix.of(_prefix_pairs(policy, group, prefix_1PH, checkpointing=True))
    if callable(token_gradients) and len(batches) > 1:
        with torch.no_grad():
            for batch in batches:
                batch.put(scores, _score(policy, batch, prefix.pairs, temperature, operations))
        token_gradients = _given(token_gradients, scores, shared)
    for batch, leaf_1NH in zip(batches, rows_1NH, strict=True):
        hidden_TH = _rows_forward(policy, batch, leaf_1NH, prefix, operations)
        if callable(token_gradients):
            batch.put(scores, _head_scores(policy, hidden_TH, batch, temperature))
            token_gradients = _given(token_gradients, scores, shared)
        gradient_T = batch.gradients(token_gradients)
        batch.put(scores, _head_backward(policy, hidden_TH, batch, gradient_T, temperature))
    prefix.backward()
    if embedded_1LH.requires_grad:
        leaves = (prefix_1PH, *rows_1NH)
        gradients = [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves]
        embedded_1LH.backward(torch.cat(gradients, dim=1))
    return scores


def _prefix_pairs(
    policy: Policy, group: _Group, embedded_1PH: Tensor, *, checkpointing: bool
) -> dict[int, tuple[Tensor, Tensor]]:
    """Every layer's keys and values of the prefix; none of an empty one."""
    if not group.prefix_length:
        return {}
    last, layout = policy.layers - 1, Prefix()
    hidden_1PH = policy.run_layers(
        embedded_1PH, group.positions_1P, layout, layers=slice(0, last), checkpointing=checkpointing
    )
    return {**layout.pairs, last: policy.keys_and_values(last, hidden_1PH, group.positions_1P)}


def _rows_forward(
    policy: Policy,
    batch: _Batch,
    hidden_1NH: Tensor,
    prefix: PairsByLayer,
    operations: str,
    *,
    layers: slice = slice(None),
) -> Tensor:
    """[T, H]: what predicts the batch's loss tokens, from what `layers` read."""
    layout = Rows(prefix, batch.lengths, operations) if batch.prefix_length else Packed(0, batch.lengths, operations)
    hidden_1NH = policy.run_layers(hidden_1NH, batch.positions_1N, layout, layers=layers)
    return policy.normed(hidden_1NH)[batch.loss_T]


def _score(policy: Policy, batch: _Batch, prefix: PairsByLayer, temperature: float, operations: str) -> TokenScores:
    hidden_TH = _rows_forward(policy, batch, policy.embedded(batch.ids_1N), prefix, operations)
    return _head_scores(policy, hidden_TH, batch, temperature)


@torch.no_grad()
def _head_scores(policy: Policy, hidden_TH: Tensor, batch: _Batch, temperature: float) -> TokenScores:
    scores = chunked_logprobs(
        hidden_TH, policy.head_weight_VH, batch.targets_T, bias_V=policy.head_bias_V, temperature=temperature
    )
    return TokenScores(*scores)


def _head_backward(
    policy: Policy, hidden_TH: Tensor, batch: _Batch, gradient_T: Tensor, temperature: float
) -> TokenScores:
    """Gradients of the head, taken in its forward pass, and from the hidden states back through the layers."""
    weight_VH, bias_V = policy.head_weight_VH, policy.head_bias_V
    buffer_VH = _gradient_buffer(weight_VH) if weight_VH.requires_grad else None
    summed = buffer_VH is not None and buffer_VH.dtype == torch.promote_types(weight_VH.dtype, torch.float32)
    head = head_gradients(
        hidden_TH,
        weight_VH,
        batch.targets_T,
        gradient_T,
        bias_V=bias_V,
        temperature=temperature,
        hidden=hidden_TH.requires_grad,
        weight=buffer_VH is not None,
        bias=bias_V is not None and bias_V.requires_grad,
        weight_gradient_VH=buffer_VH if summed else None,
    )
    if buffer_VH is not None and head.weight_VH is not None and not summed:
        buffer_VH.add_(head.weight_VH)
    if bias_V is not None and head.bias_V is not None:
        _gradient_buffer(bias_V).add_(head.bias_V)
    if head.hidden_TH is not None and bool(gradient_T.any()):
        hidden_TH.backward(head.hidden_TH)
    return TokenScores(head.logprobs_T, head.entropy_T)


def _gradient_buffer(parameter: torch.nn.Parameter) -> Tensor:
    """`parameter.grad`, made of zeros where there is none, in the dtype that the parameter's gradients have."""
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter, dtype=parameter.grad_dtype or parameter.dtype)
    return parameter.grad


def _given(token_gradients: TokenGradients, scores: list[TokenScores], shared: SharedPrefix) -> list[Tensor]:
    """The rows' gradients, checked against their rows."""
    given = token_gradients(scores) if callable(token_gradients) else token_gradients
    if len(given) != len(shared.rows):
        raise ValueError(f"{len(given)} token gradients for {len(shared.rows)} rows")
    for place, (gradient_T, row) in enumerate(zip(given, shared.rows, strict=True)):
        if gradient_T.shape != (len(row.targets),):
            raise ValueError(f"token_gradients[{place}] is {tuple(gradient_T.shape)}, expected ({len(row.targets)},)")
    return [gradient_T.detach().to(scores[0].logprobs_T.device) for gradient_T in given]
