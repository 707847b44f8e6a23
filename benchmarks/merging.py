"""SCE over whole checkpoints against mergekit, and the memory that a large merge takes.

    python benchmarks/merging.py --mergekit PEER/bin/mergekit-yaml --large-gb 8 --write

Peer: `mergekit-yaml` of an environment of its own. Both sides are commands in processes of their own, on one thread;
the seconds are CPU seconds (user and system) of the whole command, imports, reading and writing included. Without
--mergekit only our side runs; --large-gb then merges synthetic checkpoints of that size, under this file's --work.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from torch import Tensor

from timing import Measurement, in_fresh_process, interleaved, table, write_results

TOPK = 0.1
EDGE_TOLERANCE = 1e-5  # relative, of variances that count as tied
SMALL = {"vocabulary": 32_000, "width": 1024, "layers": 12}  # 350 MiB in bfloat16
CONFIG = """
merge_method: sce
base_model: {0}/base
models: [{{model: {0}/base}}, {{model: {0}/one}}, {{model: {0}/two}}]
parameters: {{select_topk: {1}}}
dtype: float32
out_dtype: bfloat16
"""


def shapes(vocabulary: int, width: int, layers: int) -> dict[str, tuple[int, ...]]:
    """A decoder of Qwen3's names with tied embeddings."""
    found: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocabulary, width)}
    for number in range(layers):
        prefix = f"model.layers.{number}"
        for name, rows in (("q", width), ("k", width // 2), ("v", width // 2), ("o", width)):
            found[f"{prefix}.self_attn.{name}_proj.weight"] = (rows, width)
        found[f"{prefix}.mlp.gate_proj.weight"] = found[f"{prefix}.mlp.up_proj.weight"] = (3 * width, width)
        found[f"{prefix}.mlp.down_proj.weight"] = (width, 3 * width)
        for name in ("q", "k"):
            found[f"{prefix}.self_attn.{name}_norm.weight"] = (128,)
        for name in ("input_layernorm", "post_attention_layernorm"):
            found[f"{prefix}.{name}.weight"] = (width,)
    return found | {"model.norm.weight": (width,)}


def config(vocabulary: int, width: int, layers: int) -> dict[str, object]:
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "hidden_size": width,
        "intermediate_size": 3 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 128,
        "num_key_value_heads": width // 256,
        "head_dim": 128,
        "vocab_size": vocabulary,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
    }


def make_small(work: Path) -> None:
    """A base of std 0.02 and two models with task vectors of std 0.005."""
    import torch
    from safetensors.torch import save_file

    tensors = shapes(**SMALL)
    for number, name in enumerate(("base", "one", "two")):
        values: dict[str, torch.Tensor] = {}
        base, change = torch.Generator().manual_seed(0), torch.Generator().manual_seed(number)
        for tensor, shape in tensors.items():
            value = torch.randn(shape, generator=base) * 0.02
            if number:
                value = value.bfloat16().float() + torch.randn(shape, generator=change) * 0.005
            values[tensor] = value.bfloat16()
        (work / name).mkdir()
        save_file(values, work / name / "model.safetensors", {"format": "pt"})
        (work / name / "config.json").write_text(json.dumps(config(**SMALL)))


def make_large(work: Path, gigabytes: float) -> None:
    """Three checkpoints of Qwen3-4B's width; random embeddings (the largest tensor), the rest holes that read as 0."""
    import torch

    vocabulary, width = 151_936, 2560
    in_layer = sum(math.prod(shape) for name, shape in shapes(8, width, 1).items() if ".layers." in name)
    layers = max(1, round((gigabytes * 1e9 / 2 - vocabulary * width) / in_layer))
    tensors = shapes(vocabulary, width, layers)
    for number, name in enumerate(("base", "one", "two")):
        (work / name).mkdir()
        header: dict[str, object] = {"__metadata__": {"format": "pt"}}
        end = 0
        for tensor, shape in tensors.items():
            start, end = end, end + 2 * math.prod(shape)
            header[tensor] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [start, end]}
        text = json.dumps(header).encode()
        generator = torch.Generator().manual_seed(number)
        with (work / name / "model.safetensors").open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for first in range(0, vocabulary, 1024):
                block = torch.randn(min(1024, vocabulary - first), width, generator=generator).mul_(0.02).bfloat16()
                file.write(block.view(torch.uint8).numpy().tobytes())
            file.truncate(8 + len(text) + end)
        (work / name / "config.json").write_text(json.dumps(config(vocabulary, width, layers)))


