"""How much memory a training step needs, reckoned before anything is loaded (`longstride train --estimate`).

Exact, as counts of numbers: weights, masters, gradients, moments, cached keys and values, what checkpointing keeps, the
head's chunk, and what one layer keeps for its backward pass (tests hold these to the tensors that exist). A model, held
to measured peaks of small runs within a tenth: which of them live at the same time, and the temporaries of a layer's
backward pass. Not in it: the interpreter and its libraries (0.5 to 1 GiB), a GPU's context (about 0.5 GiB), and what an
allocator loses to fragments.

Shapes: P tokens of the prompt, C of a response, G responses, S of the slice of responses that is under way, n layers,
H hidden width, h query heads, k key-value heads, d numbers a head, I inner width of the MLP, V vocabulary; b bytes of a
number (4 for float32, 2 for bfloat16).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from longstride.engines.local.model_shapes import ModelShape
from longstride.engines.local.optimizers import OptimizerSettings
from longstride.engines.local.policy import LoraSettings
from longstride.engines.local.rollout import CHUNK_TOKENS, CHUNK_TOKENS_ELSEWHERE
from longstride.engines.local.update import FORMS, PACKED_TOKENS, SLICE_TOKENS
from longstride.errors import unknown_name
from longstride.rl.chunked_head import TILE_ELEMENTS, TILE_ELEMENTS_ELSEWHERE, default_chunk_tokens

NUMBER_BYTES = {"float32": 4, "bfloat16": 2}
GIB = 2**30


@dataclass(frozen=True)
class Workload:
    """What a step trains on, and how."""

    prompt_tokens: int
    response_tokens: int  # of each response
    group_size: int = 8  # paper 5.1
    form: str = "auto"
    slice_tokens: int = SLICE_TOKENS
    dtype: str = "bfloat16"
    gradient_checkpointing: bool = True
    device: str = "cuda"
    token_budget: int | None = None  # of the rollout's cache; None: one group

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise unknown_name("form", self.form, FORMS)
        if self.dtype not in NUMBER_BYTES:
            raise unknown_name("dtype", self.dtype, NUMBER_BYTES)
        for name in ("prompt_tokens", "response_tokens", "group_size", "slice_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")

    @property
    def group_tokens(self) -> int:
        """P + G C."""
        return self.prompt_tokens + self.group_size * self.response_tokens

    @property
    def row_inputs(self) -> int:
        """G C: the prompt's last token moves into each row, whose last token predicts nothing."""
        return self.group_size * self.response_tokens

    @property
    def slice_inputs(self) -> int:
        """S: as many rows as stay within `slice_tokens`, at least one."""
        rows = max(1, min(self.group_size, self.slice_tokens // self.response_tokens))
        return rows * self.response_tokens

    @property
    def chosen_form(self) -> str:
        """What "auto" takes, as the update does."""
        if self.form != "auto":
            return self.form
        return "packed" if self.group_tokens - 1 <= PACKED_TOKENS else "streamed"


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes, by what they are for; `phases` holds what stands while each runs, beside `standing`."""

    shape: ModelShape
    workload: Workload
    standing: Mapping[str, int]  # held at all times
    phases: Mapping[str, Mapping[str, int]]

    @property
    def peak_phase(self) -> str:
        return max(self.phases, key=lambda name: sum(self.phases[name].values()))

    @property
    def peak_bytes(self) -> int:
        return sum(self.standing.values()) + sum(self.phases[self.peak_phase].values())

    def table(self) -> str:
        """For a terminal: what stands at all times, each phase, and the peak."""
        work = self.workload
        lines = [
            f"{self.shape.name}: {self.shape.parameters / 1e9:.2f}B weights in {work.dtype}; a prompt of "
            f"{work.prompt_tokens} tokens, {work.group_size} responses of {work.response_tokens}; {work.chosen_form}",
            "",
            *_lines("held at all times", self.standing),
        ]
        for name, parts in self.phases.items():
            lines += _lines(f"during {name}", parts)
        lines += [
            f"{'peak, during ' + self.peak_phase:<52}{self.peak_bytes / GIB:>9.2f} GiB",
            "",
            "Beside it: the interpreter, a GPU's context, and what an allocator loses to fragments (allow a tenth).",
        ]
        return "\n".join(lines)


def estimate(
    shape: ModelShape,
    workload: Workload,
    optimizer: OptimizerSettings | None = None,
    lora: LoraSettings | None = None,
) -> MemoryEstimate:
    """The memory of a step: rollout, update and optimizer, one group at a time. `optimizer`: None takes AdamW."""
    optimizer = optimizer or OptimizerSettings()
    standing = _standing(shape, workload, optimizer, lora)
    gradients = _gradients(shape, workload, optimizer, lora)
    phases = {"the rollout": _rollout(shape, workload)}
    update = _packed if workload.chosen_form == "packed" else _streamed
    for name, parts in update(shape, workload, learns=lora is None).items():
        phases[name] = {"gradients": gradients, **parts}
    phases["the optimizer's step"] = {"gradients": gradients}
    return MemoryEstimate(shape, workload, standing, phases)


def trained_numbers(shape: ModelShape, lora: LoraSettings | None) -> int:
    """How many numbers learn: all weights, or LoRA's factors, rank * (outputs + inputs) a matrix."""
    if lora is None:
        return shape.parameters
    sizes = shape.matrices()
    return shape.layers * lora.rank * sum(sum(sizes[name]) for name in lora.targets)


def layer_bytes(shape: ModelShape, dtype: str, *, rows: bool) -> int:
    """What one layer keeps for its backward pass, a token; its input, which checkpointing holds, is not counted.

    Two norms keep a float32 copy of what they read (16-bit only; in float32 the second's input is its own), their
    normed values and their result: 5 H numbers in float32, 16 H bytes in 16 bits. Norms of heads the same for queries
    and keys. Attention keeps queries, keys, values, its output (rows: joined once more), the MLP 4 I.
    """
    b = NUMBER_BYTES[dtype]
    wide = 4 if b == 2 else 0
    norms = (2 * wide if wide else b) * shape.hidden + 4 * b * shape.hidden
    heads = shape.query_width + shape.key_width
    head_norms = (4 + b) * heads if shape.head_norms else 0
    attention = b * (2 * shape.query_width + 2 * shape.key_width) + (b * shape.query_width if rows else 0)
    scalars = 4 * (2 + shape.heads + (shape.heads + shape.kv_heads if shape.head_norms else 0))
    return norms + head_norms + attention + 4 * b * shape.mlp + scalars


def _standing(
    shape: ModelShape, workload: Workload, optimizer: OptimizerSettings, lora: LoraSettings | None
) -> dict[str, int]:
    b = NUMBER_BYTES[workload.dtype]
    trained = trained_numbers(shape, lora)
    masters = b == 2 and optimizer.masters == "float32"
    moment_bytes = 4 if masters else b
    hidden = shape.hidden_matrices if optimizer.name == "muon" and lora is None else 0
    moments = 0 if optimizer.name == "sgd" else 2 * (trained - hidden) + hidden
    return {
        "weights": b * (shape.parameters + (trained if lora else 0)),
        "float32 masters": 4 * trained if masters else 0,
        f"moments of {optimizer.name}": moment_bytes * moments,
    }


def _gradients(shape: ModelShape, workload: Workload, optimizer: OptimizerSettings, lora: LoraSettings | None) -> int:
    """Float32 beside masters, else in the weights' dtype."""
    wide = workload.dtype == "float32" or optimizer.masters == "float32"
    return trained_numbers(shape, lora) * (4 if wide else 2)


def _rollout(shape: ModelShape, workload: Workload) -> dict[str, int]:
    """The cache of `token_budget` tokens, and a chunk of a prompt on its way through a layer's MLP."""
    b = NUMBER_BYTES[workload.dtype]
    budget = workload.token_budget or workload.group_tokens
    chunk = min(workload.prompt_tokens, CHUNK_TOKENS.get(workload.device, CHUNK_TOKENS_ELSEWHERE))
    logits = 4 * 5 * workload.group_size * shape.vocabulary  # float32, and what top-p makes of them
    return {
        "cached keys and values": budget * 2 * shape.layers * shape.key_width * b,
        "a chunk of the prompt, or the next tokens' logits": max(
            chunk * b * (3 * shape.mlp + 3 * shape.hidden), logits
        ),
    }


def _packed(shape: ModelShape, workload: Workload, *, learns: bool) -> dict[str, dict[str, int]]:
    b = NUMBER_BYTES[workload.dtype]
    rows, prefix = workload.row_inputs, workload.prompt_tokens - 1
    tokens = prefix + rows
    layer = layer_bytes(shape, workload.dtype, rows=True)
    last = prefix * _keys_only_bytes(shape, b)
    if workload.gradient_checkpointing:
        kept = {"inputs of the layers": shape.layers * tokens * shape.hidden * b}
        at_work = tokens * layer + _backward_bytes(shape, b, tokens, prefix)
    else:
        kept = {"activations of all layers": (shape.layers - 1) * tokens * layer + rows * layer}
        kept["inputs of the layers"] = tokens * shape.hidden * b
        at_work = _backward_bytes(shape, b, tokens, prefix)
    head = {"the last layer's keys and values of the prompt": last, **_head(shape, workload, rows)}
    return {
        "the head": {**kept, **head},
        "the backward pass": {**kept, "one layer's activations and their gradients": at_work},
        **_embedding_phase(shape, b, learns, {"gradients of the embeddings read": tokens * shape.hidden * b}),
    }


def _streamed(shape: ModelShape, workload: Workload, *, learns: bool) -> dict[str, dict[str, int]]:
    b = NUMBER_BYTES[workload.dtype]
    rows, prefix, under_way = workload.row_inputs, workload.prompt_tokens - 1, workload.slice_inputs
    layer = layer_bytes(shape, workload.dtype, rows=True)
    pair = 2 * shape.layers * prefix * shape.key_width
    prefix_layer = prefix * layer_bytes(shape, workload.dtype, rows=False)
    slice_layer = under_way * layer
    slice_held = shape.layers * under_way * shape.hidden * b
    if not workload.gradient_checkpointing:  # of the responses; the prompt's layers are recomputed always
        slice_held = shape.layers * slice_layer
    held = {
        "inputs of the prompt's layers": shape.layers * prefix * shape.hidden * b,
        "keys and values of the prompt": pair * b,
        "their gradients, in float32": pair * 4,
        "embeddings read, and their gradients": 2 * rows * shape.hidden * b if learns else rows * shape.hidden * b,
    }
    rows_parts = {
        "the last layer's norm of the prompt": prefix * _keys_only_bytes(shape, b, pairs=False),
        "what the slice's layers keep": slice_held,
    }
    at_work = (slice_layer if workload.gradient_checkpointing else 0) + _backward_bytes(shape, b, under_way, prefix)
    return {
        "the head": {**held, **rows_parts, **_head(shape, workload, under_way)},
        "the responses' backward pass": {
            **held,
            **rows_parts,
            "one layer's activations and their gradients": at_work,
        },
        "the prompt's backward pass": {
            **held,
            "one layer's activations and their gradients": prefix_layer + _backward_bytes(shape, b, prefix, 0),
        },
        **_embedding_phase(
            shape, b, learns, {"gradients of the embeddings read": 2 * (prefix + rows) * shape.hidden * b}
        ),
    }


def _keys_only_bytes(shape: ModelShape, b: int, *, pairs: bool = True) -> int:
    """What the last layer keeps of a prompt's token: its norm, the norm of its keys, and the keys and values."""
    wide = 4 if b == 2 else b  # a float32 copy, or the input itself
    norm = (wide + 2 * b) * shape.hidden + ((4 + b) * shape.key_width if shape.head_norms else 0)
    return norm + (2 * b * shape.key_width if pairs else 0)


def _backward_bytes(shape: ModelShape, b: int, tokens: int, keys: int) -> int:
    """Temporaries of one layer's backward pass over `tokens`, whose rows also attend to `keys` of the prompt.

    In the MLP the gradients of its product, gate and up projection stand while one of the four kept is gone: 2 I
    numbers a token, and 3 H of the hidden states. In attention the MLP's 4 I are free again, but grouped keys and
    values are repeated for each query head (2 h d a key), and so are their gradients.
    """
    mlp = tokens * b * (2 * shape.mlp + 3 * shape.hidden)
    repeated = 4 * shape.query_width if shape.heads > shape.kv_heads else 2 * shape.query_width
    attention = keys * b * (repeated + 2 * shape.key_width) + tokens * b * 4 * (shape.query_width - shape.mlp)
    return max(mlp, attention)


def _head(shape: ModelShape, workload: Workload, tokens: int) -> dict[str, int]:
    """The head's chunk of logits and its tile, float32; the final norm and the hidden states' gradients."""
    b = NUMBER_BYTES[workload.dtype]
    chunk = min(tokens, default_chunk_tokens(shape.vocabulary, workload.device))
    tile = min(tokens, max(1, TILE_ELEMENTS.get(workload.device, TILE_ELEMENTS_ELSEWHERE) // shape.vocabulary))
    norm = (4 if b == 2 else b) + 2 * b
    return {
        "the head's logits": 4 * (chunk + tile) * shape.vocabulary,
        "hidden states before the head, and their gradients": tokens * shape.hidden * (norm + 2 * b),
    }


def _embedding_phase(shape: ModelShape, b: int, learns: bool, parts: dict[str, int]) -> dict[str, dict[str, int]]:
    """torch makes a dense gradient of the embedding, [V, H], and casts it where gradients are wider than weights."""
    if not learns:
        return {}
    dense = shape.vocabulary * shape.hidden * (b if b == 4 else b + 4)
    return {"the embedding's backward pass": {**parts, "a dense gradient of the embedding": dense}}


def _lines(title: str, parts: Mapping[str, int]) -> list[str]:
    shown = [f"  {name:<50}{size / GIB:>9.2f} GiB" for name, size in parts.items() if size]
    return [f"{title:<52}{sum(parts.values()) / GIB:>9.2f} GiB", *shown, ""]
