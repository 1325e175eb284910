"""The OpenAPI document against the server, role by role: generated requests, lawful and not.

No 5xx, no answer that the document does not name, none against its schema. As many requests as
`SIMS_DOCUMENT_EXAMPLES` says per operation and mode (2 in the suite; 20 make 20,000 and more in all).
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig

from tests.server.matrix.scene import build
from tests.server.transcripts.conftest import data  # noqa: F401  a folder of this test's own keys
from tests.support.api import Api, Client
from tests.support.matrix import ROLES
from tests.support.server import Serve
from tests.support.university import University

EXAMPLES = int(os.environ.get("SIMS_DOCUMENT_EXAMPLES", "2"))
REFUSED = ["400", "401", "403", "404", "405", "409", "412", "413", "429", "503"]
# What a schema says of a value is less than what a rule says of it: 400 is an expected answer to both.
CONFIG = {
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["2xx", *REFUSED]},
        "negative_data_rejection": {"expected-statuses": REFUSED},
        # Anonymous doors answer whoever asks; the matrix asks all others without a token.
        "ignored_auth": {"enabled": False},
    }
}
QUIET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# They end the very session, or the account's power, that the next request needs; their own tests ask them.
ENDS_THE_CALLER = {"/api/auth/logout/", "/api/auth/password/", "/api/auth/sessions/{session_id}/"}


class Person:
    """Somebody of a role who goes on, whatever a request did to the account."""

    def __init__(self, api: Api, university: University, role: str) -> None:
        self._api, self._university, self._role = api, university, role
        self._grants = university.rows(
            "SELECT role_id, department_id FROM account_role WHERE account_id = %(a)s", a=university.ids[role]
        )
        self._client = api.as_(role)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.awake().token}"}

    def awake(self) -> Client:
        if self._client.get("/api/auth/me/").status == 200:
            return self._client
        account = self._university.ids[self._role]
        self._university.run("UPDATE account SET disabled = false WHERE id = %(a)s", a=account)
        self._client = self._api.as_(self._role)
        return self._client


def generated(operation: Any, mode: Any) -> list[Any]:
    """A few requests to one operation: all lawful by its schema, or each with one thing wrong."""
    cases: list[Any] = []

    @QUIET
    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    def keep(case: Any) -> None:
        cases.append(case)

    with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # nothing about it can be wrong
        keep()
    return cases


@pytest.fixture
def document(api: Api, university: University, data: Any) -> Any:  # noqa: F811
    build(api, university, data)
    load_all_checks()
    described = api.anonymous.get("/schema/openapi.json").json
    return schemathesis.openapi.from_dict(described, config=SchemathesisConfig.from_dict(CONFIG))


@pytest.mark.parametrize("role", ROLES)
def test_generated_requests_get_the_answers_the_document_names(
    document: Any, api: Api, university: University, serve: Serve, role: str
) -> None:
    person, asked, server = Person(api, university, role), 0, serve()
    session = requests.Session()
    faults: list[str] = []
    for found in document.get_all_operations():
        operation = found.ok()
        if operation.path in ENDS_THE_CALLER:
            continue
        headers = person.headers()
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            for case in generated(operation, mode):
                asked += 1
                try:
                    case.call_and_validate(base_url=server.base_url, session=session, headers=headers)
                except BaseExceptionGroup as failures:
                    faults += [f"{operation.label}: {failure}" for failure in failures.exceptions]
                except AssertionError as failure:
                    faults.append(f"{operation.label}: {failure}")
    session.close()
    assert faults == [], "\n\n".join(faults[:10])
    assert asked >= 500
