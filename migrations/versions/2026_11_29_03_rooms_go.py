"""A room of the examinations may go again while no paper is written in it."""

from alembic import op

revision = "2026_11_29_03"
down_revision = "2026_11_29_01"
branch_labels = None
depends_on = None

# A paper's seating refers to its rooms and keeps them.
GRANT = "GRANT DELETE ON exam_room TO sims_app"


def upgrade() -> None:
    op.execute(GRANT)


def downgrade() -> None:
    raise NotImplementedError("The academic record only goes forward; restore a backup instead.")
