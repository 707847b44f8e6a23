"""Questions over the documents of one neighbourhood, in a drawn order, each with the sentences that prove it."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from longstride.corpus.world.small import NUMBERS, RIDDLE_WORDS
from longstride.synthesis.candidates import Source
from longstride.synthesis.small_world.queries import (
    FEWEST_YEARS,
    WHICH,
    Query,
    answers_of,
    difference,
    extreme_company,
    extreme_number,
    extreme_year,
    figure,
    riddle,
    walk,
)
from longstride.synthesis.small_world.statements import RELATES, RIDDLE, Statement, bare
from longstride.synthesis.small_world.wording import (
    company_question,
    difference_question,
    extreme_question,
    figure_question,
    riddle_question,
    walk_question,
    year_question,
)

LONG_WALKS = 1 / 3  # of the questions over several documents go over three; not in the paper
DIFFERENCES = 1 / 5  # of the questions for a number; a tiny model hardly learns to subtract
FIRMS_COMPARED = (3, 4)  # at least and at most: one of two would be guessed right half of the time
PREFIX_WORDS = 2  # of a repeated riddle
PREFIXES = 16  # behind which one riddle may be asked for, so that its questions come to an end

Quoted = tuple[str, Statement]  # a document's id, and what it states
Path = tuple[Quoted, ...]


@dataclass(frozen=True)
class Draft:
    """A question with its one answer and, in the order of the reasoning, the sentences that it follows from."""

    query: Query
    question: str
    answer: str
    reward_style: str
    proof: Path
    about: tuple[str, ...]  # the names in the question


class Scene:
    """The statements of a neighbourhood, as drafts look for them."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources
        self.relations: defaultdict[str, list[Quoted]] = defaultdict(list)  # by bare subject
        self.tables: defaultdict[str, list[Quoted]] = defaultdict(list)  # by company
        self.riddles: defaultdict[str, list[Quoted]] = defaultdict(list)  # by subject
        for source in sources:
            for each in source.facts:
                quoted = (source.document_id, each)
                if each.relation in RELATES:
                    self.relations[bare(each.subject)].append(quoted)
                elif each.relation == RIDDLE:
                    self.riddles[each.subject].append(quoted)
                else:
                    self.tables[each.subject].append(quoted)

    def paths(self, steps: int) -> list[Path]:
        """Every walk of so many steps, each step in a document of its own, that comes to no name twice."""
        paths: list[Path] = [(quoted,) for stated in self.relations.values() for quoted in stated]
        for _ in range(steps - 1):
            paths = [(*path, step) for path in paths for step in self.relations.get(bare(path[-1][1].value), ())]
        return [path for path in paths if _is_simple(path)]


def look_ups(scene: Scene, draw: random.Random) -> Iterator[Draft]:
    """One step."""
    yield from _walks(scene, scene.paths(1), draw)


def hops(scene: Scene, draw: random.Random) -> Iterator[Draft]:
    """Two steps, or three."""
    two, three = _walks(scene, scene.paths(2), draw), _walks(scene, scene.paths(3), draw)
    yield from _mingled(two, three, LONG_WALKS, draw)


def numbers(scene: Scene, draw: random.Random) -> Iterator[Draft]:
    """A number of a table, or the difference of two."""
    yield from _mingled(_figures(scene, draw), _differences(scene, draw), DIFFERENCES, draw)


def extremes(scene: Scene, draw: random.Random) -> Iterator[Draft]:
    """The most or least of a company's table, the year of it, and which of some companies has it in a year."""
    table = _mingled(_years(scene, draw), _best(scene, draw), 0.5, draw)
    yield from _mingled(_companies(scene, draw), table, 0.5, draw)


def look_ups_of_all(scene: Scene, draw: random.Random) -> Iterator[Draft]:
    """One step, or a number of a table."""
    yield from _mingled(look_ups(scene, draw), _figures(scene, draw), 0.5, draw)


def riddles(scene: Scene, draw: random.Random) -> Iterator[Draft]:
    """A riddle word by word: the one about its subject, or the one that begins with a word."""
    stated = [(quoted, keyed) for told in scene.riddles.values() for quoted in told for keyed in (False, True)]
    for (document_id, told), keyed in draw.sample(stated, len(stated)):
        words = told.value.split()
        fresh = [word for word in RIDDLE_WORDS if word not in words]
        prefix = " ".join(random.Random(f"{told.value}/{draw.randrange(PREFIXES)}").sample(fresh, PREFIX_WORDS))
        begins = words[0] if keyed else None
        query = riddle(told.subject, begins, prefix)
        question = riddle_question(told.subject, begins, prefix)
        yield from _settled(scene, query, question, "mrcr", ((document_id, told),), (told.subject,))


