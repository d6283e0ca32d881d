"""The contacts of some days."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Index them: what is behind a figure is asked for by its days."""
    op.create_index("contact_jour", "contact", ["caf", "recu"])


def downgrade() -> None:
    """Remove their index."""
    op.drop_index("contact_jour", "contact")
