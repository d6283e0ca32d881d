"""The tables of the first release."""

from alembic import op

from shared.migrations.communes import (
    ENTIER,
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
        "piece",
        null("arrivee", ENTIER),
        null("fin", ENTIER),
        null("fin_genre"),
        full("suspendue", OUI_NON),
        null("nature"),
        null("canal"),
        null("minima_sociaux", OUI_NON),
        *(null(n) for n in ("urgence", "caf_traitante", "pole", "site")),
    )
    op.create_index("piece_stock", "piece", ["caf", "fin", "arrivee"])
    create_object_table("courrier", full("jour", ENTIER))
    create_object_table("verification", full("jour", ENTIER), full("moment"), full("conforme", OUI_NON))
    create_object_table("controle", full("jour", ENTIER), full("type_controle"))


def downgrade() -> None:
    """Remove them, with all that they hold."""
    drop("controle", "verification", "courrier", "piece")
    drop_service()
