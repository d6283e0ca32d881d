"""The inbox keeps events that follow each other side by side; rows of before stay, and are recognised."""

from shared.migrations.communes import shorten_inbox_keys

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing changes: a program of before no longer opens the base, as it would not recognise what is taken now."""


def downgrade() -> None:
    """Keys as they were before."""
    shorten_inbox_keys()
