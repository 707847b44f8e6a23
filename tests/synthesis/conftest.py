from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from longstride.records import Document, Evidence
from longstride.synthesis.candidates import Candidate, Source

TOWNS = ("Orvale", "Lindmoor", "Sarnath", "Ebbing", "Tarn", "Greywater", "Aldous", "Pinnace", "Harrow", "Merrow")


class CapitalFamily:
    """`X lies in Y .` gives one fact; the question asks for Y. Two documents may contradict each other."""

    name = "capitals"

    def extract(self, document: Document) -> Any:
        words = document.text.split()
        return (words[0], words[3]) if words[1:3] == ["lies", "in"] else None

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        for source in [each for each in sources if each.facts][:limit]:
            town, land = source.facts
            yield Candidate(
                key=f"capitals-{town}",
                family=self.name,
                task="reading_comprehension",
                question_type="look_up",
                core_question=f"Where does {town} lie?",
                format_instructions="Give the name alone.",
                ground_truth=(land,),
                reward_style="exact",
                document_ids=(source.document_id,),
                evidence=(Evidence(source.document_id, len(town) + 9, len(town) + 9 + len(land), land),),
                derivation={"town": town},
                entities=(town,),
            )

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
        lands = {source.facts[1] for source in sources if source.facts and source.facts[0] == derivation["town"]}
        return tuple(sorted(lands))


@pytest.fixture
def family() -> CapitalFamily:
    return CapitalFamily()


@pytest.fixture
def documents() -> list[Document]:
    """A fact about each town, and fillers of various lengths that mention some of them."""
    facts = [
        Document(f"fact-{town}", town, "literature", "towns.md", f"{town} lies in {town}land . Its mill is old .")
        for town in TOWNS
    ]
    fillers = [
        Document(
            f"filler-{n}", f"Filler {n}", "literature", "f.md", f"The road to {TOWNS[n % 10]} is long . " * (3 + n % 7)
        )
        for n in range(60)
    ]
    return facts + fillers
