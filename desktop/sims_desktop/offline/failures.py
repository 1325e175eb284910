"""When this computer cannot keep a mark: the disk is full, read-only or broken.

The rule a newcomer would get wrong: such a mark must not be shown as saved, not even for a moment. Nothing
was written, the transaction is undone, and the person is told in a sentence what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from sims_desktop.kit.language import later, phrase

SENTENCES: tuple[tuple[type[apsw.Error], str], ...] = (
    (apsw.FullError, later("The disk of this computer is full: make room, then type it again.")),
    (
        apsw.ReadOnlyError,
        later("The file of your marks on this computer is read-only: ask the help desk, then type it again."),
    ),
    (
        apsw.CantOpenError,
        later(
            "The file of your marks on this computer cannot be opened: ask the help desk, then type it again."
        ),
    ),
    (apsw.BusyError, later("Another program holds the file of your marks: close it, then type it again.")),
    (
        apsw.IOError,
        later("The disk of this computer reports a fault: save your work elsewhere, call the help desk."),
    ),
    (
        apsw.CorruptError,
        later("The file of your marks on this computer is damaged: call the help desk at once."),
    ),
    (
        apsw.NotADBError,
        later("The file of your marks on this computer is damaged: call the help desk at once."),
    ),
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
                raise NotKept(phrase("Not saved. {sentence}", sentence=phrase(sentence))) from fault
        raise
