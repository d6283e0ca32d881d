"""The créances of some days, and those that a Caf works on for others."""

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Index them: what is behind a figure is asked for by its days."""
    op.create_index("creance_jour", "creance", ["caf", "constat"])
    pour_une_autre = text("caf_traitante <> caf")
    op.create_index(
        "creance_entraide",
        "creance",
        ["caf_traitante"],
        sqlite_where=pour_une_autre,
        postgresql_where=pour_une_autre,
    )


def downgrade() -> None:
    """Remove their indexes."""
    op.drop_index("creance_jour", "creance")
    op.drop_index("creance_entraide", "creance")
