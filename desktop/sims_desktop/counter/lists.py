"""The counter's two lists: students that a search found, and documents issued to one of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sims_desktop.counter.presenter.desk import document_words, issue_words
from sims_desktop.kit.tables import Field, RecordModel
from sims_desktop.kit.wording import status_words
from sims_shared.people import StudentView
from sims_shared.transcripts import IssuedDocumentView


def student_model() -> RecordModel[StudentView]:
    return RecordModel(
        [
            Field("Registration", lambda one: one.reg_no, 150),
            Field("Name", lambda one: one.name, 190),
            Field("Father", lambda one: one.father_name or "", 70),
            Field("Phone", lambda one: one.phone or "", 80),
            Field("Status", lambda one: status_words(one.status), 90),
        ]
    )


def document_model(now: Callable[[], datetime]) -> RecordModel[IssuedDocumentView]:
    return RecordModel(
        [
            Field("Serial", lambda one: one.serial, 115),
            Field("Document", document_words, 110),
            Field("State", lambda one: status_words(one.status), 85),
            Field("For", lambda one: one.purpose, 100),
            Field("Issued", lambda one: issue_words(one, now()), 150),
        ]
    )