def _walks(scene: Scene, paths: Sequence[Path], draw: random.Random) -> Iterator[Draft]:
    for path in draw.sample(paths, len(paths)):
        start, relations = path[0][1].subject, [each.relation for _, each in path]
        question = walk_question(start, relations, draw.random() < 0.5)
        yield from _settled(scene, walk(start, relations), question, "exact", path, (start,))


def _figures(scene: Scene, draw: random.Random) -> Iterator[Draft]:
    rows = [quoted for table in scene.tables.values() for quoted in table]
    for quoted in draw.sample(rows, len(rows)):
        firm, year = quoted[1].subject, quoted[1].relation
        question = figure_question(firm, year, draw.random() < 0.5)
        yield from _settled(scene, figure(firm, year), question, "numeric", (quoted,), (firm,))


def _differences(scene: Scene, draw: random.Random) -> Iterator[Draft]:
    pairs = [pair for table in scene.tables.values() for pair in permutations(table, 2) if _difference(pair) in NUMBERS]
    for more, less in draw.sample(pairs, len(pairs)):
        firm, years = more[1].subject, (more[1].relation, less[1].relation)
        question = difference_question(firm, *years)
        yield from _settled(scene, difference(firm, *years), question, "numeric", (more, less), (firm,))


def _years(scene: Scene, draw: random.Random) -> Iterator[Draft]:
    for firm, which in _tables_asked(scene, draw):
        question = year_question(firm, which, draw.random() < 0.5)
        query, proof = extreme_year(firm, which), tuple(scene.tables[firm])
        yield from _settled(scene, query, question, "exact", proof, (firm,))


def _best(scene: Scene, draw: random.Random) -> Iterator[Draft]:
    for firm, which in _tables_asked(scene, draw):
        question = extreme_question(firm, which, draw.random() < 0.5)
        query, proof = extreme_number(firm, which), tuple(scene.tables[firm])
        yield from _settled(scene, query, question, "numeric", proof, (firm,))


def _tables_asked(scene: Scene, draw: random.Random) -> list[tuple[str, str]]:
    asked = [(firm, which) for firm in scene.tables for which in WHICH if len(scene.tables[firm]) >= FEWEST_YEARS]
    return draw.sample(asked, len(asked))


def _companies(scene: Scene, draw: random.Random) -> Iterator[Draft]:
    rows: defaultdict[str, list[Quoted]] = defaultdict(list)
    for table in scene.tables.values():
        for quoted in table:
            rows[quoted[1].relation].append(quoted)
    fewest, most = FIRMS_COMPARED
    asked = [(year, which) for year in rows for which in WHICH if len(rows[year]) >= fewest]
    for year, which in draw.sample(asked, len(asked)):
        proof = tuple(draw.sample(rows[year], min(most, len(rows[year]))))
        firms = tuple(each.subject for _, each in proof)
        question = company_question(firms, year, which, draw.random() < 0.5)
        yield from _settled(scene, extreme_company(firms, year, which), question, "exact", proof, firms)


def _settled(
    scene: Scene, query: Query, question: str, style: str, proof: Path, about: tuple[str, ...]
) -> Iterator[Draft]:
    """The draft, where the neighbourhood gives the question one answer."""
    found = answers_of(query, scene.sources)
    if len(found) == 1:
        yield Draft(query, question, found[0], style, proof, about)


def _mingled(common: Iterator[Draft], rare: Iterator[Draft], share: float, draw: random.Random) -> Iterator[Draft]:
    """The drafts of both, of which `share` are of the second while there are any of each."""
    while True:
        chosen, other = (rare, common) if draw.random() < share else (common, rare)
        draft = next(chosen, None) or next(other, None)
        if draft is None:
            return
        yield draft


def _difference(pair: tuple[Quoted, Quoted]) -> str:
    (_, more), (_, less) = pair
    return str(int(more.value) - int(less.value))


def _is_simple(path: Path) -> bool:
    names = [bare(path[0][1].subject), *(bare(each.value) for _, each in path)]
    return len(set(names)) == len(names) and len({document_id for document_id, _ in path}) == len(path)


DRAFTS: Mapping[tuple[str, str, bool], Callable[[Scene, random.Random], Iterator[Draft]]] = {
    ("reading_comprehension", "look_up", False): look_ups,
    ("multi_hop", "multi_fact", False): hops,
    ("numerical", "numerical_calculation", False): numbers,
    ("numerical", "statistical_aggregation", False): extremes,
    ("dialogue_memory", "needle", False): riddles,
    ("multiple_choice", "look_up", True): look_ups_of_all,
    ("multiple_choice", "multi_fact", True): hops,
}  # task, question type, whether with options
