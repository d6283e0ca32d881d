"""The pieces that a Caf works on for others."""

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Index them."""
    pour_une_autre = text("caf_traitante <> caf")
    op.create_index(
        "piece_entraide",
        "piece",
        ["caf_traitante", "fin", "arrivee"],
        sqlite_where=pour_une_autre,
        postgresql_where=pour_une_autre,
    )


def downgrade() -> None:
    """Remove their index."""
    op.drop_index("piece_entraide", "piece")
