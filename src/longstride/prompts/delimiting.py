"""Documents and other untrusted text inside a prompt, between marks that the text cannot hold."""

from __future__ import annotations

import hashlib


def delimited(text: str, kind: str = "document") -> str:
    """`text` between `<KIND MARK>` and `</KIND MARK>`, each on a line of its own.

    The mark is a digest of the text, so that nothing in it can close its own delimiter, and the same text always
    reads the same.
    """
    mark = hashlib.sha256(f"{kind}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"<{kind} {mark}>\n{text}\n</{kind} {mark}>"
