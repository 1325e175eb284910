"""Routes of the audit, and of who read whose record."""

from __future__ import annotations

from sims_server.audit import queries
from sims_server.kernel.http import listing, read
from sims_shared.access import Permission
from sims_shared.audit import AuditEntry, DisclosureView

routes = [
    listing("/api/audit/", queries.AUDIT, AuditEntry, permission=Permission.READ_AUDIT),
    read("/api/audit/{id:int}/", queries.get_audit_entry, AuditEntry, permission=Permission.READ_AUDIT),
    listing("/api/disclosures/", queries.DISCLOSURES, DisclosureView, permission=Permission.READ_AUDIT),
    read(
        "/api/disclosures/{id:int}/", queries.get_disclosure, DisclosureView, permission=Permission.READ_AUDIT
    ),
]
