"""The floor: the least code that does the same job on the same stack.

The same sign-in (a JWT, the session, account and roles read in the transaction), one transaction, the
page in one statement through psycopg's pool, msgspec once, a bare Litestar handler in a thread. Nothing
more: no scopes, no filters, no cursor. Run: `python -m tests.benchmarks.floor APP_URL SECRET_FILE`.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path
from typing import Any

import jwt
import msgspec
import uvicorn
from anyio import to_thread
from litestar import Litestar, Request, get, post
from litestar.response.base import ASGIResponse
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from sims_server.kernel.proof import prove

WHO = """
SELECT a.id, a.username, a.name, a.disabled, a.student_id, s.ended_at, s.expires_at, r.name AS role, r.scope,
g.department_id,
       array_to_string(r.permissions, ' ') AS permissions
  FROM login_session s JOIN account a ON a.id = s.account_id LEFT JOIN account_role g ON g.account_id = a.id
  LEFT JOIN role r ON r.id = g.role_id
 WHERE s.id = %s"""
PAGE = """
SELECT s.id, s.name, s.name_native, s.father_name, s.national_id, s.date_of_birth, s.email, s.phone,
s.address,
       'whole' AS private, r.id AS registration_id, r.reg_no, r.roll_no, r.program_id, r.intake, r.batch,
       r.regulation_id, r.status, r.admitted_on, r.cgpa, r.credits_earned
  FROM student s JOIN registration r ON r.student_id = s.id AND r.is_current ORDER BY s.id LIMIT 51"""
ENROLL = """
INSERT INTO enrollment (student_id, registration_id, section_id, term_id, course_id)
SELECT r.student_id, r.id, s.id, s.term_id, s.course_id FROM registration r, section s, term t
 WHERE r.student_id = %(student)s AND r.is_current AND s.id = %(section)s AND t.id = s.term_id AND t.status =
   'open' AND s.seats_taken < s.capacity
RETURNING id, student_id, section_id, status, enrolled_at, attempt"""
TELL = (
    "SELECT set_config('sims.actor', %s, true), set_config('sims.actor_name', %s, true), "
    ""
    "set_config('sims.action', 'floor', true)"
)


def main(url: str, secret_file: str) -> None:
    secret = Path(secret_file).read_bytes()
    pool = ConnectionPool(
        url,
        min_size=8,
        max_size=16,
        kwargs={"row_factory": dict_row, "options": "-c TimeZone=UTC"},
        configure=lambda connection: prove(connection, secret),
    )

    def who(connection: Any, request: Request[Any, Any, Any]) -> dict[str, Any]:
        claims = jwt.decode(request.headers["authorization"][7:], secret, algorithms=["HS256"])
        row: dict[str, Any] = connection.execute(WHO, [claims["sid"]]).fetchone()
        if row["disabled"] or row["ended_at"] is not None:
            raise PermissionError
        return row

    def page(request: Request[Any, Any, Any]) -> bytes:
        with pool.connection() as connection:
            who(connection, request)
            rows: list[dict[str, Any]] = connection.execute(PAGE).fetchall()  # type: ignore[assignment]
        return msgspec.json.encode({"results": rows[:50], "next": rows[-1]["id"]})

    def enroll(request: Request[Any, Any, Any], section_id: int, body: bytes) -> bytes:
        with pool.connection() as connection:
            person = who(connection, request)
            connection.execute(TELL, [str(person["id"]), person["name"]])
            values = {"section": section_id, "student": msgspec.json.decode(body)["student_id"]}
            return msgspec.json.encode(connection.execute(ENROLL, values).fetchone())

    @get("/api/students")
    async def students(request: Request[Any, Any, Any]) -> ASGIResponse:
        return ASGIResponse(body=await to_thread.run_sync(page, request), media_type="application/json")

    @post("/api/sections/{section_id:int}/enroll", status_code=201)
    async def enrollment(request: Request[Any, Any, Any], section_id: int) -> ASGIResponse:
        return ASGIResponse(
            body=await to_thread.run_sync(enroll, request, section_id, await request.body()),
            status_code=201,
            media_type="application/json",
        )

    app = Litestar([students, enrollment], openapi_config=None, logging_config=None)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)  # connections wait from here on, so the address may be told
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_config=None, access_log=False, http="httptools", loop="uvloop")
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main(*sys.argv[1:])
