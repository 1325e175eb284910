"""The palette's search."""

from sims_desktop.kit.search import Entry, best


def entries(*titles: str) -> list[Entry]:
    return [Entry(title, lambda: None) for title in titles]


def test_words_come_in_any_order_and_may_be_begun() -> None:
    found = best("han ay", entries("Ayesha Khan", "Ayesha Malik", "Hanif Ayub"))
    assert [entry.title for entry in found] == ["Hanif Ayub", "Ayesha Khan"]


def test_without_a_query_everything_stands_in_its_order() -> None:
    assert [entry.title for entry in best(" ", entries("Undo", "Redo"))] == ["Undo", "Redo"]


def test_words_that_are_not_shown_find_an_entry_too() -> None:
    entry = Entry("Publish results", lambda: None, also="notify notification")
    assert best("notif", [entry]) == [entry]
    assert best("x", [entry]) == []


def test_a_word_said_in_full_comes_before_one_begun() -> None:
    sheets = entries("CS-101 Programming Fundamentals · A", "CS-101 Programming Fundamentals · P")
    assert [entry.title[-1] for entry in best("cs-101 p", sheets)] == ["P", "A"]
