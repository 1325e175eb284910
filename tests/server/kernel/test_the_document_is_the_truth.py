"""The OpenAPI document against the server, role by role: generated requests, lawful and not.

No 5xx, no answer that the document does not name, none against its schema. As many requests as
`SIMS_DOCUMENT_EXAMPLES` says per operation and mode (2 in the suite; 6 make 20,000 and more in all). What was
really sent is counted where it is sent, and printed: `pytest -rP` shows it of a test that passed.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData

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


@functools.cache
def requests_of(described: str) -> list[Any]:
    """The requests of every role, made once: making them costs more than asking them."""
    load_all_checks()
    document = schemathesis.openapi.from_dict(
        json.loads(described), config=SchemathesisConfig.from_dict(CONFIG)
    )
    operations: list[Any] = [found.ok() for found in document.get_all_operations()]  # type: ignore[union-attr]
    return [
        case
        for operation in operations
        if operation.path not in ENDS_THE_CALLER
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
        for case in generated(operation, mode)
    ]


@pytest.fixture
def described(api: Api, university: University, data: Any) -> str:  # noqa: F811
    """The document of a server that knows a whole university."""
    build(api, university, data)
    return api.anonymous.get("/schema/openapi.json").content.decode()


# What was wrong with a request of a chain until a link filled its body in, and its sender was named.
MADE_GOOD = {"header: violates `required` (was Authorization)", "body: Invalid syntax: random bytes"}


def was_made_good(failure: BaseException, response: Any) -> bool:
    """The tool's fault: it still calls wrong what it has itself replaced before sending. Only where nothing
    else was wrong and what went out is a JSON object after all."""
    if not isinstance(failure, AcceptedNegativeData):
        return False
    _, _, told = failure.message.partition("Invalid component:")
    wrong = {line.strip().removeprefix("- ") for line in told.strip().splitlines()}
    try:
        sent = json.loads(response.request.body or b"")
    except ValueError:
        return False
    return bool(wrong) and wrong <= MADE_GOOD and isinstance(sent, dict)


class Sender(requests.Session):
    """Counts what really goes out, the checks' own requests included."""

    sent = 0

    def send(self, *arguments: Any, **named: Any) -> requests.Response:
        self.sent += 1
        return super().send(*arguments, **named)


def ask(case: Any, **how: Any) -> list[str]:
    """What is wrong with the answer."""
    try:
        case.call_and_validate(**how)
    except BaseExceptionGroup as failures:
        return [f"{case.operation.label}: {failure}" for failure in failures.exceptions]
    except (AssertionError, requests.RequestException) as failure:
        return [f"{case.operation.label}: {failure}"]
    return []


@pytest.mark.parametrize("role", ROLES)
def test_generated_requests_get_the_answers_the_document_names(
    described: str, api: Api, university: University, serve: Serve, role: str
) -> None:
    person, server, faults = Person(api, university, role), serve(), []
    cases = requests_of(described)
    with Sender() as session:
        for number, case in enumerate(cases):
            if number % 20 == 0:
                headers = person.headers()
            faults += ask(case, base_url=server.base_url, session=session, headers=headers)
    print(f"{session.sent} requests sent as {role}")
    assert session.sent >= len(cases)
    assert faults == [], f"{len(faults)} in {len(cases)}:\n" + "\n\n".join(faults[:10])
    assert len(cases) >= 500


def test_what_one_answer_names_the_next_request_finds(
    described: str, api: Api, university: University, serve: Serve
) -> None:
    """The stateful phase: ids travel from answers into the requests that follow."""
    load_all_checks()
    document = schemathesis.openapi.from_dict(
        json.loads(described), config=SchemathesisConfig.from_dict(CONFIG)
    )
    person, server = Person(api, university, "registrar"), serve()
    document.config.update(base_url=server.base_url)
    asked: list[Any] = []
    failures: list[BaseException] = []
    session = Sender()

    class Registrar(document.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.headers = person.headers()

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            asked.append(case)
            return {"headers": self.headers, "session": session}

        def validate_response(self, response: Any, case: Any, **named: Any) -> None:
            try:
                super().validate_response(response, case, **named)
            except BaseExceptionGroup as group:
                if not all(was_made_good(one, response) for one in group.exceptions):
                    failures.append(group)
                    raise
            except BaseException as failure:
                failures.append(failure)
                raise

    # A server remembers what an earlier example did, so the same words may be answered otherwise the second
    # time. Hypothesis calls that inconsistent and ends its run; the next one goes on with longer chains.
    for steps in range(6, 20):
        with contextlib.suppress(FlakyStrategyDefinition):
            Registrar.run(settings=settings(QUIET, max_examples=EXAMPLES * 10, stateful_step_count=steps))
        assert failures == []
        if len(asked) >= EXAMPLES * 20:
            break
    session.close()
    print(f"{session.sent} requests sent in chains")
    assert len(asked) >= EXAMPLES * 20
