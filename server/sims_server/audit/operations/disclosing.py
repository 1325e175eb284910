"""Who opened, exported or printed a person's record, and the alarm when one account opens very many.

Remembering is one insert, also where a request only reads. Counting is not done there: whoever seals the
audit looks at the last hour every few seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import structlog

from sims_server.audit import queries
from sims_server.audit.model import disclosure_alarm
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.work import Work

log = structlog.get_logger("sims.audit")
WINDOW = timedelta(hours=1)
ALLOWED = "disclosures.students_an_hour"

_INSERT = """
INSERT INTO disclosure (actor_id, student_id, what, request_id, kind)
SELECT %(actor)s, s, %(what)s, %(request)s, %(kind)s FROM unnest(%(students)s::bigint[]) s
"""


def disclose(work: Work, student_id: int, what: str, kind: str = "opened") -> None:
    """Record that the caller saw somebody else's record. A student's own view is no disclosure."""
    disclose_many(work, [student_id], what, kind)


def disclose_many(work: Work, student_ids: Sequence[int], what: str, kind: str = "exported") -> None:
    """The same for many students at once, as an export shows them. `kind`: opened, exported, printed."""
    others = [id for id in student_ids if id != work.caller.student_id]
    if others and not work.caller.is_system:
        work.run(
            _INSERT,
            actor=work.caller.id,
            what=what,
            request=work.request_id,
            kind=kind,
            students=others,
        )


def raise_alarms(database: Database, data: Path) -> int:
    """One alarm an hour for each account that opened more students within an hour than the setting
    allows; how many were raised."""

    def look(work: Work, _: None) -> int:
        allowed, since = int(work.setting(ALLOWED)), work.now - WINDOW
        found = queries.bulk_readers(work, since, allowed)
        for account_id, students in found:
            alarm = {"account_id": account_id, "students": students, "since": since, "allowed": allowed}
            work.insert(disclosure_alarm, alarm)
            log.warning("bulk reading", account_id=account_id, students=students, allowed=allowed)
        return len(found)

    return execute_as_system(database, look, None, action="disclosures.alarm", data=data)
