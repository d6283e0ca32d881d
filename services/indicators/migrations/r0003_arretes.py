"""The arrêtés."""

from alembic import op

from shared.migrations.communes import ENTIER, GRAND, OCTETS, OUI_NON, drop, full, key

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create their table."""
    op.create_table(
        "arrete",
        key("caf"),
        key("numero", ENTIER),
        full("periode"),
        full("provisoire", OUI_NON),
        full("pris_le", GRAND),
        full("empreinte"),
        full("document", OCTETS),
    )


def downgrade() -> None:
    """Remove it, with all that it holds: keep a copy of the documents before."""
    drop("arrete")
