"""What the record said at a time; two records of one person."""

from alembic import op

revision = "2026_11_23_16"
down_revision = "2026_11_23_15"
branch_labels = None
depends_on = None

SCHEMA = r"""
SELECT 1;
"""


def upgrade() -> None:
    op.execute(SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
