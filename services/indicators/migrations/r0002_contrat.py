"""What people give: values typed in, targets and their imports."""

from alembic import op
from sqlalchemy import Double, UniqueConstraint

from shared.migrations.communes import ENTIER, GRAND, MONTANT, OCTETS, drop, full, key, null

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add it."""
    op.create_table(
        "valeur_saisie",
        key("numero", GRAND),
        full("caf"),
        full("code"),
        full("du", ENTIER),
        full("au", ENTIER),
        full("valeur", Double()),
        full("auteur"),
        null("commentaire"),
        null("cle"),
        full("saisie_le", GRAND),
        UniqueConstraint("auteur", "cle"),
    )
    op.create_index("valeur_saisie_code", "valeur_saisie", ["caf", "code", "numero"])
    op.create_table(
        "import_cibles",
        key("numero", GRAND),
        full("auteur"),
        null("fichier"),
        full("lignes", ENTIER),
        full("empreinte", OCTETS),
        null("cle"),
        full("importe_le", GRAND),
        UniqueConstraint("auteur", "cle"),
    )
    op.create_table(
        "cible",
        key("numero_import", MONTANT),
        key("ligne", ENTIER),
        full("caf"),
        full("annee", ENTIER),
        full("code"),
        full("nature"),
        null("valeur", Double()),
        null("operateur"),
        full("etat_source"),
        full("source"),
    )
    op.create_index("cible_annee", "cible", ["caf", "annee", "code"])


def downgrade() -> None:
    """Remove it, with all that people gave."""
    drop("cible", "import_cibles", "valeur_saisie")
