"""The modules that documents make up together, and what their names stand for (imports followed from file to file)."""

from __future__ import annotations

import builtins
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from longstride.synthesis.candidates import Source
from longstride.synthesis.code.facts import Binding, CodeFacts, Import, Level, Quote
from longstride.synthesis.code.worlds import Unknown, World

FURTHEST_IMPORT = 8  # re-exports that are followed
MOST_BLANK = 12  # characters between two segments that follow each other
BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))


@dataclass(frozen=True)
class Step:
    """One thing read on the way to an answer: where it stands, and what it tells."""

    document_id: str
    quote: Quote
    said: str


@dataclass(frozen=True)
class Found:
    """What a name stands for: a binding of a module, or of a class in one."""

    path: str
    document_id: str
    binding: Binding
    owner: str = ""  # the class that it is a member of

    @property
    def name(self) -> str:
        return f"{self.owner}.{self.binding.name}" if self.owner else self.binding.name

    @property
    def key(self) -> tuple[str, str]:
        return self.path, self.name


@dataclass(frozen=True)
class ModuleFound:
    """A name that stands for a whole module."""

    path: str  # "" for a package whose own file is not at hand
    key: tuple[str, ...]


@dataclass(frozen=True)
class External:
    """A name from outside the documents at hand."""

    dotted: str


Thing = Found | ModuleFound | External


@dataclass
class Trail:
    """The steps of one way to an answer."""

    steps: list[Step] = field(default_factory=list[Step])

    def add(self, document_id: str, quotes: Sequence[Quote], said: str) -> None:
        for quote in quotes:
            step = Step(document_id, quote, said)
            if step not in self.steps:
                self.steps.append(step)


class Module:
    """The segments of one file that are at hand, in their order."""

    def __init__(self, path: str, sources: Sequence[Source]) -> None:
        self.path = path
        self.sources = sorted(sources, key=lambda each: (each.facts.start, each.document_id))

    @property
    def key(self) -> tuple[str, ...]:
        return module_key(self.path)

    @property
    def is_package(self) -> bool:
        return self.path.rpartition("/")[2].startswith("__init__.")

    @property
    def has_star_import(self) -> bool:
        return any(each.facts.has_star_import for each in self.sources)

    def follows(self, place: int) -> bool:
        """True for a segment that begins where the one before it ends."""
        if place == 0:
            return True
        return abs(self.sources[place].facts.start - self.sources[place - 1].facts.end) <= MOST_BLANK

    def bindings(self, name: str) -> list[tuple[str, Binding]]:
        """Every binding of a name, with its document."""
        return [
            (each.document_id, binding)
            for each in self.sources
            if name in each.facts.names
            for binding in each.facts.names[name]
        ]

    def rebinds(self, name: str) -> bool:
        return any(name in each.facts.rebound for each in self.sources)

    def continuation(self, document_id: str, name: str) -> Iterator[tuple[str, CodeFacts]]:
        """The segments at hand that go on with the definition that ends a document."""
        place = next(number for number, each in enumerate(self.sources) if each.document_id == document_id)
        if self.sources[place].facts.last != name:
            return
        for number in range(place + 1, len(self.sources)):
            facts = self.sources[number].facts
            if not self.follows(number) or not facts.begins_inside:
                return
            yield self.sources[number].document_id, facts
            if not facts.goes_on:
                return

    def levels(self, document_id: str, name: str, indent: int) -> Iterator[tuple[str, Level]]:
        """What later segments hold of the body of a class."""
        for later, facts in self.continuation(document_id, name):
            for level in facts.levels:
                if level.indent == indent:
                    yield later, level


