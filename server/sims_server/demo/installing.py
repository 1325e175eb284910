"""The whole demo, in its order: settings, catalog, people, the earlier term to its publication, the open
term with sheets in every state, what lies on the desks of counter and registrar, and what is under way.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

from psycopg.types.json import Jsonb

from sims_server.demo import admissions, classes, desks, examinations, people, teaching, underway
from sims_server.kernel.database import Database
from sims_server.kernel.execute import execute_as_system
from sims_server.kernel.work import Work
from sims_server.regulations.operations import install_default_regulation
from sims_shared.problems import Kind, Refusal

SEED = 2026
SETTINGS = {
    "institution": "University of Exampleabad",
    "institution_native": "جامعہ مثال آباد",
    "office": "Office of the Controller of Examinations",
    "address": "University Road, Exampleabad",
    "security.require_otp": False,
}


class DemoRefused(Refusal):
    """The demo is never mixed with a real record."""

    code = "demo.not_empty"
    title = "This installation holds a record; the demo goes into an empty one"
    kind = Kind.CONFLICT


def install_demo(database: Database, data: Path) -> None:
    """Make the demo university. Does nothing where it is installed already. Raises DemoRefused where
    the database holds students or sections that are not the demo's."""
    execute_as_system(database, _install, None, action="demo.install", data=data)
    database.forget_settings()


def _install(work: Work, _: None) -> None:
    if work.value("SELECT demo FROM system FOR UPDATE"):
        return
    if work.value(
        "SELECT EXISTS (SELECT FROM student) OR EXISTS (SELECT FROM section) OR EXISTS (SELECT FROM account)"
    ):
        raise DemoRefused("Give the demo a data folder of its own.")
    work.run("SET LOCAL statement_timeout = 0")
    work.run("SET LOCAL idle_in_transaction_session_timeout = 0")
    random = Random(SEED)
    work.run("UPDATE system SET demo = true")
    _put_settings(work)
    install_default_regulation(work)
    calendar = teaching.make_terms(work)
    people.make_catalog(work)
    staff = people.make_staff(work, random)
    people.make_students(work, random, calendar)
    teaching.teach_earlier_term(work, random, calendar, staff)
    teaching.teach_open_term(work, random, calendar, staff)
    classes.take_attendance(work, calendar)
    desks.place_holds(work, random, staff)
    examinations.make_date_sheet(work, calendar, staff)
    desks.receive_requests(work, staff)
    desks.ask_for_a_name(work, staff)
    underway.leave_under_way(work, calendar, staff)
    admissions.make_curricula(work, calendar, staff)
    admissions.receive_applicants(work, random, calendar, staff)


def _put_settings(work: Work) -> None:
    work.run(
        "INSERT INTO setting (key, value) SELECT k, v FROM unnest(%(keys)s::text[], "
        "%(values)s::jsonb[]) s (k, v) "
        "ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
        keys=list(SETTINGS),
        values=[Jsonb(value) for value in SETTINGS.values()],
    )
    work.database.forget_settings()
