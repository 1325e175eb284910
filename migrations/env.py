"""Runs the migrations on the connection that `sims_server.kernel.migrations` hands over.

Migrations are raw SQL and import no application code: they must still run in ten years, when the
code of today is gone. `op.execute("…")` reaches the server exactly as it is written; alembic's own
way would read `HH24:MI` as a parameter and double every `%`.
"""

from typing import Any

from alembic import context
from alembic.ddl.postgresql import PostgresqlImpl


class AsWritten(PostgresqlImpl):
    """Alembic's PostgreSQL, but text is not parsed. Defining it is enough to register it."""

    __dialect__ = "postgresql"

    def execute(self, sql: Any, execution_options: dict[str, Any] | None = None) -> None:
        if isinstance(sql, str) and self.connection is not None:
            options = {"no_parameters": True, **(execution_options or {})}
            self.connection.exec_driver_sql(sql, execution_options=options)
        else:
            super().execute(sql, execution_options)


connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=True, target_metadata=None)
with context.begin_transaction():
    context.run_migrations()
connection.commit()  # alembic leaves the transaction open in which it read what there was to do

# The server asks whether it fits its database; everybody may know which schema this is.
connection.exec_driver_sql(
    "DO $$ BEGIN IF to_regclass('alembic_version') IS NOT NULL THEN "
    "GRANT SELECT ON alembic_version TO sims_app, sims_readonly, sims_backup; END IF; END $$"
)
connection.commit()
