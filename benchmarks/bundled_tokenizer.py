"""Train the bundled tokenizer, and measure how well its counts estimate another one's.

python benchmarks/bundled_tokenizer.py train FOLDER... --output src/longstride/data/bundled_tokenizer.json.gz
python benchmarks/bundled_tokenizer.py compare FOLDER... --tokenizer NAME_OR_PATH
"""

from __future__ import annotations

import argparse
import gzip
import statistics
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from longstride.tokens import load_tokenizer

# Qwen's pre-tokenizer: contractions, words with one leading mark, single digits, marks, line ends, spaces.
QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def texts(folders: list[Path]) -> Iterator[str]:
    """Every text file, in the order of the names."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".txt", ".md", ".html", ".py"} and path.is_file():
                yield path.read_text(encoding="utf-8", errors="ignore")


def train(folders: list[Path], vocabulary: int, output: Path) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=True
    )
    tokenizer.train_from_iterator(texts(folders), trainer)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(gzip.compress(tokenizer.to_str().encode(), 9, mtime=0))
    print(f"{output}: {tokenizer.get_vocab_size()} entries, {output.stat().st_size} bytes")


def compare(folders: list[Path], name: str) -> None:
    ours, other = load_tokenizer(), load_tokenizer(name)
    ratios = []
    for text in texts(folders):
        if count := other.count(text):
            ratios.append(ours.count(text) / count)
    low, *_, high = statistics.quantiles(ratios, n=20)
    print(
        f"our count over {name}'s, {len(ratios)} files: "
        f"median {statistics.median(ratios):.3f}, 90 % {low:.3f}-{high:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("train", "compare"))
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--vocabulary", type=int, default=32_000)
    parser.add_argument("--output", type=Path, default=Path("src/longstride/data/bundled_tokenizer.json.gz"))
    parser.add_argument("--tokenizer", default="Qwen/Qwen3-4B")
    arguments = parser.parse_args()
    if arguments.action == "train":
        train(arguments.folders, arguments.vocabulary, arguments.output)
    else:
        compare(arguments.folders, arguments.tokenizer)


if __name__ == "__main__":
    main()
