"""What two people say at the same moment happens once: a document is revoked once, a role lent once.

Asking first and writing then lets both through. A role lent twice would be worse than untidy: whoever takes
one of the two back believes that the colleague no longer acts.
"""

from alembic import op

revision = "2026_11_24_02"
down_revision = "2026_11_24_01"
branch_labels = None
depends_on = None

SCHEMA = r"""
CREATE UNIQUE INDEX uq_issued_document_revoked_once ON issued_document_status (document_id) WHERE status = 'revoked';
CREATE UNIQUE INDEX uq_delegation_of_the_same_days_once
  ON delegation (from_account_id, to_account_id, role_id, department_id, from_date, until_date)
  WHERE revoked_at IS NULL;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
