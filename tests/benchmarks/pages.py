"""What a later page costs against the first, in every order that a long list offers, and what a search costs
the database: both in the database's own time, over the statements that the server sends.

The rule a newcomer would get wrong: an average hides it. One order without an index sorts 100,000 rows on
every page, so the worst order is the line that is shown.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import psycopg

from sims_server.access.queries import ACCOUNTS
from sims_server.audit.queries import AUDIT
from sims_server.enrollment.queries import ENROLLMENTS
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.paging import Listing, read_page
from sims_server.kernel.work import Work
from sims_server.people.queries import REGISTRATIONS, STUDENTS
from sims_server.results.queries.lists import RESULTS

if TYPE_CHECKING:
    from tests.benchmarks.__main__ import Bench

LISTS: Mapping[str, Listing] = {
    "students": STUDENTS,
    "registrations": REGISTRATIONS,
    "enrollments": ENROLLMENTS,
    "results": RESULTS,
    "audit": AUDIT,
    "accounts": ACCOUNTS,
}
DEEP = 1000  # the page that is compared with the first
TURNS, TURNS_MOST, ENOUGH = 30, 300, 0.5  # seconds
# Names, names in another script, parts of both; numbers that somebody has and that nobody has, whole, their
# ends and middles; five letters or digits and more.
WORDS = (
    *("garcia", "siddiq", "kowals", "zainab", "qureshi", "zainab khan", "hassan ahmed"),
    *("زینب", "فاطمہ", "صدیقہ", "محمد حسن", "nobody-of-this-name", "nobody"),
    *("2018-CS-012345", "2020-CS-012345", "03000054321", "054321", "54321", "CS-01234", "8-CS-0123", "00543"),
)
# Beginnings of a number that hundreds and thousands share: what costs is to have all of them in hand.
SHARED = ("2018-CS-012", "2018-CS-01", "2018-CS-0")


class _Timed:
    """A work whose reads are explained: the time that the database says it took."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.milliseconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    def tuples(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        # TIMING OFF: a clock read around each row of each node would be most of what is measured.
        for line in self._work.rows(f"EXPLAIN (ANALYZE, TIMING OFF) {sql}", **values):
            if "Execution Time" in (text := line["QUERY PLAN"]):
                self.milliseconds += float(text.split()[2])
        return []


_MANY = """
INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id)
SELECT r.student_id, r.id, s.id, s.term_id, s.course_id FROM registration r
  JOIN section s ON s.id IN (SELECT c.id FROM section c ORDER BY c.id LIMIT 2)
 WHERE r.student_id BETWEEN 20001 AND 90000 ON CONFLICT DO NOTHING;
INSERT INTO result (enrollment_id, registration_id, student_id, section_id, term_id, course_id, attempt,
                    total, grade, grade_points, credits, outcome, regulation_id)
SELECT e.id, e.registration_id, e.student_id, e.section_id, e.term_id, e.course_id, e.attempt, 72, 'B', 3, 3,
       'pass', g.regulation_id
  FROM enrollment e JOIN registration g ON g.id = e.registration_id ON CONFLICT DO NOTHING;
INSERT INTO account (username, name, password_hash) SELECT 'many-' || s.id, s.name, 'x' FROM student s;
ANALYZE
"""


def _fill(bench: Bench) -> None:
    """Rows for the lists that the other benchmarks leave short. Past the triggers: nobody measures them."""
    url = bench.made.cluster.superuser_url("sims")
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(_MANY)


def measure_pages(bench: Bench) -> None:
    """Adds a line a list: its worst order."""
    _fill(bench)

    def measure(work: Work, _: None) -> None:
        work.run("SET LOCAL statement_timeout = '120s'")
        for name, listing in LISTS.items():
            worst = (1.0, 0.0)
            for order in listing.every_order:
                for sign in ("", "-"):
                    first, deep = _first_and_deep(work, listing, f"{sign}{order}")
                    bench.say(f"  {name} by {sign}{order}: {first:.3f} ms, page {DEEP:,} {deep:.3f} ms")
                    if deep / first > worst[1] / worst[0]:
                        worst = (first, deep)
            bench.add(
                f"page {DEEP:,}: {name}", worst[1], worst[0], "ms", "page 1", 1.3, faster=False, at_most=True
            )

    _as_system(bench, measure)


def _first_and_deep(work: Work, listing: Listing, order: str) -> tuple[float, float]:
    """The least that page 1 and a page a thousand further took, in milliseconds, measured in turns: of pages
    that take some hundredths of one a few hundred times, for a thousandth too much is a tenth of those."""
    first = {"ordering": [order]}
    deep = {**first, "cursor": [_cursor_at(work, listing, order)]}
    best = [float("inf"), float("inf")]
    turns, until = 0, time.perf_counter() + ENOUGH
    while turns < TURNS or (turns < TURNS_MOST and time.perf_counter() < until):
        turns += 1
        for place, query in enumerate((first, deep)):
            best[place] = min(best[place], _taken(work, listing, query))
    return best[0], best[1]


def _taken(work: Work, listing: Listing, query: dict[str, list[str]]) -> float:
    """Milliseconds that the database says a page took."""
    timed = _Timed(work)
    read_page(timed, listing, query, "/")  # type: ignore[arg-type]
    return timed.milliseconds


def _cursor_at(work: Work, listing: Listing, order: str) -> str:
    """The cursor of the page, as far down as the list goes; reached in steps of 200 rows."""
    query: dict[str, list[str]] = {"ordering": [order], "page_size": ["200"]}
    cursor = ""
    for _ in range(DEEP // 4):
        found = read_page(work, listing, query, "/")["next"]
        if found is None:
            break
        cursor = found.rsplit("cursor=", 1)[1]
        query["cursor"] = [cursor]
    return cursor


def measure_search(bench: Bench) -> None:
    """Adds the slowest of the searches against the 2 ms of database time that one may take, twice: numbers
    by a beginning that many share are slower than all else, and would hide it."""

    def measure(work: Work, _: None) -> None:
        for name, asked in (("search, database time", WORDS), ("search, shared beginning", SHARED)):
            slowest = 0.0
            for words in asked:
                least = min(_taken(work, STUDENTS, {"search": [words]}) for _turn in range(TURNS))
                bench.say(f"  search {words:24} {least:8.2f} ms")
                slowest = max(slowest, least)
            bench.add(name, slowest, 2.0, "ms", "bar", 1, faster=False, at_most=True)

    _as_system(bench, measure)


def _as_system(bench: Bench, measure: Any) -> None:
    execute_as_system(bench.made.database, measure, None, action="bench", data=bench.made.data)
