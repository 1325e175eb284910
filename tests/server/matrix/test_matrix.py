"""Every route × every role × whose object it is, against the contract's table; nothing is named one by one.

Every request of the matrix is harmless: what would change something carries a field that no command knows,
so that whoever may do it is told 400, and whoever may not never gets that far. That is the order of
judgment: 401 before 403 before 404 before 400.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sims_server.kernel.http import Door
from sims_server.kernel.openapi import doors_of
from tests.server.matrix.scene import MISSING, WHICH, Scene, build
from tests.server.transcripts.conftest import data  # noqa: F401  a folder of this test's own keys
from tests.support.api import Api, Client
from tests.support.matrix import ROLES, Entry, open_routes, table
from tests.support.university import University

SCOPES = (*WHICH, "missing")
NOT_A_COMMAND = {"no_such_field": 1}
# What a parameter of the path names, by the path it stands in; the longest beginning decides.
KINDS = {
    "/api/accounts/": "account",
    "/api/delegations/": "delegation",
    "/api/roles/": "role",
    "/api/settings/": "setting",
    "/api/backups/": "backup",
    "/api/jobs/": "job",
    "/api/departments/": "department",
    "/api/programs/": "program",
    "/api/courses/": "course",
    "/api/terms/": "term",
    "/api/days-off/": "day_off",
    "/api/sections/": "section",
    "/api/regulations/": "regulation",
    "/api/students/": "student",
    "/api/registrations/": "registration",
    "/api/holds/": "hold",
    "/api/enrollments/": "enrollment",
    "/api/assessments/": "assessment",
    "/api/assessment-scores/": "score",
    "/api/sheets/": "section",
    "/api/results/": "result",
    "/api/term-results/": "term_result",
    "/api/notifications-of-result/": "notification",
    "/api/pending-changes/": "change",
    "/api/transcripts/issued/": "serial",
    "/api/transcripts/": "student",
    "/api/stationery/": "stock_count",
    "/api/requests/": "request",
    "/api/audit/": "audit",
    "/api/imports/": "import",
    "/api/auth/sessions/": "session",
    "/api/applicants/": "applicant",
    "/api/curricula/": "curriculum",
    "/api/hold-kinds/": "hold_kind",
    "/api/request-types/": "request_type",
    "/api/class-sessions/": "class_session",
    "/api/eligibility-lists/": "eligibility_list",
    "/api/attendance/": "attendance",
    "/api/exam-rooms/": "exam_room",
    "/api/exam-papers/": "exam_paper",
    "/api/exam-slips/": "exam_slips",
    "/api/condonations/": "condonation",
    "/api/enrollments/batches/": "batch",
    "/api/cases/": "case",
    "/api/transfers/": "transfer",
    "/api/disclosures/": "disclosure",
    "/api/student-merges/": "merge",
    "/api/name-corrections/": "name_correction",
    "/api/incompletes/": "incomplete",
}
# Of these nothing is near or far: whoever may read one may read all.
SHARED = {
    "account",
    "role",
    "setting",
    "backup",
    "department",
    "program",
    "course",
    "term",
    "regulation",
    "notification",
    "audit",
    "import",
    "exam_room",
}
# Of these there is one of the own and one of another department: a classmate's is the own.
OF_SECTIONS = {
    "section", "assessment", "class_session", "eligibility_list", "applicant", "batch", "exam_paper",
}  # fmt: skip
# Made by a case of its own each; here they are asked for as missing ones.
UNMADE = {
    "session", "condonation", "disclosure", "merge", "incomplete", "stock_count", "exam_slips",
    "name_correction",
}  # fmt: skip


# What a question cannot do without.
QUESTIONS = {
    "/api/students/{id}/history/": "?at=2099-01-01T00:00:00Z",
    "/api/sheets/{section_id}/changes/": "?since=0",
    "/api/sheets/{section_id}/compared/": "?since=0",
    "/api/results/overview/": "?term_id=1",
    "/api/merit/": "?program_id=1&intake=2024F",
    "/api/reports/broadsheet/": "?term_id=1&program_id=1",
    "/api/attendance/percentage/": "?student_id=1&section_id=1",
    "/api/attendance/eligibility/": "?student_id=1&section_id=1",
    "/api/attendance/section-summary/": "?section_id=1",
    "/api/exam-papers/conflicts/": "?term_id=1",
    "/api/attendance/roster/": "?section_id=1&date=2026-11-02",
    "/api/imports/mappings/": "?kind=departments",
}


def plain(path: str) -> str:
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def kind_of(path: str) -> str:
    return KINDS[max((start for start in KINDS if path.startswith(start)), key=len)]


def sees(reach: str, which: str) -> bool:
    """Whether somebody of this reach may know that the object exists."""
    if which == "missing":
        return False
    return {
        "*": True,
        "d": which != "far",
        "s": which != "far",
        "i": which == "mine",
        "o": which == "mine",
        "-": False,
    }[reach]


def address(scene: Scene, path: str, which: str, role: str) -> str:
    """The path with its parameters filled: the first by what the path names, a second by its own name."""
    if "{" not in path:
        return path + QUESTIONS.get(path, "")
    kind, question = kind_of(path), QUESTIONS.get(path, "")
    value = "no-such-thing" if kind == "session" else scene.find(kind, which, role)
    path = re.sub(r"\{\w+\}", str(value), path, count=1)
    for second in ("result", "section"):
        path = path.replace(f"{{{second}_id}}", str(scene.find(second, which, role)))
    return re.sub(r"\{\w+\}", str(MISSING), path) + question


def ask(client: Client, method: str, path: str, door: Door) -> Any:
    if method == "GET":
        return client.get(path)
    if door.multipart:
        return client.request(method, path, content=b"", headers={"Content-Type": "text/plain"})
    return client.request(method, path, json=NOT_A_COMMAND)


def scopes_of(path: str) -> tuple[str | None, ...]:
    """Whose object a route is asked for; `None` where its path names none."""
    if "{" not in path:
        return (None,)
    if kind_of(path) in UNMADE:
        return ("missing",)
    return ("mine", "far", "missing") if kind_of(path) in OF_SECTIONS else SCOPES


def expected(entry: Entry, reach: str, which: str | None) -> set[int]:
    if reach == ".":
        return {403}
    if which is not None and not sees(reach, which):
        return {404}
    return {200} if entry.method == "GET" else {400}


@pytest.fixture
def scene(api: Api, university: University, data: Path) -> Scene:  # noqa: F811
    return build(api, university, data)


@pytest.fixture
def doors(api: Api) -> dict[tuple[str, str], Door]:
    return {(door.method, plain(door.path)): door for door in doors_of(api.client.app)}


def test_the_table_names_every_route_and_no_other(doors: dict[tuple[str, str], Door]) -> None:
    """A new route is given a line in tests/support/matrix.py: who may, and how far."""
    said = set(table()) | open_routes()
    assert set(doors) - said == set(), "routes that the table does not name"
    assert said - set(doors) == set(), "lines of the table without a route"
    assert {route for route, door in doors.items() if door.anonymous} == open_routes()


@pytest.mark.parametrize("roles", [ROLES[:3], ROLES[3:6], ROLES[6:9], ROLES[9:]], ids="-".join)
def test_each_role_reaches_what_the_contract_gives_it_and_nothing_else(
    api: Api, scene: Scene, doors: dict[tuple[str, str], Door], roles: tuple[str, ...]
) -> None:
    wrong, cases = [], 0
    for role in roles:
        client = api.as_(role)
        for (method, path), entry in table().items():
            if path == "/api/auth/logout/":
                continue  # the one command without a body to be wrong: its session is needed further on
            for which in scopes_of(path):
                filled = address(scene, path, which or "mine", role)
                shared = which in WHICH and kind_of(path) in SHARED
                wanted = expected(entry, entry.reach[role], "mine" if shared else which)
                answer = ask(client, method, filled, doors[method, path])
                if which == "missing" and "?" in filled and entry.reach[role] != ".":
                    blind = client.get(filled.partition("?")[0])  # its fault is not told before its absence
                    assert blind.status == 404, f"{role}: {path} without its question {blind.status}"
                cases += 1
                if answer.status not in wanted:
                    told = f"{answer.status} {answer.code}, wanted {wanted}"
                    wrong.append(f"{role}: {method} {path} {which or ''} {told}")
    assert wrong == [], f"{len(wrong)} of {cases}:\n" + "\n".join(wrong)
    assert cases >= 3000 / 4


def test_a_list_shows_what_a_single_look_would_show(
    api: Api, scene: Scene, doors: dict[tuple[str, str], Door]
) -> None:
    wrong = []
    for role in ROLES:
        client = api.as_(role)
        for (method, path), entry in table().items():
            if (
                doors[method, path].listing is None
                or entry.reach[role] == "."
                or path not in KINDS
                or path == "/api/auth/sessions/"
            ):
                continue
            if kind_of(path) in UNMADE:
                continue
            kind, seen, page = kind_of(path), set(), f"{path}?page_size=200"
            key = {
                "serial": "serial",
                "setting": "key",
                "hold_kind": "kind",
                "request_type": "type",
            }.get(kind, "id")
            while page:
                answer = client.get(page)
                assert answer.status == 200, f"{role}: {page} {answer.content[:200]!r}"
                seen |= {row[key] for row in answer.json["results"]}
                page = answer.json["next"]
            for which in ("mine", "far") if kind in OF_SECTIONS else WHICH:
                reach = entry.reach[role]
                wanted = sees(reach, "mine" if kind in SHARED else which)
                if (scene.find(kind, which, role) in seen) != wanted:
                    wrong.append(f"{role}: {path} {'hides' if wanted else 'shows'} {which}")
    assert wrong == []


def test_nobody_signed_in_a_disabled_account_and_an_ended_session_learn_nothing(
    api: Api, scene: Scene, doors: dict[tuple[str, str], Door], university: University
) -> None:
    disabled, ended = api.as_("registrar"), api.as_("admin")
    assert (
        api.as_("admin").patch(f"/api/accounts/{university.ids['registrar']}/", {"disabled": True}).status
        == 200
    )
    assert ended.post("/api/auth/logout/", None).status == 204
    wrong = []
    for (method, path), _entry in table().items():
        for which in scopes_of(path):
            filled = address(scene, path, which or "mine", "registrar")
            for who, client in (("nobody", api.anonymous), ("disabled", disabled), ("ended", ended)):
                answer = ask(client, method, filled, doors[method, path])
                if answer.status != 401 or "www-authenticate" not in answer.headers:
                    wrong.append(f"{who}: {method} {path} {which} {answer.status}")
    assert wrong == []


def test_a_removed_role_is_refused_on_the_very_next_request(
    api: Api, scene: Scene, doors: dict[tuple[str, str], Door], university: University
) -> None:
    wrong, admin = [], api.as_("admin")
    for role in (*(name for name in ROLES if name != "admin"), "admin"):
        client = api.as_(role)
        removed = admin.patch(f"/api/accounts/{university.ids[role]}/", {"roles": []})
        assert removed.status == 200, removed.content
        for (method, path), _entry in table().items():
            door = doors[method, path]
            if door.permission is None:
                continue
            for which in scopes_of(path)[:1]:
                answer = ask(client, method, address(scene, path, which or "mine", role), door)
                if answer.status != 403:
                    wrong.append(f"{role}: {method} {path} {which} {answer.status}")
    assert wrong == []
