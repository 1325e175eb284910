"""When this computer cannot keep a mark: the disk is full, read-only or broken.

The rule a newcomer would get wrong: such a mark must not be shown as saved, not even for a moment. Nothing
was written, the transaction is undone, and the person is told in a sentence what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

SENTENCES: tuple[tuple[type[apsw.Error], str], ...] = (
    (apsw.FullError, "The disk of this computer is full: make room, then type it again."),
    (
        apsw.ReadOnlyError,
        "The file of your marks on this computer is read-only: ask the help desk, then type it again.",
    ),
    (
        apsw.CantOpenError,
        "The file of your marks on this computer cannot be opened: ask the help desk, then type it again.",
    ),
    (apsw.BusyError, "Another program holds the file of your marks: close it, then type it again."),
    (
        apsw.IOError,
        "The disk of this computer reports a fault: save your work elsewhere, call the help desk.",
    ),
    (apsw.CorruptError, "The file of your marks on this computer is damaged: call the help desk at once."),
    (apsw.NotADBError, "The file of your marks on this computer is damaged: call the help desk at once."),
)


class NotKept(Exception):
    """What was just done was not kept on this computer. `str()` says so, and what to do."""


@contextmanager
def in_words() -> Iterator[None]:
    """Turns a fault of the disk into `NotKept`; anything else passes through."""
    try:
        yield
    except apsw.Error as fault:
        for kind, sentence in SENTENCES:
            if isinstance(fault, kind):
                raise NotKept(f"Not saved. {sentence}") from fault
        raise
