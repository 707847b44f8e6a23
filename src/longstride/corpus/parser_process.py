"""The process that parses HTML and PDF: a request a line on stdin, an answer a line on stdout, both JSON.

Its address space and processor time are limited, and whoever started it ends it when a file takes too long, so a file
that a C library chokes on costs that file and nothing else. It gives nothing back but text and counts. This holds the
use of resources; it is no wall against a file that takes the parser over.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
from typing import Any

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.packages import missing
from longstride.corpus.readers.parsed import Parsed
from longstride.corpus.sources import read_bytes
from longstride.errors import InputError


def main() -> None:
    """Answer requests until stdin ends."""
    warnings.simplefilter("ignore")
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints must not come between the answers
    for line in sys.stdin.buffer:
        answers.write(json.dumps(answer(json.loads(line))).encode() + b"\n")
        answers.flush()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """`{"title", "text", "mended"}` of a file, or the `{"reason"}` that it has none, or what is `{"missing"}`."""
    limits = Limits(**request["limits"])
    _limit_processor_time(limits.parser_seconds)
    try:
        parsed = parse(read_bytes(request["location"], limits.max_file_bytes), request["format"], limits)
    except Unreadable as error:
        return {"reason": error.reason}
    except MemoryError:
        return {"reason": "parser_memory"}
    except RecursionError:
        return {"reason": "too_deep"}
    except ModuleNotFoundError as error:
        return {"missing": str(missing(error.name or "?"))}
    except InputError as error:
        return {"missing": str(error)}
    except Exception:  # a parser's own error over an untrusted file: that file is malformed
        return {"reason": "malformed"}
    return {"title": parsed.title, "text": parsed.text, "mended": dict(parsed.mended)}


def parse(data: bytes, kind: str, limits: Limits) -> Parsed:
    """The text of a file of a sandboxed format. Raises Unreadable."""
    if kind == "html":
        from longstride.corpus.readers.html import parse_html

        return parse_html(data, limits)
    if kind == "docling":
        from longstride.corpus.readers.docling_pdf import parse_pdf_by_docling

        return parse_pdf_by_docling(data, limits)
    from longstride.corpus.readers.pdf import parse_pdf

    return parse_pdf(data, limits)


def _limit_processor_time(seconds: float) -> None:
    """Let this process use `seconds` more than it has used so far; the soft limit moves up with every file."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + 1, hard))


if __name__ == "__main__":
    main()
