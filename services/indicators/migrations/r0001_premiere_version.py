"""The tables of the first release."""

from alembic import op

from shared.migrations.communes import ENTIER, MONTANT, OCTETS, create_watermarks, drop, full, key

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    create_watermarks()
    op.create_table("pli_version", key("nom"), full("version", ENTIER))
    op.create_table(
        "pli_profil", key("famille"), key("numero", ENTIER), full("valeurs", OCTETS), sqlite_with_rowid=False
    )
    op.create_table(
        "pli_cellule", key("famille"), key("cle", MONTANT), full("mesures", OCTETS), sqlite_with_rowid=False
    )


def downgrade() -> None:
    """Remove them, with all that they hold."""
    drop("pli_cellule", "pli_profil", "pli_version", "repere")
