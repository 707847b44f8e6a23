from collections.abc import Callable, Mapping

import pytest

from longstride.synthesis.candidates import Source
from longstride.synthesis.code.program import Program, Trail
from longstride.synthesis.code.queries import answer_in, joined, single
from longstride.synthesis.code.worlds import Unknown, World

Build = Callable[[Mapping[str, str]], list[Source]]

FILES = {
    "rates.py": "BASE = 12\nFREE = 3\nNAME = 'North'\nSCALE = BASE ** 2 // 5 + 1\n",
    "fees.py": (
        "from rates import BASE, FREE as UNPAID\nimport rates\n\n"
        "def storage(days):\n    '''What it costs.'''\n    if days <= UNPAID:\n        return 0\n"
        "    due = days - UNPAID\n    due *= BASE\n    return max(due, rates.SCALE)\n"
    ),
    "places.py": (
        "from fees import storage\nfrom rates import NAME\n\n"
        "class Depot:\n    surcharge = 5\n    def fee(self, days: int, extra=2) -> int:\n"
        "        return storage(days + 1) + self.surcharge * extra\n"
        "    def label(self, crates: int) -> str:\n        return f'{crates} in {NAME}: {self.fee(crates)}'\n"
    ),
    "cold.py": "from places import Depot\n\nclass ColdDepot(Depot):\n    surcharge = 40\n",
}


def run(sources: list[Source], path: str, of: str, name: str, arguments: list[object]) -> object:
    subject = {"by": "member", "path": path, "class": of, "name": name}
    query = single(subject, {"what": "run", "arguments": arguments})
    return answer_in(query, Program(sources), World(strict=True), Trail())


def test_a_method_is_worked_through_over_four_files(sources_of: Build):
    # storage(11) = max((11 - 3) * 12, 12**2 // 5 + 1) = 96, and ColdDepot's own surcharge twice
    assert run(sources_of(FILES), "cold.py", "ColdDepot", "fee", [10]) == 96 + 80
    assert run(sources_of(FILES), "cold.py", "ColdDepot", "fee", [2]) == 0 + 80
    assert run(sources_of(FILES), "cold.py", "ColdDepot", "label", [10]) == "10 in North: 176"


def test_numbers_are_put_together_exactly(sources_of: Build):
    sources = sources_of({"a.py": "from b import X, Y\n", "b.py": "X = 0.1\nY = 0.2\n"})
    parts = [single({"by": "import", "path": "a.py", "name": name}, {"what": "value"}) for name in "XY"]
    program = Program(sources)
    assert answer_in(joined("sum", parts), program, World(), Trail()) == 0.3
    assert answer_in(joined("product", parts), program, World(), Trail()) == 0.02
    assert answer_in(joined("difference", parts), program, World(), Trail()) == -0.1


@pytest.mark.parametrize(
    "written",
    [
        "2 ** 10 ** 9", "1 << 10 ** 9", "'a' * 10 ** 9", "'%1000000d' % 1", "9 ** 60 * 9 ** 60", "1 / 0", "1e308 * 10",
        "X", "Y", "open('f')", "__import__('os')", "().__class__", "[1, 2]", "lambda: 1", "int('x')", "f(1)",
        "1e400 - 1e400", "(1).real", "eval('1')", "...", "1j", "b'x'", "f'{1:1000000}'", "-'a'", "None + 1", "len(3)",
    ],
)  # fmt: skip
def test_what_is_not_plain_or_too_much_is_unknown(sources_of: Build, written: str):
    files = {"a.py": "from b import X\n", "b.py": f"X = {written}\nY = Y2\nY2 = Y\ndef f(n): return f(n)\n"}
    query = single({"by": "import", "path": "a.py", "name": "X"}, {"what": "value"})
    with pytest.raises(Unknown):
        answer_in(query, Program(sources_of(files)), World(), Trail())


def test_nothing_is_run(sources_of: Build, tmp_path: object):
    mark = f"{tmp_path}/mark"
    body = f"open({mark!r}, 'w').close()"
    files = {
        "a.py": f"from b import f, X\n{body}\n",
        "b.py": f"{body}\nX = {body}\nclass M(type):\n    def __prepare__(*a): {body}; return {{}}\n"
        f"class C(metaclass=M): pass\ndef f(n=[{body}]): return {body}\n",
    }
    program = Program(sources_of(files))
    for what in ({"what": "value"}, {"what": "returns"}, {"what": "run", "arguments": [1]}):
        for name in ("f", "X"):
            with pytest.raises(Unknown):
                answer_in(single({"by": "import", "path": "a.py", "name": name}, what), program, World(), Trail())
    import os

    assert not os.path.exists(mark)
