"""longstride.grading.mrcr_score beside plain difflib, on answers like MRCR's, in one run, rounds interleaved.

    python benchmarks/mrcr_score.py --characters 500,2000,8000 --repeats 9

Each length is a set of wanted passages of about so many characters and of responses to them as models give them: the
passage itself, the passage with words changed, another passage of the same kind, a passage broken off. The scores of
both sides are compared one by one and must be equal. The time ratio is ours over difflib's: below 1 is faster.
"""

from __future__ import annotations

import argparse
import random
from difflib import SequenceMatcher

from longstride.grading import mrcr, mrcr_score
from timing import interleaved, table, write_results

PREFIX = "aYooSG8CQg"
WORDS = """
    the a of and to in that with for on as it was by from at this river stone lantern tapir winter garden letter captain
    whisper silver morning shadow orchard window distant golden silence harbour memory velvet thunder gentle ember
    hollow marble feather compass twilight amber meadow journey promise forgotten beneath against wandering
""".split()  # noqa: SIM905

Pair = tuple[str, str]


def passage(random_numbers: random.Random, characters: int) -> str:
    """Verse-like text: lines of six to ten words, frequent words more often."""
    lines: list[str] = []
    while sum(map(len, lines)) < characters:
        words = [WORDS[int(len(WORDS) * random_numbers.random() ** 2)] for _ in range(random_numbers.randint(6, 10))]
        lines.append(" ".join(words).capitalize() + random_numbers.choice([",", ".", ";", ""]))
    return "\n".join(lines)[:characters]


def pairs(characters: int, seed: int) -> list[Pair]:
    """Response and answer, both behind the prefix, for the four kinds of response."""
    numbers = random.Random(seed)
    wanted, other = passage(numbers, characters), passage(numbers, characters)
    changed = " ".join(numbers.choice(WORDS) if numbers.random() < 0.1 else word for word in wanted.split(" "))
    return [(PREFIX + response, PREFIX + wanted) for response in (wanted, changed, other, wanted[: characters // 2])]


def difflib_score(response: str, answer: str) -> float:
    """The data set's own grading, in the standard library."""
    if not response.startswith(PREFIX):
        return 0.0
    return SequenceMatcher(None, response.removeprefix(PREFIX), answer.removeprefix(PREFIX)).ratio()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--characters", default="500,2000,8000", help="lengths of the wanted passages (default: %(default)s)"
    )
    parser.add_argument("--passages", type=int, default=3, help="passages a length (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=9, help="rounds that count (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the passages (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/mrcr_score_CHARACTERS.md")
    options = parser.parse_args()

    print(f"our matcher: {mrcr.Matcher.__module__}.{mrcr.Matcher.__name__}")
    for characters in map(int, options.characters.split(",")):
        texts = [pair for each in range(options.passages) for pair in pairs(characters, options.seed + each)]
        theirs = [difflib_score(response, answer) for response, answer in texts]
        ours = [mrcr_score(response, answer, PREFIX) for response, answer in texts]
        if ours != theirs:
            raise SystemExit(f"the scores differ at {characters} characters: {theirs} and {ours}")
        rows = interleaved(
            {
                "difflib": lambda texts=texts: [difflib_score(*pair) for pair in texts],
                "longstride mrcr_score": lambda texts=texts: [mrcr_score(*pair, PREFIX) for pair in texts],
            },
            repeats=options.repeats,
        )
        print(
            f"\n{characters} characters, {len(texts)} responses, all scores equal (mean {sum(ours) / len(ours):.3f})\n"
        )
        print(table(rows))
        if options.write:
            command = f"python benchmarks/mrcr_score.py --characters {characters} --passages {options.passages}"
            command += f" --repeats {options.repeats} --seed {options.seed} --write"
            notes = [f"{len(texts)} responses; every score equals difflib's"]
            print(write_results(f"mrcr_score_{characters}", rows, command=command, notes=notes))


if __name__ == "__main__":
    main()
