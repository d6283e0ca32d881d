"""The rows of arrêtés. The caller opens and commits the transaction."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, Select, insert, select

from services.indicators.arretes.document import Garde
from services.indicators.arretes.models import LigneArrete
from shared.base import table_of

ARRETE: Final = table_of(LigneArrete)
_SANS_DOCUMENT: Final = (
    ARRETE.c.caf, ARRETE.c.numero, ARRETE.c.periode, ARRETE.c.provisoire, ARRETE.c.pris_le, ARRETE.c.empreinte,
)  # fmt: skip


def add(connexion: Connection, garde: Garde) -> None:
    """Keep an arrêté. An ``IntegrityError`` says that its number has just been taken."""
    connexion.execute(
        insert(ARRETE).values(
            caf=garde.caf,
            numero=garde.numero,
            periode=garde.periode,
            provisoire=garde.provisoire,
            pris_le=garde.pris_le,
            empreinte=garde.empreinte,
            document=garde.document,
        )
    )


def last(connexion: Connection, caf: str) -> tuple[int, str | None]:
    """The number and the fingerprint of the last arrêté of a Caf; 0 and None before the first."""
    requete = select(ARRETE.c.numero, ARRETE.c.empreinte).where(ARRETE.c.caf == caf)
    ligne = connexion.execute(requete.order_by(ARRETE.c.numero.desc()).limit(1)).first()
    return (0, None) if ligne is None else (ligne[0], ligne[1])


def of_period(connexion: Connection, caf: str, periode: str) -> list[Garde]:
    """The arrêtés of a period, oldest first, without their documents."""
    requete = select(*_SANS_DOCUMENT).where(ARRETE.c.caf == caf, ARRETE.c.periode == periode)
    return list(_read(connexion, requete.order_by(ARRETE.c.numero)))


def page(connexion: Connection, caf: str | None, apres: tuple[str, int], limite: int) -> list[Garde]:
    """Arrêtés after a (Caf, number), in that order, without their documents."""
    requete = select(*_SANS_DOCUMENT).where(
        (ARRETE.c.caf > apres[0]) | ((ARRETE.c.caf == apres[0]) & (ARRETE.c.numero > apres[1]))
    )
    if caf is not None:
        requete = requete.where(ARRETE.c.caf == caf)
    return list(_read(connexion, requete.order_by(ARRETE.c.caf, ARRETE.c.numero).limit(limite)))


def newest(connexion: Connection, caf: str, avant: int | None, limite: int) -> list[Garde]:
    """Arrêtés of a Caf with their documents, newest first; those before a number, if one is given."""
    requete = select(ARRETE).where(ARRETE.c.caf == caf)
    if avant is not None:
        requete = requete.where(ARRETE.c.numero < avant)
    return list(_read(connexion, requete.order_by(ARRETE.c.numero.desc()).limit(limite)))


def get(connexion: Connection, caf: str, numero: int) -> Garde | None:
    """An arrêté with its document."""
    requete = select(ARRETE).where(ARRETE.c.caf == caf, ARRETE.c.numero == numero)
    return next(_read(connexion, requete), None)


def chain(connexion: Connection, caf: str) -> Iterator[Garde]:
    """The arrêtés of a Caf with their documents, one at a time, in the order of their numbers."""
    requete = select(ARRETE).where(ARRETE.c.caf == caf).order_by(ARRETE.c.numero)
    return _read(connexion, requete.execution_options(yield_per=20))


def cafs(connexion: Connection) -> list[str]:
    """The Cafs that have arrêtés, in order."""
    return list(connexion.execute(select(ARRETE.c.caf).distinct().order_by(ARRETE.c.caf)).scalars())


def _read(connexion: Connection, requete: Select[tuple[object, ...]]) -> Iterator[Garde]:
    for ligne in connexion.execute(requete).mappings():
        yield Garde(
            ligne["caf"],
            ligne["numero"],
            ligne["periode"],
            bool(ligne["provisoire"]),
            ligne["pris_le"],
            ligne["empreinte"],
            bytes(ligne.get("document", b"")),
        )
