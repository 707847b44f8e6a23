"""The formats that the corpus reads, and the endings that name them."""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = {
    ".py": "python",
    ".pyi": "python",
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".ts": "typescript",
    ".tsx": "typescript",
    ".java": "java",
    ".kt": "kotlin",
    ".scala": "scala",
    ".go": "go",
    ".rs": "rust",
    ".c": "c",
    ".h": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".cxx": "cpp",
    ".hpp": "cpp",
    ".cs": "csharp",
    ".swift": "swift",
    ".php": "php",
    ".rb": "ruby",
    ".jl": "julia",
    ".lua": "lua",
    ".r": "r",
    ".sh": "shell",
    ".sql": "sql",
    ".hs": "haskell",
    ".ex": "elixir",
    ".exs": "elixir",
    ".erl": "erlang",
    ".clj": "clojure",
    ".pl": "perl",
    ".zig": "zig",
}


@dataclass(frozen=True)
class Format:
    endings: tuple[str, ...]
    sandboxed: bool = False  # parsed by a C library, so in a process of its own with limits
    in_parts: bool = False  # read part by part, however large the file


FORMATS = {
    "text": Format((".txt", ".text", ".rst", ".tex", ".org")),
    "markdown": Format((".md", ".markdown", ".mdown", ".mkd")),
    "html": Format((".html", ".htm", ".xhtml"), sandboxed=True),
    "pdf": Format((".pdf",), sandboxed=True),
    "json": Format((".json",)),
    "json_lines": Format((".jsonl", ".ndjson"), in_parts=True),
    "csv": Format((".csv", ".tsv", ".tab")),
    "code": Format(tuple(LANGUAGES)),
}
BY_ENDING = {ending: name for name, kind in FORMATS.items() for ending in kind.endings}


def ending(path: str) -> str:
    """`.md` of `a/b.MD`; empty where there is none."""
    stem, dot, last = path.rpartition("/")[2].rpartition(".")
    return f".{last.lower()}" if dot and stem else ""


def format_of(path: str) -> str | None:
    """The format that the path's ending names, or None."""
    return BY_ENDING.get(ending(path))