def run_command(command: Sequence[str]) -> Measurement:
    """CPU seconds and peak memory of a command and what it starts."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{command[0]} failed: {output.read().decode(errors='replace')[-2000:]}")
    scale = 1 if sys.platform == "darwin" else 1024
    seconds = usage.ru_utime + usage.ru_stime
    print(f"{Path(command[0]).name}: {seconds:.1f} CPU s, {usage.ru_maxrss * scale / 1e9:.2f} GB", flush=True)
    return Measurement(seconds, usage.ru_maxrss * scale)


def ours(work: Path, topk: float) -> Measurement:
    shutil.rmtree(work / "ours", ignore_errors=True)
    command = [sys.executable, "-m", "longstride", "merge", *(str(work / name) for name in ("base", "one", "two"))]
    return run_command([*command, "-o", str(work / "ours"), "--topk", str(topk)])


def theirs(mergekit: str, work: Path, topk: float) -> Measurement:
    shutil.rmtree(work / "theirs", ignore_errors=True)
    (work / "sce.yml").write_text(CONFIG.format(work, topk))
    return run_command(
        [mergekit, str(work / "sce.yml"), str(work / "theirs"), "--no-copy-tokenizer", "--no-write-model-card"]
    )


def compare(work: Path) -> str:
    """Both results, element by element, against the printed formula in float64 with the selection that each side made.

    Only ties at the edge of the selection leave a choice; in a small tensor the coefficients move with it. Exits where
    a side selects other elements than the largest and ties, or differs from the formula by more than rounding.
    """
    import torch
    from safetensors import safe_open

    base, one, two, mine, peer = (
        safe_open(work / name / "model.safetensors", framework="pt")
        for name in ("base", "one", "two", "ours", "theirs")
    )
    total = rounding = tied = 0
    for name in mine.keys():  # noqa: SIM118, it is no mapping
        b, x, y, p, q = (file.get_tensor(name).reshape(-1).double() for file in (base, one, two, mine, peer))
        unit = 2**-7 * torch.stack([b.abs(), x.abs(), y.abs()]).amax(0)  # the last place of bfloat16, at most
        variance = ((x - y) * 0.5).square()
        count = math.floor(TOPK * int(variance.count_nonzero()))
        edge = variance.kthvalue(len(variance) - count + 1).values if count else variance.max()
        at_edge = (variance - edge).abs() <= EDGE_TOLERANCE * edge
        for side, result in (("ours", p), ("theirs", q)):
            chosen = ((variance > edge) & ~at_edge) | (at_edge & (result != b))
            if int(chosen.sum()) != count:
                sys.exit(f"{name}: {side} selects {int(chosen.sum())} elements, expected {count}")
            wrong = (result - merged(b, x, y, chosen)).abs() > unit
            if wrong.any():
                sys.exit(f"{name}: {side} differs from the formula at {int(wrong.sum())} elements")
        apart = (p - q).abs() > unit
        total, tied = total + len(p), tied + int(apart.sum())
        rounding += int(((p != q) & ~apart).sum())
    return (
        f"Of {total:,} elements, {rounding:,} differ within bfloat16's rounding; {tied:,} more differ because ties at "
        "the edge of the selection were broken otherwise. Each side is within rounding of the formula in float64 with "
        "the selection that it made."
    )


def merged(base: Tensor, one: Tensor, two: Tensor, chosen: Tensor) -> Tensor:
    """SCE of two models as printed, with this selection."""
    deltas = [(model - base) * chosen for model in (one, two)]
    squares = [delta.square().sum() for delta in deltas]
    positive = deltas[0] + deltas[1] >= 0
    above, below = base.new_zeros(()), base.new_zeros(())
    for delta, square in zip(deltas, squares, strict=True):
        kept = ((delta > 0) & positive) | ((delta < 0) & ~positive)
        above, below = above + square * delta * kept, below + square * kept
    return base + above / below.masked_fill(below == 0, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mergekit", help="the command mergekit-yaml of an environment that has it")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--large-gb", type=float, help="also merge three checkpoints of this size")
    parser.add_argument("--work", type=Path, help="where the checkpoints are written; a temporary folder if left out")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/merging.md and .json")
    parser.add_argument("--date", help="the date to write, ISO; today if left out")
    options = parser.parse_args()

    notes = ["Seconds are CPU seconds, user and system, of the whole command on one thread."]
    if options.work is not None:
        options.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        work = Path(folder)
        in_fresh_process(make_small, work)
        sides = {"longstride merge": partial(ours, work, TOPK)}
        if options.mergekit:
            sides["mergekit-yaml"] = partial(theirs, options.mergekit, work, TOPK)
        rows = interleaved(sides, repeats=options.repeats, warmups=0)
        size = (work / "base" / "model.safetensors").stat().st_size
        notes.append(f"Base and two models of {size / 1e6:.0f} MB each, bfloat16, SCE masked, topk {TOPK}.")
        if options.mergekit:
            notes.append("mergekit computes in float32 and writes bfloat16 (dtype, out_dtype).")
            notes.append(str(in_fresh_process(compare, work).result))
    if options.large_gb:
        with tempfile.TemporaryDirectory(dir=options.work) as folder:
            work = Path(folder)
            in_fresh_process(make_large, work, options.large_gb)
            size = (work / "base" / "model.safetensors").stat().st_size
            measured = ours(work, 1.0)
            peak = (measured.peak_bytes or 0) / 1e9
            notes.append(
                f"Base and two models of {size / 1e9:.2f} GB each (embeddings of 0.78 GB, the rest sparse), topk 1: "
                f"peak memory {peak:.2f} GB, {measured.seconds:.0f} CPU s."
            )
    print("\n" + table(rows) + "\n\n" + "\n".join(notes))
    if options.write:
        large = f" --large-gb {options.large_gb:g}" if options.large_gb else ""
        peer = " --mergekit PEER/bin/mergekit-yaml" if options.mergekit else ""
        command = f"python benchmarks/merging.py{peer} --repeats {options.repeats}{large} --write"
        print(write_results("merging", rows, command=command, date=options.date, notes=notes))


if __name__ == "__main__":
    main()
