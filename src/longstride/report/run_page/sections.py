"""A section of the page: a landmark with its heading."""

from __future__ import annotations

from dataclasses import dataclass

from longstride.report.run_page.markup import Markup, tag


@dataclass(frozen=True)
class Section:
    """What stands under one heading."""

    id: str
    title: str
    content: Markup

    def drawn(self) -> Markup:
        """As HTML."""
        heading = f"{self.id}-title"
        return tag(
            "section",
            tag("h2", self.title, id=heading),
            self.content,
            id=self.id,
            aria_labelledby=heading,
            tabindex="-1",
        )
