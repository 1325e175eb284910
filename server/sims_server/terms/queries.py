"""Every SELECT of terms."""

from __future__ import annotations

from sims_server.kernel.paging import Filter, Listing, Order
from sims_server.kernel.work import Work
from sims_shared.problems import NotFound
from sims_shared.terms import TermKind, TermStatus, TermView

_COLUMNS = (
    *("id", "name", "kind", "academic_year", "start_date", "end_date", "status"),
    *("enroll_until", "drop_until", "withdraw_until", "marks_due", "recheck_until"),
)

TERMS = Listing(
    entity="term",
    columns={name: name for name in _COLUMNS},
    source="term",
    filters={
        "status": Filter("status = {}", TermStatus),
        "kind": Filter("kind = {}", TermKind),
        "academic_year": Filter("academic_year = {}", str),
        "name": Filter("name = {}", str),
    },
    orders={"start_date": Order("start_date", "date"), "name": Order("name")},
    search="folded(name || ' ' || academic_year) LIKE {}",
)


def get_term(work: Work, id: int) -> TermView:
    """One term."""
    row = TERMS.one(work, id)
    if row is None:
        raise NotFound
    return TermView(**row)


def access_term(work: Work, id: int) -> None:
    """Lock the term for a change."""
    if work.row("SELECT id FROM term WHERE id = %(id)s FOR NO KEY UPDATE", id=id) is None:
        raise NotFound
