"""Documents that speak of the same things come together."""

from collections.abc import Callable, Sequence
from itertools import islice

from longstride.records import Document
from longstride.synthesis.mase.clusters import Cluster, clusters_of
from longstride.synthesis.with_models import ReadDocument

Read = Callable[[Sequence[Document]], list[ReadDocument]]


def about(*subjects: str) -> list[Document]:
    """A document for each, which repeats its subject among words that all share."""
    return [
        Document(f"{subject}-{n}", f"Note {n}", "literature", "x.md", f"This note tells of {subject} as it was.")
        for n, subject in enumerate(subjects)
    ]


def ids(clusters: Sequence[Cluster]) -> list[list[str]]:
    return [[document.id for document in each.documents] for each in clusters]


def test_documents_with_rare_words_in_common_are_neighbours(as_read: Read):
    documents = as_read(about("whales", "glass", "whales", "rope", "glass", "whales"))
    found = {frozenset(each) for each in ids(list(clusters_of(documents, 1000, 6, 0)))}
    assert found == {
        frozenset({"whales-0", "whales-2", "whales-5"}), frozenset({"glass-1", "glass-4"}), frozenset({"rope-3"})
    }  # fmt: skip


def test_a_document_is_in_one_cluster_and_clusters_keep_both_limits(
    as_read: Read, make_documents: Callable[..., list[Document]]
):
    documents = as_read(make_documents(41))
    for most, room in ((2, 1000), (6, 250), (3, 10_000)):
        clusters = list(clusters_of(documents, room, most, 3))
        named = [name for each in ids(clusters) for name in each]
        assert sorted(named) == sorted(each.document.id for each in documents)
        assert all(len(each.documents) <= min(most, room // 100) for each in clusters)
        assert [each.number for each in clusters] == list(range(len(clusters)))


def test_a_document_that_does_not_fit_is_left_out(as_read: Read):
    long = ReadDocument(about("whales")[0], 5000, {})
    clusters = list(clusters_of([long, *as_read(about("rope", "whales"))], 1000, 6, 0))
    assert "whales-0" not in [name for each in ids(clusters) for name in each]
    assert list(clusters_of([], 1000, 6, 0)) == []


def test_the_seed_sets_the_order_and_nothing_else_does(as_read: Read, make_documents: Callable[..., list[Document]]):
    documents = as_read(make_documents(30))
    first = ids(list(clusters_of(documents, 1000, 2, 1)))
    assert first == ids(list(clusters_of(documents, 1000, 2, 1)))
    assert first != ids(list(clusters_of(documents, 1000, 2, 2)))
    assert ids(list(islice(clusters_of(documents, 1000, 2, 1), 3))) == first[:3]


def test_texts_without_a_word_are_clusters_of_their_own(as_read: Read):
    documents = [Document(f"d{n}", "", "code", "x", "... --- ...") for n in range(3)]
    assert sorted(ids(list(clusters_of(as_read(documents), 1000, 6, 0)))) == [["d0"], ["d1"], ["d2"]]
