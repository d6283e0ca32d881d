"""The tables of the first release."""

from alembic import op

from shared.migrations.communes import (
    ENTIER,
    MONTANT,
    create_object_table,
    create_service,
    drop,
    drop_service,
    full,
    null,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    create_service()
    create_object_table(
        "creance",
        *(null(n, ENTIER) for n in ("constat", "notifiee", "qualifiee")),
        *(null(n, MONTANT) for n in ("montant", "du", "encaisse", "solde_du", "trop_rembourse")),
        *(null(n) for n in ("prestation", "cause", "debiteur", "caf_traitante")),
    )
    op.create_index("creance_dossier", "creance", ["caf", "dossier"])
    create_object_table("droits", full("clos", ENTIER))


def downgrade() -> None:
    """Remove them, with all that they hold."""
    drop("droits", "creance")
    drop_service()