class Program:
    """Documents as modules. Names are looked up as Python does, but nothing is run."""

    def __init__(self, sources: Sequence[Source]) -> None:
        by_path: defaultdict[str, list[Source]] = defaultdict(list)
        for source in sources:
            if isinstance(source.facts, CodeFacts):
                by_path[source.facts.path].append(source)
        self._paths = {each.document_id: path for path, held in by_path.items() for each in held}
        self.modules = {path: Module(path, held) for path, held in by_path.items()}
        self.by_key: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        self.by_last: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        self.packages: set[tuple[str, ...]] = set()
        for path in self.modules:
            key = module_key(path)
            self.by_key[key].append(path)
            if key:
                self.by_last[key[-1]].append(key)
            self.packages.update(key[:end] for end in range(1, len(key)))
        self.patched: frozenset[tuple[str, str]] = frozenset().union(
            *(source.facts.patched for module in self.modules.values() for source in module.sources)
        )

    def name(self, path: str, name: str, world: World, trail: Trail, hops: int = 0) -> Thing:
        """What `name` stands for in the module `path`. Raises Unknown."""
        module = self.modules.get(path)
        if module is None:
            raise Unknown
        bindings = module.bindings(name)
        if not bindings:
            if module.has_star_import or name not in BUILTINS:
                raise Unknown
            return External(name)
        if module.rebinds(name):
            raise Unknown
        document_id, binding = world.choose(_different(bindings))
        if binding.doubtful or module.has_star_import:
            world.doubt()
        if not isinstance(binding.thing, Import):
            return Found(path, document_id, binding)
        if hops == FURTHEST_IMPORT:
            raise Unknown
        trail.add(document_id, binding.quotes, f"`{path}` imports `{name}`")
        return self._imported(module, binding.thing, world, trail, hops + 1)

    def path_of(self, document_id: str) -> str:
        """The file that a document is of."""
        return self._paths[document_id]

    def is_whole(self, found: Found) -> bool:
        """False for a definition that ends its document, where the next document of the file begins inside one."""
        module = self.modules[found.path]
        place = next(number for number, each in enumerate(module.sources) if each.document_id == found.document_id)
        facts = module.sources[place].facts
        if place + 1 == len(module.sources) or not facts.ends_with(found.owner, found.binding.name):
            return True
        return module.follows(place + 1) and not module.sources[place + 1].facts.begins_inside

    def dotted(self, path: str, dotted: str, world: World, trail: Trail) -> Thing:
        """What `a.b.c` stands for in a module, as far as `a` and `b` are modules or packages. Raises Unknown."""
        first, *rest = dotted.split(".")
        found = self.name(path, first, world, trail)
        for part in rest:
            if isinstance(found, External):
                return External(f"{found.dotted}.{part}")
            if not isinstance(found, ModuleFound):
                raise Unknown
            found = self._attribute(found, part, path, world, trail, 0)
        return found

    def _imported(self, module: Module, wanted: Import, world: World, trail: Trail, hops: int) -> Thing:
        targets = self._targets(module, wanted)
        if not targets:
            return External(".".join(filter(None, ["." * wanted.level + wanted.module, wanted.name])))
        target = world.choose(targets)
        return self._attribute(target, wanted.name, module.path, world, trail, hops) if wanted.name else target

    def _attribute(self, target: ModuleFound, name: str, importer: str, world: World, trail: Trail, hops: int) -> Thing:
        """A name of a module, or the module below a package that has it."""
        below = [ModuleFound(path, (*target.key, name)) for path in self.by_key.get((*target.key, name), ())]
        if not below and (*target.key, name) in self.packages:
            below = [ModuleFound("", (*target.key, name))]
        if target.path and target.path != importer and self.modules[target.path].bindings(name):
            return self.name(target.path, name, world, trail, hops)
        if not below:
            raise Unknown
        return world.choose(below)

    def _targets(self, module: Module, wanted: Import) -> list[ModuleFound]:
        """The modules that an import may mean."""
        parts = tuple(part for part in wanted.module.split(".") if part)
        folder = tuple(module.path.split("/")[:-1])
        if wanted.level:
            if wanted.level - 1 > len(folder):
                return []
            return self._at((*folder[: len(folder) - wanted.level + 1], *parts))
        if not parts:
            return []
        found = [
            each
            for end in range(len(folder) + 1)
            for each in self._at((*folder[:end], *parts))
            if each.path != module.path and not (end and self._is_package(folder[:end]))
        ]
        if found:
            return found
        elsewhere = [
            key
            for key in self.by_last.get(parts[-1], ())
            if key[-len(parts) :] == parts and (len(parts) > 1 or key[-2:-1] == ("src",))
        ]
        return [each for key in dict.fromkeys(elsewhere) for each in self._at(key) if each.path != module.path]

    def _at(self, key: tuple[str, ...]) -> list[ModuleFound]:
        paths = self.by_key.get(key, ())
        if paths:
            return [ModuleFound(path, key) for path in paths]
        return [ModuleFound("", key)] if key in self.packages else []

    def _is_package(self, folder: tuple[str, ...]) -> bool:
        """True for a folder with an `__init__` file: what lies in it is not imported by its bare name."""
        return any(self.modules[path].is_package for path in self.by_key.get(folder, ()))


def module_key(path: str) -> tuple[str, ...]:
    """ "json/decoder.py" -> ("json", "decoder"); a package's `__init__.py` stands for the package."""
    parts = path.rpartition(".")[0].split("/")
    return tuple(parts[:-1] if parts[-1] == "__init__" else parts)


def _different(bindings: Sequence[tuple[str, Binding]]) -> list[tuple[str, Binding]]:
    """Bindings without those that repeat an import."""
    kept: list[tuple[str, Binding]] = []
    for document_id, binding in bindings:
        if not (isinstance(binding.thing, Import) and any(binding.thing == other.thing for _, other in kept)):
            kept.append((document_id, binding))
    return kept
