"""The tree of an HTML page, parsed with limits, and what each of its nodes means to a reader."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from longstride.corpus.encoding import decode
from longstride.corpus.limits import Unreadable

if TYPE_CHECKING:
    from lxml.etree import _Element

DROPPED = frozenset((
    "script", "style", "head", "noscript", "template", "svg", "math", "iframe", "object", "embed", "nav",
    "button", "select", "textarea", "input", "canvas", "audio", "video", "map", "dialog",
))  # fmt: skip
BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
    "html", "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul", "caption",
))  # fmt: skip
HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
SPACE = re.compile(r"[\s\u200b\u200c\u2060\ufeff]+")  # \s holds the no-break space too
DECLARED = re.compile(rb"""<(?:meta[^>]{0,200}?charset\s*=\s*["']?|\?xml[^>]{0,80}?encoding=["'])([\w-]{2,20})""", re.I)
XML_LIKE = re.compile(rb"^\s*(?:<\?xml|<!DOCTYPE[^>]{0,200}XHTML|<html[^>]{0,4000}xmlns)", re.I)


def tree(data: bytes) -> _Element:
    """The root of a page; entities of its own are not expanded. Raises Unreadable: html_too_deep, malformed, ..."""
    from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

    declared = DECLARED.search(data[:2048])
    text: str | None = None
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = data.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            text = None
    content = (decode(data) if text is None else text).encode("utf-8", "replace")
    parsers = [etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)]
    if XML_LIKE.match(content):
        xml = etree.XMLParser(
            encoding="utf-8",
            recover=True,
            no_network=True,
            resolve_entities=False,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        parsers.insert(0, xml)
    for parser in parsers:
        try:
            root = etree.fromstring(content, parser)
        except (etree.LxmlError, ValueError):
            root = None
        if any("depth" in entry.message.lower() for entry in parser.error_log):
            raise Unreadable("html_too_deep")
        fatal = isinstance(parser, etree.XMLParser) and any(
            entry.level >= etree.ErrorLevels.FATAL for entry in parser.error_log
        )
        if root is not None and not fatal:
            return root
    raise Unreadable("malformed")


def name_of(element: _Element) -> str:
    """The element's name in lower case without its namespace; "" for what is no element."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    return tag.rpartition("}")[2].lower()


def entity_of(element: _Element) -> str:
    """What an XHTML page means by a reference that its parser left alone ("&nbsp;"); "" for any other node."""
    if isinstance(element.tag, str) or not (element.text or "").startswith("&"):
        return ""
    return unescape(element.text or "")


def is_dropped(element: _Element, name: str) -> bool:
    """True for an element that a reader of the page does not see."""
    if name in DROPPED or name == "ix:header" or "hidden" in element.attrib:
        return True
    if name == "header" and "inlineXBRL" in str(element.tag):
        return True
    style = element.get("style")
    return style is not None and HIDDEN_STYLE.search(style) is not None


def title_of(root: _Element) -> str | None:
    """What the page calls itself, where that is more than one word."""
    for name in ("title", "h1"):
        for element in root.iter(name, f"{{*}}{name}"):
            title = SPACE.sub(" ", unescape("".join(map(str, element.itertext())))).strip()
            if " " in title:
                return title[:200]
    return None
