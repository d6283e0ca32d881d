"""What revisions of several services have in common. Written once, like every revision: never changed afterwards."""

from typing import Any, Final

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.types import TypeEngine

GRAND: Final = BigInteger().with_variant(Integer(), "sqlite")
TRIE: Final = String().with_variant(String(collation="C"), "postgresql")
T: Final = String()
ENTIER: Final = Integer()
MONTANT: Final = BigInteger()
OCTETS: Final = LargeBinary()
OUI_NON: Final = Boolean()


def key(nom: str, type_: "TypeEngine[Any]" = T) -> "Column[Any]":
    """A column of the primary key."""
    return Column(nom, type_, primary_key=True, nullable=False)


def full(nom: str, type_: "TypeEngine[Any]" = T) -> "Column[Any]":
    """A column that always holds a value."""
    return Column(nom, type_, nullable=False)


def null(nom: str, type_: "TypeEngine[Any]" = T) -> "Column[Any]":
    """A column that may hold none."""
    return Column(nom, type_, nullable=True)


def create_object_table(nom: str, *colonnes: "Column[Any]") -> None:
    """The table of a kind of object (0001): what every kind has, then its own columns."""
    op.create_table(
        nom,
        key("cle"),
        full("caf"),
        full("objet"),
        null("dossier"),
        full("version", ENTIER),
        *(full(n, OCTETS) for n in ("faits", "images", "impossibles", "travaux")),
        *colonnes,
    )
    create_partial_index(f"{nom}_en_attente", nom, "cle", "dossier IS NULL")


def create_partial_index(nom: str, table: str, colonne: str, condition: str) -> None:
    """An index on the rows of a table that meet a condition."""
    op.create_index(nom, table, [colonne], sqlite_where=text(condition), postgresql_where=text(condition))


def set_on_postgresql(table: str, reglage: str) -> None:
    """Tell PostgreSQL how to keep a table."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} {reglage}")


def create_watermarks() -> None:
    """0001: how far a consumer has gone."""
    op.create_table(
        "repere",
        key("consommateur"),
        key("source"),
        key("generation", ENTIER),
        key("partition", ENTIER),
        full("position", GRAND),
        full("offset", GRAND),
        full("marque"),
    )


def create_log() -> None:
    """0001: the log of a service, its publisher, its inbox, its dead letters."""
    op.create_table(
        "journal",
        key("id", GRAND),
        null("position", GRAND),
        full("precedent", GRAND),
        full("partition", ENTIER),
        full("cle"),
        full("type"),
        full("octets", OCTETS),
        full("enregistre_le", GRAND),
        UniqueConstraint("position"),
    )
    op.create_table(
        "publieur",
        key("service"),
        full("epoque", ENTIER),
        full("assigne", GRAND),
        full("confirme", GRAND),
        full("tetes", OCTETS),
    )
    op.create_table("epoque", key("numero", ENTIER), full("marque"), full("depuis", GRAND))
    op.create_table("boite", key("cle"), full("empreinte", OCTETS), sqlite_with_rowid=False)
    op.create_table(
        "lettre_morte",
        key("numero", GRAND),
        *(full(n) for n in ("evenement_source", "evenement_id", "type", "caf", "objet", "motif", "detail")),
        full("octets", OCTETS),
        full("recue_le", GRAND),
        full("essais", ENTIER),
        null("close_le", GRAND),
        null("close_par"),
    )
    create_partial_index("lettre_morte_ouverte", "lettre_morte", "numero", "close_le IS NULL")
    op.create_index("lettre_morte_evenement", "lettre_morte", ["evenement_source", "evenement_id"])


def create_work_queue() -> None:
    """0001: what the work queue of a service keeps."""
    op.create_table(
        "element",
        key("cle", TRIE),
        key("corbeille"),
        *(full(n) for n in ("caf", "objet", "dossier")),
        full("du", ENTIER),
        null("au", ENTIER),
        *(full(n, ENTIER) for n in ("priorite", "echeance", "depuis")),
        full("montant", MONTANT),
        full("montant_inverse", MONTANT),
    )
    op.create_index(
        "element_ordre", "element", ["corbeille", "priorite", "echeance", "montant_inverse", "depuis", "cle"]
    )
    op.create_table(
        "bail",
        key("cle"),
        full("jeton", MONTANT),
        *(full(n) for n in ("titulaire", "corbeille", "dossier")),
        full("prise_le", MONTANT),
        full("fin", MONTANT),
    )
    op.create_table("report", key("cle"), key("corbeille"), full("reporte", ENTIER), full("motif"))
    op.create_table("compteur", key("nom"), full("valeur", MONTANT))
    op.create_table(
        "reponse_gardee",
        key("portee"),
        key("cle"),
        full("empreinte", OCTETS),
        full("jour", ENTIER),
        full("contenu", OCTETS),
    )
    op.create_index("reponse_gardee_jour", "reponse_gardee", ["jour"])


def create_service() -> None:
    """0001: every table that a service which takes facts has beside its objects."""
    create_log()
    create_watermarks()
    create_work_queue()


def drop(*tables: str) -> None:
    """Remove tables with all that they hold."""
    for table in tables:
        op.drop_table(table)


def drop_service() -> None:
    """Undo ``create_service``."""
    drop("reponse_gardee", "compteur", "report", "bail", "element", "repere")
    drop("lettre_morte", "boite", "epoque", "publieur", "journal")


def add_kafka_writing() -> None:
    """0002: rows of the log that wait for their position, where the log goes, and what its workers tell."""
    with op.batch_alter_table("journal") as journal:
        journal.alter_column("precedent", existing_type=GRAND, nullable=True)
        journal.add_column(null("trace"))
    create_partial_index("journal_sans_position", "journal", "id", "position IS NULL")
    op.add_column("publieur", null("sujet"))
    op.add_column("publieur", null("annoncee", ENTIER))
    op.add_column("epoque", null("tetes", OCTETS))
    op.create_table(
        "presence", key("processus"), full("vu_le", GRAND), full("lues", ENTIER), full("retard", GRAND), null("arret")
    )
    # Each row is written twice, and most are old: vacuum looks at what is new, not at a share of them all.
    set_on_postgresql("journal", "SET (autovacuum_vacuum_scale_factor = 0.01)")


def drop_kafka_writing() -> None:
    """Undo ``add_kafka_writing``. Rows that wait for a position would be lost to the first release: it refuses them."""
    set_on_postgresql("journal", "RESET (autovacuum_vacuum_scale_factor)")
    drop("presence")
    op.drop_column("epoque", "tetes")
    op.drop_column("publieur", "annoncee")
    op.drop_column("publieur", "sujet")
    op.drop_index("journal_sans_position", "journal")
    with op.batch_alter_table("journal") as journal:
        journal.drop_column("trace")
        journal.alter_column("precedent", existing_type=GRAND, nullable=False)


def shorten_inbox_keys() -> None:
    """Bring the keys of the inbox back to what a program of before looks up: the last 22 characters of each."""
    op.execute("UPDATE boite SET cle = substr(cle, length(cle) - 21) WHERE length(cle) > 22")
