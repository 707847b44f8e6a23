from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.dialogue.passages import by_topic, passages_of

SENTENCE = "The ferry leaves the old harbour at nine and crosses the sound in a quarter of an hour. "


def document(text: str, title: str = "Harbours > Ferries (part 2 of 3)", family: str = "literature") -> Document:
    return Document("d", title, family, "h.md", text)


def test_passages_are_whole_sentences_of_the_text():
    text = "# Ferries\n\n" + SENTENCE * 9 + "\n\n- Note: " + SENTENCE * 2 + "\n\nToo short a line.\n"
    found = passages_of(document(text))
    assert found is not None and found.headings == ("Harbours", "Ferries")
    assert found.texts == ((SENTENCE * 3).strip(), (SENTENCE * 5).strip(), (SENTENCE * 2).strip())
    assert all(each in text for each in found.texts)


def test_wrapped_lines_are_joined():
    found = passages_of(document((SENTENCE * 2).replace(" the ", "\nthe ")))
    assert found is not None and found.texts == ((SENTENCE * 2).strip(),)


def test_what_an_assistant_would_not_say_is_left_out():
    for text in (
        "| a | b |\n" * 40,
        (SENTENCE * 2).replace("ferry", "User: ferry"),
        (SENTENCE * 2).replace("ferry", "fer\u202ery"),
        (SENTENCE * 2).lower(),
        "1 2 3 4 5 6 7 8. " * 20,
        "<script>\n" + SENTENCE * 3,
        SENTENCE * 2 + "and so on without an end",
    ):
        assert passages_of(document(text)) is None, text
    assert passages_of(document(SENTENCE * 2, family="code")) is None


def test_a_long_source_has_its_chapters_for_topics_and_a_short_one_its_name():
    def sources(count: int) -> list[Source]:
        pages = [
            document(
                "\n\n".join(f"{SENTENCE * 2}Page {page} number {number} ends here." for number in range(12)), title
            )
            for page, title in enumerate(["Harbours, 1653, by A. Clerk > CHAPTER IV: THE OLD FERRY"] * count)
        ]
        return [Source(f"d{n}", "harbours", "", 1, passages_of(each)) for n, each in enumerate(pages)]

    assert list(by_topic(sources(1))) == ["Harbours"]
    assert list(by_topic(sources(4))) == ["The Old Ferry"]
    assert {each.parent_id for each in by_topic(sources(1))["Harbours"]} == {"harbours"}
