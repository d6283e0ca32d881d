"""Dead letters: events that can have no effect, kept until they are replayed or become possible."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from shared.base import table_of
from shared.events.porte import Recu
from shared.runtime.faits import encode_event
from shared.runtime.objets import Impossible, Objet
from shared.runtime.tables import LettreMorte

LETTRES: Final = table_of(LettreMorte)
PAGE: Final = 1_000
IMPOSSIBLE: Final = "impossible"
REFUSE_A_L_ENREGISTREMENT: Final = "refuse_a_l_enregistrement"
REFUSE_A_LA_PORTE: Final = "refuse_a_la_porte"
_DETAIL_MAX: Final = 500


def open_letter(connexion: Connection, objet: Objet, impossible: Impossible, maintenant: int) -> None:
    """Open the letter of a fact, in the transaction that found it impossible."""
    fait = impossible.fait
    connexion.execute(
        insert(LETTRES).values(
            evenement_source=fait.source,
            evenement_id=fait.id,
            type=fait.type,
            caf=objet.caf,
            objet=objet.id,
            motif=IMPOSSIBLE,
            detail=impossible.detail,
            octets=encode_event(fait, objet.caf),
            recue_le=maintenant,
        )
    )


def park_letter(connexion: Connection, recu: Recu, detail: str, maintenant: int) -> None:
    """Keep an event that the database refuses to save as the rules state it."""
    connexion.execute(
        insert(LETTRES).values(
            evenement_source=recu.source,
            evenement_id=recu.id,
            type=recu.type.type,
            caf=recu.caf,
            objet=recu.objet,
            motif=REFUSE_A_L_ENREGISTREMENT,
            detail=detail,
            octets=recu.octets,
            recue_le=maintenant,
        )
    )


def refuse_letter(
    connexion: Connection, sujet: str, place: str, type_: str, detail: str, octets: bytes, maintenant: int
) -> None:
    """Keep what came by a topic and the door refuses. Nothing of it can be trusted but its place, which names it:
    the topic as source, ``partition/offset`` as id."""
    connexion.execute(
        insert(LETTRES).values(
            evenement_source=sujet,
            evenement_id=place,
            type=type_,
            caf="",
            objet="",
            motif=REFUSE_A_LA_PORTE,
            # The reason may quote what came, where anything can be.
            detail="".join(c if c.isprintable() else "\ufffd" for c in detail[:_DETAIL_MAX]),
            octets=octets,
            recue_le=maintenant,
        )
    )


def close_letter(connexion: Connection, numero: int, maintenant: int, par: str) -> None:
    """Close one letter."""
    connexion.execute(update(LETTRES).where(LETTRES.c.numero == numero).values(close_le=maintenant, close_par=par))


def close_letters(connexion: Connection, cles: Iterable[tuple[str, str]], maintenant: int, par: str) -> None:
    """Close the open letters of these (source, id)."""
    for source, identifiant in sorted(cles):
        connexion.execute(
            update(LETTRES)
            .where(
                LETTRES.c.evenement_source == source,
                LETTRES.c.evenement_id == identifiant,
                LETTRES.c.close_le.is_(None),
            )
            .values(close_le=maintenant, close_par=par)
        )


def list_letters(connexion: Connection, *, ouvertes: bool = True, apres: int = 0, limite: int = PAGE) -> Sequence[Any]:
    """Letters numbered after ``apres``, oldest first, as mappings of ``LettreMorte``."""
    requete = select(LETTRES).where(LETTRES.c.numero > apres).order_by(LETTRES.c.numero).limit(limite)
    if ouvertes:
        requete = requete.where(LETTRES.c.close_le.is_(None))
    return connexion.execute(requete).mappings().all()


def get_letter(connexion: Connection, numero: int) -> Any | None:
    """One letter as a mapping, or None."""
    return connexion.execute(select(LETTRES).where(LETTRES.c.numero == numero)).mappings().first()


def count_open(connexion: Connection) -> int:
    """How many letters are open."""
    return int(
        connexion.execute(select(func.count()).select_from(LETTRES).where(LETTRES.c.close_le.is_(None))).scalar_one()
    )
