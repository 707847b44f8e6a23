"""Inheritance and attribute lookup over the classes of several files: C3, as Python does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from longstride.synthesis.code.facts import Binding, Class
from longstride.synthesis.code.program import External, Found, Program, Trail
from longstride.synthesis.code.worlds import Unknown, World

DEEPEST = 16  # classes above each other
METACLASSES = ("", "ABCMeta", "abc.ABCMeta")
CLASS_DECORATORS = frozenset(
    {"dataclass", "dataclasses.dataclass", "final", "typing.final", "runtime_checkable", "typing.runtime_checkable"}
)


Ancestor = Found | External


def as_class(thing: object) -> tuple[Found, Class]:
    """A class of the documents at hand. Raises Unknown for anything else, and for one that may behave otherwise."""
    if not isinstance(thing, Found) or not isinstance(thing.binding.thing, Class):
        raise Unknown
    found = thing.binding.thing
    if found.metaclass not in METACLASSES or not CLASS_DECORATORS.issuperset(found.decorators):
        raise Unknown
    return thing, found


@dataclass
class Lineage:
    """A method resolution order, the class itself first, without `object`; and where each class stands in the files.

    A base from outside stands as a leaf: what lies before the first one is as Python has it, for no class from outside
    inherits from one of ours.
    """

    order: list[Ancestor]
    trails: dict[tuple[str, str], Trail]  # by class: the imports of its bases

    def tell(self, owner: Found, trail: Trail) -> None:
        """Add what shows that the order leads to `owner`."""
        for each in self.order:
            if isinstance(each, Found) and isinstance(each.binding.thing, Class):
                bases = each.binding.thing.bases
                said = f"inherits from {_list(bases)}" if bases else "names no base class"
                trail.add(each.document_id, each.binding.quotes, f"`{each.name}` in `{each.path}` {said}")
                if each.key == owner.key:
                    return
                trail.steps += [step for step in self.trails[each.key].steps if step not in trail.steps]


_LINEAGES: WeakKeyDictionary[Program, dict[tuple[str, str], Lineage | None]] = WeakKeyDictionary()  # None: Unknown


def lineage(program: Program, thing: Found, world: World) -> Lineage:
    """The lineage of a class. Raises Unknown where a base cannot be told, and where there is no order."""
    if not world.strict:
        return _lineage(program, thing, world)
    kept = _LINEAGES.setdefault(program, {})
    key = (thing.document_id, thing.name)  # without choices a program has one lineage of a class
    if key not in kept:
        try:
            kept[key] = _lineage(program, thing, world)
        except Unknown:
            kept[key] = None
    found = kept[key]
    if found is None:
        raise Unknown
    return found


def _lineage(program: Program, thing: Found, world: World) -> Lineage:
    trails: dict[tuple[str, str], Trail] = {}
    return Lineage(_linearized(program, thing, world, trails, ()), trails)


def _linearized(
    program: Program,
    thing: Found,
    world: World,
    trails: dict[tuple[str, str], Trail],
    below: tuple[tuple[str, str], ...],
) -> list[Ancestor]:
    found, klass = as_class(thing)
    if found.key in below or len(below) == DEEPEST:
        raise Unknown
    trail = trails.setdefault(found.key, Trail())
    orders: list[list[Ancestor]] = []
    direct: list[Ancestor] = []
    for base in klass.bases:
        parent = External("?") if base == "?" else program.dotted(found.path, base, world, trail)
        if isinstance(parent, External):
            if parent.dotted == "?":
                raise Unknown
            if parent.dotted == "object":
                continue
            orders.append([parent])
        elif isinstance(parent, Found):
            orders.append(_linearized(program, parent, world, trails, (*below, found.key)))
        else:
            raise Unknown
        direct.append(parent)
    return [found, *_merged([*orders, direct])]


def _merged(orders: list[list[Ancestor]]) -> list[Ancestor]:
    """C3's merge. Raises Unknown where there is no order, as Python raises TypeError."""
    merged: list[Ancestor] = []
    orders = [list(each) for each in orders if each]
    while orders:
        for order in orders:
            head = order[0]
            if not any(_same(head, later) for other in orders for later in other[1:]):
                break
        else:
            raise Unknown
        merged.append(head)
        orders = [rest for order in orders if (rest := order[1:] if _same(order[0], head) else order)]
    return merged


def _same(one: Ancestor, other: Ancestor) -> bool:
    if isinstance(one, Found) and isinstance(other, Found):
        return one.key == other.key
    return isinstance(one, External) and one == other


def body(program: Program, found: Found) -> Iterator[tuple[str, dict[str, tuple[Binding, ...]], frozenset[str]]]:
    """The parts of a class's body that are at hand: document, members, attributes set on the instance."""
    klass = found.binding.thing
    if isinstance(klass, Class):
        yield found.document_id, klass.members, klass.set_on_self
        module = program.modules[found.path]
        for document_id, level in module.levels(found.document_id, found.binding.name, klass.body_indent):
            yield document_id, level.members, level.set_on_self


def members(program: Program, found: Found, name: str) -> list[Found]:
    """Every definition of an attribute in the body of one class."""
    return [
        Found(found.path, document_id, binding, found.binding.name)
        for document_id, held, _ in body(program, found)
        for binding in held.get(name, ())
    ]


def attribute(program: Program, thing: Found, name: str, world: World, trail: Trail) -> Found:
    """What `X().name` is: the definition in the first class of the resolution order that has one.

    Raises Unknown where a class from outside comes first, where an instance attribute hides it, or where something
    assigns to it from outside.
    """
    line = lineage(program, thing, world)
    ours = [each for each in line.order if isinstance(each, Found)]
    for each in ours:
        if any(name in hidden for _, _, hidden in body(program, each)):
            raise Unknown
        if not program.patched.isdisjoint({(each.binding.name, name), (each.binding.name, "*")}):
            raise Unknown
    for each in line.order:
        if isinstance(each, External):
            raise Unknown
        found = members(program, each, name)
        if found:
            line.tell(each, trail)
            for earlier in ours[: ours.index(each)]:
                _note_absence(program, earlier, name, trail)
            chosen = world.choose(found)
            if chosen.binding.doubtful:
                world.doubt()
            return chosen
        if not _complete(program, each):
            world.doubt()
    raise Unknown


def _complete(program: Program, found: Found) -> bool:
    """False for a class whose text breaks off: the next part of its file is missing or could not be parsed."""
    module = program.modules[found.path]
    place = next(number for number, each in enumerate(module.sources) if each.document_id == found.document_id)
    while module.sources[place].facts.last == found.binding.name or module.sources[place].facts.goes_on:
        place += 1
        if place == len(module.sources):
            return True
        facts = module.sources[place].facts
        if not module.follows(place) or facts.problem:
            return False
        if not facts.goes_on:
            return True
    return True


def _note_absence(program: Program, found: Found, name: str, trail: Trail) -> None:
    """That a class does not define a name is read off its whole body, over all of its segments."""
    klass = found.binding.thing
    if not isinstance(klass, Class):
        return
    module = program.modules[found.path]
    for document_id, level in module.levels(found.document_id, found.binding.name, klass.body_indent):
        trail.add(document_id, (level.quote,), f"`{found.name}` goes on and does not define `{name}`")


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
