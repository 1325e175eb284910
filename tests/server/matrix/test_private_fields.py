"""Private fields (national id, birth date, phone, address, parents) are found by whom they concern alone.

Every person of the scene gets values found nowhere else; then every GET route is asked by every role for
everybody's objects, lists and exports in full, and each answer is searched for them. The rule a newcomer
would get wrong: hiding a column of `/api/students/` is not enough; the same value lies in histories, audit
entries, exports, applicants and records.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from sims_server.access.operations import ship_roles
from sims_server.kernel.http import Door
from sims_server.kernel.openapi import doors_of
from sims_shared.access import Permission
from tests.server.matrix.scene import WHICH, Scene, build
from tests.server.matrix.test_matrix import address, kind_of, plain, scopes_of
from tests.server.transcripts.conftest import data  # noqa: F401  a folder of this test's own keys
from tests.support.api import Api, Client
from tests.support.matrix import ROLES, table
from tests.support.university import University

# Whose private fields a role may find: everybody's, those of the own department, one's own, nobody's.
MAY_SEE = {
    "admin": {"mine", "near", "far"},
    "registrar": {"mine", "near", "far"},
    "examcell": {"mine", "near", "far"},
    "auditor": {"mine", "near", "far"},
    "dean": {"mine", "near"},
    "head": {"mine", "near"},
    "office": {"mine", "near"},
    "student": {"mine"},
    "faculty": set[str](),
    "accounts": set[str](),
    "counter": set[str](),  # masked: the end of a number, never the whole
    "watcher": set[str](),
}
# What prints a document is the document: it says whose child the holder is.
DOCUMENTS = {"application/pdf"}  # test_private_fields_on_paper.py looks at those
_DAY_ZERO = date(1899, 12, 30)


def private_of(number: int) -> dict[str, str]:
    return {
        "father_name": f"Parent Numbered {number}",
        "national_id": f"{number}5202-765432{number}-9",
        "date_of_birth": f"200{number}-0{number}-1{number}",
        "phone": f"03{number}5-55500{number}7",
        "address": f"House {number}, Quince Street",
    }


@pytest.fixture
def scene(api: Api, university: University, data: Path) -> Scene:  # noqa: F811
    """The matrix's scene, its people and applicants with private fields; and a role that reads everything
    but those."""
    scene, registrar = build(api, university, data), api.as_("registrar")
    for number, which in enumerate(WHICH, 1):
        student = f"/api/students/{scene.ids['student'][which]}/"
        before = {**private_of(number + 3), "email": f"old{number}@example.edu"}
        for fields in (before, private_of(number)):
            assert registrar.patch(student, fields).status == 200
    for number, which in ((1, "mine"), (3, "far")):
        applicant = f"/api/applicants/{scene.ids['applicant'][which]}/"
        assert registrar.patch(applicant, private_of(number + 6)).status == 200
    reads = [
        str(permission) for permission in Permission if ".read" in str(permission) or "export" in permission
    ]
    watching = sorted(set(reads) - {str(Permission.READ_PRIVATE_FIELDS)})
    api.run(ship_roles, None)
    university.insert("role", name="watcher", permissions=watching, scope="all")
    university.account("watcher", "watcher")
    return scene


@pytest.fixture
def doors(api: Api) -> dict[tuple[str, str], Door]:
    return {(door.method, plain(door.path)): door for door in doors_of(api.client.app)}


def secrets_of() -> dict[str, str]:
    """Value → whose it is. The values before the last change are private too."""
    found = {}
    for number, which in enumerate(WHICH, 1):
        for value in (*private_of(number).values(), *private_of(number + 3).values()):
            found[value] = which
    for number, which in ((7, "mine"), (9, "far")):
        for value in private_of(number).values():
            found[value] = which
    return found


def words_of(content: bytes, media_type: str) -> str:
    """The answer as text; a workbook is unpacked."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            content = b"\n".join(packed.read(name) for name in packed.namelist())
        # A workbook keeps a date as the number of its day.
        days = [_DAY_ZERO + timedelta(days=int(day)) for day in re.findall(rb"<v>(\d{4,5})</v>", content)]
        content += " ".join(str(day) for day in days).encode()
    return content.decode("utf-8", "replace").replace("\\/", "/")


def every_answer(client: Client, scene: Scene, role: str, doors: dict[tuple[str, str], Door]) -> Any:
    """(path, text) of every GET that is answered."""
    for (method, path), door in doors.items():
        if method != "GET" or (method, path) not in table() or door.media_type in DOCUMENTS:
            continue
        if "{" in path and kind_of(path) in ("job", "session"):
            continue
        for which in scopes_of(path):
            filled = address(scene, path, which or "mine", role if role in ROLES else "admin")
            if door.listing is not None and door.paged:
                filled += "?page_size=200"
            while filled:
                answer = client.get(filled)
                if answer.status != 200:
                    break
                yield filled, words_of(answer.content, answer.headers.get("content-type", ""))
                paged = door.listing is not None and door.paged
                filled = answer.json["next"] if paged else ""


@pytest.mark.parametrize("roles", [ROLES[:4], ROLES[4:8], (*ROLES[8:], "watcher")], ids="-".join)
def test_private_fields_are_found_by_whom_they_concern_and_nobody_else(
    api: Api, scene: Scene, doors: dict[tuple[str, str], Door], roles: tuple[str, ...]
) -> None:
    leaks, asked, secrets = [], 0, secrets_of()
    for role in roles:
        seen = defaultdict(set)
        for path, words in every_answer(api.as_(role), scene, role, doors):
            asked += 1
            for value, whose in secrets.items():
                if value in words:
                    seen[whose].add(value)
                    if whose not in MAY_SEE[role]:
                        leaks.append(f"{role} finds {value!r} of {whose} in {path}")
        for number, which in enumerate(WHICH, 1):
            if which in MAY_SEE[role]:  # or the test would prove nothing
                assert set(private_of(number).values()) <= seen[which], f"{role} does not see {which}"
    assert leaks == [], f"{len(leaks)} in {asked} answers:\n" + "\n".join(leaks[:40])


def test_the_counter_sees_the_end_of_a_number(api: Api, scene: Scene) -> None:
    shown = api.as_("counter").get(f"/api/students/{scene.ids['student']['mine']}/").json
    own = private_of(1)
    for name in ("national_id", "phone"):
        assert shown[name] != own[name]
        assert shown[name][-2:] == own[name][-2:]


def test_nobody_learns_a_private_field_by_searching_for_it(api: Api, scene: Scene) -> None:
    """A phone number is a way to find somebody at the counter; the other fields are not searched at all."""
    for role in ("faculty", "accounts", "counter", "watcher"):
        for name in ("national_id", "address", "father_name", "date_of_birth"):
            found = api.as_(role).get("/api/students/", params={"search": private_of(1)[name]})
            assert found.json["results"] == [], (role, name)
            found = api.as_(role).get("/api/applicants/", params={"search": private_of(7)[name]})
            assert found.status == 403 or found.json["results"] == [], (role, name)


def test_a_birth_date_in_a_workbook_is_a_date_to_this_search(api: Api, scene: Scene) -> None:
    """It lies there as a number; a search for its digits alone would find nobody's."""
    taken = api.as_("registrar").get("/api/exports/students.xlsx")
    words = words_of(taken.content, taken.headers["content-type"])
    assert all(private_of(number)["date_of_birth"] in words for number in (1, 2, 3))
