"""The tables of the first release."""

from alembic import op

from shared.migrations.communes import (
    ENTIER,
    MONTANT,
    OUI_NON,
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
        "contact",
        null("recu", MONTANT),
        full("repete", OUI_NON),
        null("canal"),
        null("nature"),
        null("clos", ENTIER),
        null("issue"),
    )
    op.create_index("contact_dossier", "contact", ["caf", "dossier", "recu"])
    create_object_table(
        "rendez_vous",
        null("demande", ENTIER),
        null("modalite"),
        null("site"),
        null("creneau", MONTANT),
        null("issue"),
        null("issue_le", ENTIER),
    )
    create_object_table("campagne", full("jour", ENTIER), full("campagne"))


def downgrade() -> None:
    """Remove them, with all that they hold."""
    drop("campagne", "rendez_vous", "contact")
    drop_service()
