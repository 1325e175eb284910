"""The database roles and the empty database, made once by a superuser.

Roles belong to the whole PostgreSQL cluster, so migrations never make them: two databases of one
cluster would fight over them. What each may do to a table is granted by the migration that makes the
table. The rule a newcomer would get wrong: the server signs in as `sims_app`, which owns nothing and
inherits nothing; it becomes `sims_student` inside a student's transaction by `SET LOCAL ROLE`, and a
role that it inherited would let it see through the policies without saying so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

import psycopg
from psycopg import sql

DATABASE = "sims"
EXTENSIONS = ("pg_trgm", "unaccent", "btree_gist", "citext")
OLDEST_SERVER = 150000

# "SIMSPROV". Such a lock belongs to a database, so everybody takes it in `postgres`.
_LOCK = 0x53494D5350524F56

_NO_POWERS: LiteralString = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
_ROLES: Mapping[str, LiteralString] = {
    # Inherits, or on 15 it would not be the owner of the schema in its own database. May create
    # databases, because a restore goes into a new one that then takes the old one's place.
    "sims_owner": "LOGIN INHERIT NOSUPERUSER CREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS",
    "sims_app": "LOGIN NOINHERIT " + _NO_POWERS,
    "sims_student": "NOLOGIN NOINHERIT " + _NO_POWERS,
    "sims_readonly": "LOGIN NOINHERIT " + _NO_POWERS,
    # A dump that row policies silently thinned out would restore as an amputated record.
    "sims_backup": "LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS",
}
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "sims_app": {
        "statement_timeout": "10s",
        "lock_timeout": "3s",
        "idle_in_transaction_session_timeout": "15s",
    },
    "sims_readonly": {"default_transaction_read_only": "on", "statement_timeout": "60s"},
    "sims_backup": {"default_transaction_read_only": "on"},
}


class ProvisionFailure(Exception):
    """The cluster cannot carry the system; the message says why."""


def provision(superuser_url: str, passwords: Mapping[str, str], *, database: str = DATABASE) -> None:
    """Makes the roles and `database` with its extensions, or brings what exists to the same state.

    `passwords` are by role; a role that is absent keeps the one it has. Safe to run again and by
    several at once. Raises ProvisionFailure when the server is older than 15, and psycopg.Error when
    `superuser_url` lacks the power.
    """
    with psycopg.connect(superuser_url, autocommit=True, dbname="postgres") as connection:
        if connection.info.server_version < OLDEST_SERVER:
            raise ProvisionFailure(
                f"PostgreSQL 15 is the oldest supported; this is {connection.info.server_version // 10000}."
            )
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            _make_roles(connection, passwords)
            _make_database(connection, database)
            with psycopg.connect(superuser_url, autocommit=True, dbname=database) as inside:
                open_to_roles(inside, database)
                for extension in EXTENSIONS:
                    name = sql.Identifier(extension)
                    inside.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(name))
                inside.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def open_to_roles(connection: psycopg.Connection[tuple[object, ...]], database: str) -> None:
    """Says who may enter a database. PostgreSQL does not copy this to a clone of it."""
    name = sql.Identifier(database)
    # TEMPORARY too: a temporary table comes first on the search path of a careless function.
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO sims_app, sims_readonly, sims_backup").format(name)
    )


def _make_roles(connection: psycopg.Connection[tuple[object, ...]], passwords: Mapping[str, str]) -> None:
    known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
    with connection.transaction():
        for role, powers in _ROLES.items():
            verb = sql.SQL("ALTER ROLE" if role in known else "CREATE ROLE")
            connection.execute(sql.SQL("{} {} {}").format(verb, sql.Identifier(role), sql.SQL(powers)))
            if role in passwords:
                # Hashed here, so that no server log can ever hold the password itself.
                verifier = connection.pgconn.encrypt_password(
                    passwords[role].encode(), role.encode(), b"scram-sha-256"
                ).decode("ascii")
                connection.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
                )
            for setting, value in _SETTINGS.get(role, {}).items():
                connection.execute(
                    sql.SQL("ALTER ROLE {} SET {} = {}").format(
                        sql.Identifier(role), sql.Identifier(setting), sql.Literal(value)
                    )
                )
        # Before 16 a membership carried no such options and the member's own NOINHERIT decided.
        if connection.info.server_version >= 160000:
            connection.execute("GRANT sims_student TO sims_app WITH INHERIT FALSE, SET TRUE")
        else:
            connection.execute("GRANT sims_student TO sims_app")


def _make_database(connection: psycopg.Connection[tuple[object, ...]], database: str) -> None:
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
    if found is None:
        # template0 has no local objects; the encoding must not follow a cluster made as SQL_ASCII.
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER sims_owner ENCODING 'UTF8' TEMPLATE template0").format(
                sql.Identifier(database)
            )
        )
    else:
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO sims_owner").format(sql.Identifier(database)))
