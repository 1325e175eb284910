"""Routes of the audit, and of who read whose record."""

from __future__ import annotations

from sims_server.audit import queries
from sims_server.audit.operations.standing import get_chain
from sims_server.kernel.http import listing, read
from sims_shared.access import Permission
from sims_shared.audit import AuditChain, AuditEntry, DisclosureView, ReaderList

routes = [
    listing("/api/audit/", queries.AUDIT, AuditEntry, permission=Permission.READ_AUDIT),
    read("/api/audit/chain/", get_chain, AuditChain, permission=Permission.READ_AUDIT),
    read("/api/audit/{id:int}/", queries.get_audit_entry, AuditEntry, permission=Permission.READ_AUDIT),
    listing("/api/disclosures/", queries.DISCLOSURES, DisclosureView, permission=Permission.READ_AUDIT),
    read(
        "/api/disclosures/readers/",
        queries.list_readers,
        ReaderList,
        permission=Permission.READ_AUDIT,
        parameters=queries.ReadersOf,
    ),
    read(
        "/api/disclosures/{id:int}/", queries.get_disclosure, DisclosureView, permission=Permission.READ_AUDIT
    ),
]
