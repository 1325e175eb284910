"""Routes of the audit."""

from __future__ import annotations

from sims_server.audit import queries
from sims_server.kernel.http import listing, read
from sims_shared.access import Permission
from sims_shared.audit import AuditEntry

routes = [
    listing("/api/audit/", queries.AUDIT, AuditEntry, permission=Permission.READ_AUDIT),
    read("/api/audit/{id:int}/", queries.get_audit_entry, AuditEntry, permission=Permission.READ_AUDIT),
]
