from collections.abc import Callable, Mapping

import pytest

from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.code.classes import attribute, lineage
from longstride.synthesis.code.program import Found, ModuleFound, Program, Trail
from longstride.synthesis.code.worlds import Unknown, World, in_every_world

Build = Callable[[Mapping[str, str]], list[Source]]


def test_imports_are_followed_through_packages_and_new_names(sources_of: Build):
    program = Program(
        sources_of(
            {
                "shop/__init__.py": "from .goods import Crate as Box\n",
                "shop/goods/__init__.py": "from shop.goods.crates import *\nfrom .crates import Crate\n",
                "shop/goods/crates.py": "class Crate:\n    size = 4\n",
                "main.py": "import shop.goods.crates as c\nfrom shop import Box, goods\n",
            }
        )
    )
    trail = Trail()
    found = program.name("main.py", "Box", World(), trail)
    assert isinstance(found, Found) and found.path == "shop/goods/crates.py"
    assert [step.document_id for step in trail.steps] == ["main.py", "shop/__init__.py", "shop/goods/__init__.py"]
    module = program.name("main.py", "goods", World(), Trail())
    assert isinstance(module, ModuleFound) and module.path == "shop/goods/__init__.py"
    assert program.dotted("main.py", "c.Crate", World(), Trail()) == found
    with pytest.raises(Unknown):  # a star import may bring another one
        program.name("main.py", "Box", World(strict=True), Trail())


def test_an_absolute_import_starts_at_a_root_that_holds_the_importing_file(sources_of: Build):
    files = {
        "one/app.py": "from tools import f\n",
        "one/tools.py": "def f(): pass\n",
        "two/app.py": "from tools import f\n",
        "two/tools.py": "def f(): pass\n",
    }
    program = Program(sources_of(files))
    for part in ("one", "two"):
        found = program.name(f"{part}/app.py", "f", World(strict=True), Trail())
        assert isinstance(found, Found) and found.path == f"{part}/tools.py"


def test_two_files_that_an_import_may_mean_are_two_worlds(sources_of: Build):
    files = {"app/main.py": "from tools import f\n", "tools.py": "def f(): pass\n", "app/tools.py": "def f(): pass\n"}
    program = Program(sources_of(files))
    found, failed = in_every_world(lambda world: program.name("app/main.py", "f", world, Trail()))
    assert {each.path for each in found if isinstance(each, Found)} == {"tools.py", "app/tools.py"} and not failed
    package = Program(sources_of({**files, "app/__init__.py": "Z = 1\n"}))
    only, _ = in_every_world(lambda world: package.name("app/main.py", "f", world, Trail()))
    assert [each.path for each in only if isinstance(each, Found)] == ["tools.py"]


def test_circular_imports_end(sources_of: Build):
    program = Program(sources_of({"a.py": "from b import x\n", "b.py": "from a import x\n"}))
    with pytest.raises(Unknown):
        program.name("a.py", "x", World(), Trail())


def owner(program: Program, path: str, name: str, member: str, strict: bool = True) -> str:
    thing = program.name(path, name, World(), Trail())
    assert isinstance(thing, Found)
    return attribute(program, thing, member, World(strict=strict), Trail()).owner


def test_a_diamond_is_resolved_as_python_does(sources_of: Build):
    program = Program(
        sources_of(
            {
                "base.py": "class A:\n    def m(self): pass\n    def n(self): pass\n",
                "left.py": "from base import A\nclass B(A):\n    pass\n",
                "right.py": "import base\nclass C(base.A):\n    def m(self): pass\n",
                "leaf.py": "from left import B\nfrom right import C\nclass D(B, C):\n    pass\n",
            }
        )
    )
    thing = program.name("leaf.py", "D", World(), Trail())
    assert isinstance(thing, Found)
    names = [each.name for each in lineage(program, thing, World()).order if isinstance(each, Found)]
    assert names == ["D", "B", "C", "A"]
    assert owner(program, "leaf.py", "D", "m") == "C"
    assert owner(program, "leaf.py", "D", "n") == "A"


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": "import os\nclass A(os.Thing, B): pass\n", "b.py": ""},  # a class from outside comes first
        {"a.py": "from b import B\nclass A(B):\n    def __init__(self): self.m = 3\n"},
        {"a.py": "from b import B\nclass A(B): pass\nB.m = None\n"},
        {"a.py": "from b import B\nclass A(B, metaclass=Odd): pass\n"},
        {"a.py": "from b import B\n@odd\nclass A(B): pass\n"},
        {"a.py": "from b import B\nclass A(make(B)): pass\n"},
        {"a.py": "from b import B\nclass A(B):\n    if x:\n        def m(self): pass\n"},
        {"a.py": "from b import B\nif x:\n    class A(B): pass\n"},
        {"a.py": "from b import B\nclass A(B): pass\nclass A(B): pass\n"},
        {"a.py": "from b import B, C\nclass A(B, C): pass\n"},  # no order exists
        {"a.py": "from b import B\nclass A(B): pass\n", "b.py": "from a import A\nclass B(A): pass\n"},
    ],
)
def test_doubtful_inheritance_is_refused(sources_of: Build, files: Mapping[str, str]):
    both = {"b.py": "class C:\n    pass\nclass B(C):\n    def m(self): pass\n", **files}
    if "B, C" in files["a.py"]:
        both["b.py"] = "class B:\n    def m(self): pass\nclass C(B): pass\n"
    program = Program(sources_of(both))
    with pytest.raises(Unknown):
        thing = program.name("a.py", "A", World(strict=True), Trail())
        assert isinstance(thing, Found)
        attribute(program, thing, "m", World(strict=True), Trail())


def test_a_class_goes_on_in_the_next_segment(source_of: Callable[[Document], Source]):
    first = "from b import B\n\n\nclass A(B):\n    def early(self):\n        pass\n"
    rest = "    def late(self):\n        pass\n\n\nN = 1\n"
    one = Document("a.py#1", "a.py", "code", "a.py", first, "a.py", 0)
    two = Document("a.py#2", "a.py > A > late", "code", "a.py", rest, "a.py", len(first) + 1)
    far = Document("a.py#2", "a.py > A > late", "code", "a.py", rest, "a.py", len(first) + 500)
    base = Document("b.py", "b.py", "code", "b.py", "class B:\n    def late(self): pass\n    def other(self): pass\n")
    together = Program([source_of(two), source_of(base), source_of(one)])
    assert owner(together, "a.py", "A", "late") == "A"
    assert owner(together, "a.py", "A", "other") == "B"
    thing = together.name("a.py", "A", World(), Trail())
    assert isinstance(thing, Found)
    trail = Trail()
    attribute(together, thing, "other", World(), trail)
    assert {step.document_id for step in trail.steps} == {"a.py#1", "a.py#2", "b.py"}
    broken = Program([source_of(one), source_of(far), source_of(base)])
    with pytest.raises(Unknown):  # what lies between may define it
        owner(broken, "a.py", "A", "late")
    assert owner(broken, "a.py", "A", "late", strict=False) == "B"
