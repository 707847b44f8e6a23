"""The words of questions about code: the way to the subject, the question about it, the form of the answer."""

from __future__ import annotations

import random
from typing import Any

from longstride.synthesis.code.asks import Ask
from longstride.synthesis.code.subjects import Subject

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
KINDS = {"function": "function", "class": "class", "value": "constant"}

ASKED: dict[str, tuple[str, ...]] = {
    "value": ("What is the value of {it}?", "Which value does {it} have?"),
    "default": (
        "What is the default value of the parameter `{parameter}` of {it}?",
        "Which value does the parameter `{parameter}` of {it} have where the caller gives none?",
    ),
    "parameter": (
        "What is the name of the {ordinal} parameter{besides} of {it}?",
        "Which parameter{besides} is the {ordinal} one of {it}?",
    ),
    "parameters": ("How many parameters{besides} does {it} have?",),
    "annotation": ("Which type annotation does the parameter `{parameter}` of {it} have?",),
    "raises": (
        "Which exception class do the `raise` statements in the body of {it} name?",
        "Which exception does the body of {it} raise by name?",
    ),
    "decorator": ("Which decorator does {it} have?",),
    "returns": ("What does {it} return?", "Which value does {it} return?"),
    "run": ("What does {it} return when it is called with {arguments}?",),
    "name": ("What is the name of {it}?",),
    "class": ("Which class defines {it}?", "In the body of which class stands the definition of {it}?"),
    "base": ("From which class does {it} directly inherit?", "What is the direct base class of {it}?"),
    "file": ("In which file is {it} defined?", "Which file holds the definition of {it}?"),
}
MEASURED = {
    "value": "the value of {it}",
    "default": "the default value of the parameter `{parameter}` of {it}",
    "parameters": "the number of parameters{besides} of {it}",
    "returns": "what {it} returns",
}
JOINED = {"sum": "A + B", "difference": "A - B", "product": "A * B"}

FORMS = {
    "number": "Answer with the number alone, in decimal notation.",
    "text": "Answer with the text of the string alone, without quotation marks around it.",
    "name": "Answer with the name alone, as it is spelt in the code.",
    "annotation": "Answer with the annotation alone, as it is spelt in the code.",
    "file": "Answer with the path of the file alone, as its heading gives it.",
}


def question(subject: Subject, ask: Ask, kind: str, draw: random.Random) -> str:
    """The question about a subject that is a `kind`: "function", "class" or "value"."""
    if ask["what"] == "run" and subject["by"] == "member":
        given = _arguments(ask["arguments"])
        return (
            f"What does `{subject['name']}` return when it is called on an instance of {_class(subject)} with {given}?"
        )
    way, it = phrased(subject, kind)
    return way + draw.choice(ASKED[ask["what"]]).format(**_words(ask, it))


def joined_question(how: str, parts: list[tuple[Subject, Ask, str]]) -> str:
    """The question about two numbers: what stands in JOINED under `how`."""
    said: list[str] = []
    for letter, (subject, ask, kind) in zip("AB", parts, strict=True):
        way, it = phrased(subject, kind)
        said.append(f"{way}Let {letter} be {MEASURED[ask['what']].format(**_words(ask, it))}.")
    return f"{' '.join(said)} What is {JOINED[how]}?"


def phrased(subject: Subject, kind: str) -> tuple[str, str]:
    """Sentences that lead to the subject, and then what to call it.

    For an import "" and "the function that `a.py` imports as `f`"; for a call "The function `f` of `a.py` calls one
    function of `b.py`. " and "that function".
    """
    by = subject["by"]
    if by == "import":
        return "", f"the {KINDS[kind]} that `{subject['path']}` imports as `{subject['name']}`"
    if by == "member":
        return "", _member(subject, kind)
    if by == "function":
        return "", _function(subject["path"], subject["function"])
    way, it = phrased(subject["from"], "function")
    if by == "raised":
        return f"{way}{_capital(it)} raises one exception class by name. ", "that exception class"
    if subject["from"]["by"] == "called":
        return f"{way[:-2]}, and that one calls one function of `{subject['in']}`. ", "the last of these functions"
    return f"{way}{_capital(it)} calls one function of `{subject['in']}`. ", "the function that it calls there"


def _member(subject: Subject, kind: str) -> str:
    if kind == "value":
        return f"the attribute `{subject['name']}` of {_class(subject)}"
    return f"the method that runs when `{subject['name']}` is called on an instance of {_class(subject)}"


def _class(subject: Subject) -> str:
    if subject.get("imported"):
        return f"the class that `{subject['path']}` imports as `{subject['class']}`"
    return f"the class `{subject['class']}` of `{subject['path']}`"


def _function(path: str, name: str) -> str:
    owner, _, method = name.rpartition(".")
    if owner:
        return f"the method `{method}` of the class `{owner}` in `{path}`"
    return f"the function `{method}` in `{path}`"


def _words(ask: Ask, it: str) -> dict[str, Any]:
    words: dict[str, Any] = {"it": it, "besides": "", **ask}
    if ask.get("method"):
        words["besides"] = (
            ", `self` or `cls` not counted," if ask["what"] == "parameter" else " (`self` or `cls` aside)"
        )
    if ask["what"] == "parameter":
        words["ordinal"] = ORDINALS[ask["place"]]
    if ask["what"] == "run":
        words["arguments"] = _arguments(ask["arguments"])
    return words


def _arguments(arguments: list[Any]) -> str:
    written = [f"`{each!r}`" for each in arguments]
    if len(written) == 1:
        return f"the argument {written[0]}"
    return f"the arguments {', '.join(written[:-1])} and {written[-1]}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
