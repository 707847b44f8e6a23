from __future__ import annotations

from longstride.corpus.readers.prose import read_code, read_markdown, read_text, without_gutenberg

BOOK = """The Project Gutenberg eBook, News

Title: News from
       Nowhere

Author: William Morris

*** START OF THIS PROJECT GUTENBERG EBOOK NEWS ***



CHAPTER I

It was late.

*** END OF THIS PROJECT GUTENBERG EBOOK NEWS ***

LICENSE
"""


def test_the_pages_that_gutenberg_puts_round_a_book_are_dropped():
    assert without_gutenberg(BOOK) == ("CHAPTER I\n\nIt was late.\n", "News from, by William Morris")
    source, mended = read_text(BOOK, "books/news.txt")
    assert (source.title, mended) == ("News from, by William Morris", {"gutenberg_pages_dropped": 1})


def test_another_text_stays_as_it_is():
    text = "A book about Project Gutenberg.\n\nIt has no header.\n"
    assert without_gutenberg(text) == (text, "")


def test_a_title_is_taken_from_where_a_text_says_it():
    assert read_text("THE COMPLETE ANGLER\n\nText of it.\n", "books/angler.txt")[0].title == "THE COMPLETE ANGLER"
    assert read_text("It was late and\nhe came home.\n", "books/a_late_hour.txt")[0].title == "a late hour"
    assert read_markdown("# Algeria\n\nText.\n\n## Geography\n", "x/algeria.md")[0].title == "Algeria"
    assert read_markdown("---\ntitle: Ports\n---\n\nText.\n", "x/p.md")[0].title == "Ports"
    assert read_markdown("Text only.\n", "x/west-coast.md")[0].title == "west-coast"
    assert read_code("x = 1\n", "pkg/mod.py")[0].title == "pkg/mod.py"
