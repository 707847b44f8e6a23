"""The uniqueness proof (paper 3.2, after obfuscation): every answer that the documents allow, found exhaustively.

A backtracking join over the graph's indexes visits every binding of the query's variables that satisfies all atoms and
filters. A question is well put where all of them lead to one answer. The search is cautious: a statement that could
not be read counts as one that may fit, and a name is taken to fit a longer name that holds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from longstride.synthesis.knowledge_graph.graph import Edge, Graph
from longstride.synthesis.knowledge_graph.names import normal_words
from longstride.synthesis.knowledge_graph.query import Atom, Filter, Query

MOST_ANSWERS = 16  # beyond, it does not matter how many there are
Binding = Mapping[str, str]  # variable -> node


def bindings(query: Query, graph: Graph) -> Iterator[dict[str, Edge]]:
    """Every way to satisfy the query, as the edge that each atom (by its place, as text) takes."""
    search = _Search(query, graph)
    for bound, edges in search.run():
        if search.passes_joint_filters(bound):
            yield {str(place): edges[place] for place in range(len(query.atoms))}


def bound_nodes(query: Query, edges: Mapping[str, Edge]) -> dict[str, str]:
    """What the variables stand for where the atoms take these edges."""
    found: dict[str, str] = {}
    for place, atom in enumerate(query.atoms):
        found[atom.subject] = edges[str(place)].subject
        if found.get(atom.object, "u:").startswith("u:"):  # an unread statement stands for what is bound elsewhere
            found[atom.object] = edges[str(place)].object
    return found


def all_answers(query: Query, graph: Graph, most: int = MOST_ANSWERS) -> tuple[str, ...]:
    """The different answers over ALL bindings, sorted; the search ends early once there are `most` of them.

    An entity or a name is given as its node, a number as its node, a year or a span of years in digits; a tie between
    two entities is the answer "tie", and what depends on an unread statement is that statement's node. A document in
    prose that holds every name by which the question describes an entity, and is not about that entity, counts as an
    answer of its own: it may speak of another such one.
    """
    found: set[str] = set()
    for edges in bindings(query, graph):
        bound = bound_nodes(query, edges)
        found.add(answer_of(query, bound, graph))
        found.update(_prose_rivals(query, bound, graph))
        if len(found) >= most:
            break
    return tuple(sorted(found))


def settled_answer(query: Query, graph: Graph) -> str | None:
    """The one answer of a query of which ALL bindings agree on every entity and on the answer; else None."""
    found: set[tuple[str, ...]] = set()
    for edges in bindings(query, graph):
        bound = bound_nodes(query, edges)
        found.add((answer_of(query, bound, graph), *(bound[variable] for variable in query.entities())))
        if len(found) > 1:
            return None
    return found.pop()[0] if found else None


def _prose_rivals(query: Query, bound: Binding, graph: Graph) -> Iterator[str]:
    """The documents in prose that may describe another entity in the words of the question."""
    if not graph.prose:
        return
    named = {each.variable: set(each.words.split()) for each in query.filters if each.kind == "is"}
    for variable in query.entities():
        words = set[str]().union(*(named.get(atom.object, set()) for atom in query.atoms if atom.subject == variable))
        for document_id, subject, held in graph.prose:
            if words and subject != bound[variable] and words <= held:
                yield f"u:{document_id}"


def answer_of(query: Query, bound: Binding, graph: Graph) -> str:
    """The answer that one binding gives."""
    answer = query.answer
    names = answer.keys or answer.variables
    nodes = [graph.nodes[bound[name]] for name in names]
    for name, node in zip(names, nodes, strict=True):
        if node.kind == "unread":
            return bound[name]
    if answer.kind == "value":
        return bound[answer.variables[0]]
    if answer.kind == "year":
        return str(nodes[0].year)
    if answer.kind == "years_between":
        return str(abs(nodes[0].year - nodes[1].year))
    measures = [node.year if node.kind == "date" else node.number or 0 for node in nodes]
    best = min(measures) if answer.kind in ("earliest", "smallest") else max(measures)
    winners = {bound[name] for name, each in zip(answer.variables, measures, strict=True) if each == best}
    return winners.pop() if len(winners) == 1 else "tie"


def passes(each: Filter, key: str, graph: Graph) -> bool:
    """Whether a node may satisfy a condition on one variable."""
    node = graph.nodes[key]
    if node.kind == "unread":
        return each.kind != "is" or holds_words(node.text, each.words)
    if each.kind == "between":
        return node.number is not None and each.low <= node.number <= each.high
    if each.kind == "years":
        in_span = node.kind == "date" and each.low <= node.year <= each.high
        return in_span and each.digit in (-1, node.year % 10)
    if node.kind != "name" or graph.is_documented(key):
        return key == f"n:{graph.linker.resolve(each.words)}"
    return key == f"n:{graph.linker.resolve(each.words)}" or holds_words(node.text, each.words)


def holds_words(text: str, words: str) -> bool:
    """True where the normal words of a text hold `words` in a row."""
    return f" {words} " in f" {' '.join(normal_words(text))} "


class _Search:
    """A depth-first join that next takes the atom with the fewest edges left."""

    def __init__(self, query: Query, graph: Graph) -> None:
        self.query, self.graph = query, graph
        self.unary: dict[str, list[Filter]] = {}
        self.joint: list[Filter] = []
        for each in query.filters:
            if each.kind in ("after", "before"):
                self.joint.append(each)
            else:
                self.unary.setdefault(each.variable, []).append(each)
        self.starts = [self._passing(atom) for atom in query.atoms]
        self.kept = [
            {(edge.subject, edge.object) for edge in edges} if atom.object in self.unary else None
            for atom, edges in zip(query.atoms, self.starts, strict=True)
        ]

    def run(self) -> Iterator[tuple[dict[str, str], dict[int, Edge]]]:
        if all(self.starts):
            yield from self._extend({}, {})

    def passes_joint_filters(self, bound: Binding) -> bool:
        for each in self.joint:
            mine, other = self.graph.nodes[bound[each.variable]], self.graph.nodes[bound[each.other]]
            if "unread" in (mine.kind, other.kind):
                continue
            if not (mine.year > other.year if each.kind == "after" else mine.year < other.year):
                return False
        return True

    def _extend(
        self, bound: dict[str, str], edges: dict[int, Edge]
    ) -> Iterator[tuple[dict[str, str], dict[int, Edge]]]:
        left = [place for place in range(len(self.query.atoms)) if place not in edges]
        if not left:
            yield bound, edges
            return
        options = {place: self._edges(place, bound) for place in left}
        place = min(left, key=lambda each: (len(options[each]), each))
        atom = self.query.atoms[place]
        seen: set[tuple[str, str]] = set()  # the same statement twice is one binding
        for edge in options[place]:
            ends, kept = (edge.subject, edge.object), self.kept[place]
            if ends in seen or (kept is not None and ends not in kept):
                continue
            seen.add(ends)
            now = {**bound, atom.subject: edge.subject, atom.object: bound.get(atom.object, edge.object)}
            yield from self._extend(now, {**edges, place: edge})

    def _edges(self, place: int, bound: dict[str, str]) -> list[Edge]:
        """The edges that an atom may take, given what is bound."""
        atom = self.query.atoms[place]
        subject, target = bound.get(atom.subject), bound.get(atom.object)
        if subject is not None:
            edges = self.graph.outgoing.get((atom.relation, subject), [])
            return edges if target is None else [edge for edge in edges if self._may_be(edge, target)]
        if target is not None:
            return [
                *self.graph.incoming.get((atom.relation, target), ()),
                *(edge for edge in self.graph.unread(atom.relation) if self._may_be(edge, target)),
            ]
        return self.starts[place]

    def _may_be(self, edge: Edge, target: str) -> bool:
        """True where the edge leads to this node, or to a statement that holds its name and could not be read."""
        if edge.object == target:
            return True
        return edge.object.startswith("u:") and holds_words(self.graph.name(edge.object), target[2:])

    def _passing(self, atom: Atom) -> list[Edge]:
        conditions = self.unary.get(atom.object, [])
        edges = self.graph.edges.get(atom.relation, [])
        if not conditions:
            return edges
        return [edge for edge in edges if all(passes(each, edge.object, self.graph) for each in conditions)]
