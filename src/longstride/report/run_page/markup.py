"""HTML that is safe by construction: whatever is no `Markup` is escaped, and characters that hide are shown as marks.

A number of a log stands in a <data> element that names the log; so a test, or a reader, can look it up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from longstride.analysis.logged import Logged

HIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
SHARE, SIGNED, PRECISE, COUNT = "{:.1%}", "{:+.3f}", "{:.3f}", "{:,.0f}"
VOID = ("br", "meta", "input", "col")


class Markup(str):
    """HTML that may stand as it is."""

    __slots__ = ()


def text(value: str) -> Markup:
    """Untrusted text: escaped, each hidden character a mark that names it."""
    parts: list[str] = []
    done = 0
    for found in HIDDEN.finditer(value):
        parts.append(escape(value[done : found.start()]))
        name = f"U+{ord(found[0]):04X}"
        parts.append(f'<span class="hidden-character" role="img" aria-label="hidden character {name}">{name}</span>')
        done = found.end()
    return Markup("".join((*parts, escape(value[done:]))))


def tag(name: str, /, *children: str, **attributes: str | bool | None) -> Markup:
    """An element. A child that is no `Markup` is untrusted text.

    Attributes: `class_` for class, `_` for `-`; None and False leave one out, True gives it no value.
    """
    given = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{_attribute(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{name}{given}>" if name in VOID else f"<{name}{given}>{join(children)}</{name}>")


def join(parts: Iterable[str], between: str = "") -> Markup:
    """Parts in a row, those that are no `Markup` escaped."""
    whole = (part if isinstance(part, Markup) else text(part) for part in parts)
    return Markup((between if isinstance(between, Markup) else text(between)).join(whole))


def sentence(template: str, **parts: str) -> Markup:
    """`sentence("It rose to {end}.", end=number(...))`: our own words with parts put in, escaped where they need it."""
    return Markup(text(template).format(**{name: join([part]) for name, part in parts.items()}))


def number(value: float | Logged, form: str = COUNT, log: str = "", how: str = "") -> Markup:
    """A number of a log, as `form` writes it; inside a table that names the log, `log` may be left out."""
    if isinstance(value, Logged):
        value, log, how = value.value, value.log, value.how
    source = f"{log}: {how}" if how and log else log or how
    shown = form.format(value)
    if shown[0] in "+-" and not any(digit in shown for digit in "123456789"):
        shown = shown[1:]  # zero has no sign
    return tag(
        "data", shown, value=repr(float(value)), data_log=log or None, data_how=how or None, title=source or None
    )


def words(name: str) -> str:
    """A name of ours in words: `multi_hop` is `multi hop`."""
    return name.replace("_", " ")


def listed(parts: Sequence[str]) -> Markup:
    """`a, b and c`."""
    if len(parts) < 2:
        return join(parts)
    return join([join(parts[:-1], ", "), " and ", parts[-1]])


def table(
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    log: str = "",
    headed: bool = True,
) -> Markup:
    """A table that scrolls sideways by itself where it is too wide; the first column heads its rows unless not
    `headed`. `log` is the source of numbers that name none.
    """
    head = tag("thead", tag("tr", *(tag("th", each, scope="col") for each in columns)))
    body = [
        tag(
            "tr",
            *(
                tag("th", cell, scope="row") if headed and place == 0 else tag("td", cell)
                for place, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    whole = tag("table", tag("caption", caption), head, tag("tbody", *body), data_log=log or None)
    return tag("div", whole, class_="wide", tabindex="0", role="group", aria_label=caption)


def folded(summary: str, *children: str, open_: bool = False) -> Markup:
    """What is shown when it is asked for."""
    return tag("details", tag("summary", summary), *children, open=open_)


def note(*children: str) -> Markup:
    """A quiet paragraph."""
    return tag("p", *children, class_="note")


def _attribute(value: str | bool) -> str:
    return HIDDEN.sub("", escape(str(value)))
