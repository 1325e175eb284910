"""Opening a record: read, and remembered that it was."""

from __future__ import annotations

from sims_server.audit.operations import disclose
from sims_server.kernel.work import Work
from sims_server.record import queries
from sims_shared.record import RecordThen, RecordView


def open_record(work: Work, id: int) -> RecordView:
    """A student's whole record; opening it is recorded."""
    record = queries.get_record(work, id)
    disclose(work, id, "record")
    return record


def open_history(work: Work, id: int, query: queries.When) -> RecordThen:
    """What a student's record said at a moment; opening it is recorded."""
    history = queries.get_history(work, id, query.at)
    disclose(work, id, "history")
    return history
