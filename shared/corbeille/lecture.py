"""What people and machines read of a work queue: pages of items, and counts."""

import base64
from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, func, or_, select, true, tuple_

from shared.corbeille.refus import CurseurIllisible
from shared.corbeille.regles import Item
from shared.corbeille.store import BAIL, COLONNES, ELEMENT, ORDRE, REPORT, present
from shared.events.base import Liste

# Within what a column can hold, so that whatever is given can be compared with it.
_Borne = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
_CLE_DE_PAGE: Final = msgspec.json.Decoder(
    tuple[_Borne, _Borne, _Borne, _Borne, Annotated[str, msgspec.Meta(pattern="^[^\x00]*$")]]
)


class EtatTravail(Liste):
    """What an item of a corbeille does today."""

    pret = "pret", "À prendre"
    pris = "pris", "Pris"
    dormant = "dormant", "En attente d'un jour"


class Ligne(NamedTuple):
    """An item of a corbeille and who holds it, or until when it sleeps (None: nobody, not)."""

    item: Item
    etat: EtatTravail
    titulaire: str | None
    prise_le: int | None
    bail: int | None
    reprise: int | None
    motif: str | None


class Compte(NamedTuple):
    """Items of a corbeille today: ready, held, asleep; since which day the oldest ready one waits."""

    prets: int = 0
    pris: int = 0
    dormants: int = 0
    plus_ancien: int | None = None


# Every item of a corbeille today, with who holds it and until when it sleeps there.
_SOURCE: Final = ELEMENT.outerjoin(BAIL, and_(BAIL.c.cle == ELEMENT.c.cle, BAIL.c.fin > bindparam("now"))).outerjoin(
    REPORT,
    and_(
        REPORT.c.cle == ELEMENT.c.cle,
        REPORT.c.corbeille == ELEMENT.c.corbeille,
        REPORT.c.reporte > bindparam("today"),
    ),
)
_PRIS: Final = BAIL.c.fin.is_not(None)
_DORT: Final = REPORT.c.reporte.is_not(None)
_CONDITIONS: Final = {
    EtatTravail.pret: ~or_(_PRIS, _DORT),
    EtatTravail.pris: _PRIS,
    EtatTravail.dormant: and_(~_PRIS, _DORT),
}

# The columns of a ``Compte``.
_COMPTES: Final = (
    *(func.sum(case((_CONDITIONS[e], 1), else_=0)) for e in EtatTravail),
    func.min(case((_CONDITIONS[EtatTravail.pret], ELEMENT.c.depuis))),
)


def read_page(
    connexion: Connection,
    corbeille: str,
    cafs: Sequence[str],
    etats: Sequence[EtatTravail],
    apres: str | None,
    limite: int,
    today: int,
    now: int,
) -> tuple[list[Ligne], str | None]:
    """Items in the order in which they are handed out, and the cursor of the next page (None: that is all).

    Raises ``CurseurIllisible``.
    """
    requete = (
        select(*COLONNES, BAIL.c.titulaire, BAIL.c.prise_le, BAIL.c.fin, REPORT.c.reporte, REPORT.c.motif)
        .select_from(_SOURCE)
        .where(*present(), _of(cafs), tuple_(*ORDRE) > tuple_(*_read_cursor(apres)) if apres else true())
        .order_by(*ORDRE)
        .limit(limite + 1)
    )
    if etats:
        requete = requete.where(or_(*(_CONDITIONS[e] for e in etats)))
    lignes = [_line(r) for r in connexion.execute(requete, {"corbeille": corbeille, "today": today, "now": now})]
    page = lignes[:limite]
    return page, _write_cursor(page[-1].item) if len(lignes) > limite else None


def _line(ligne: Any) -> Ligne:
    colonnes, (titulaire, prise_le, bail, reprise, motif) = ligne[:-5], ligne[-5:]
    etat = EtatTravail.pris if bail is not None else EtatTravail.dormant if reprise is not None else EtatTravail.pret
    return Ligne(Item(*colonnes), etat, titulaire, prise_le, bail, reprise, motif)


def count(
    connexion: Connection, corbeilles: Sequence[str], cafs: Sequence[str], today: int, now: int
) -> dict[str, Compte]:
    """The counts of each of the corbeilles, empty ones included."""
    requete = select(*_COMPTES).select_from(_SOURCE).where(*present(), _of(cafs))
    comptes = {}
    for corbeille in corbeilles:
        parametres = {"corbeille": corbeille, "today": today, "now": now}
        ligne = connexion.execute(requete, parametres).one()
        comptes[corbeille] = Compte(ligne[0] or 0, ligne[1] or 0, ligne[2] or 0, ligne[3])
    return comptes


def count_by_caf(connexion: Connection, corbeille: str, today: int, now: int) -> dict[str, Compte]:
    """The counts of a corbeille for each creditor Caf that has something in it."""
    requete = select(ELEMENT.c.caf, *_COMPTES).select_from(_SOURCE).where(*present()).group_by(ELEMENT.c.caf)
    lignes = connexion.execute(requete, {"corbeille": corbeille, "today": today, "now": now})
    return {ligne[0]: Compte(*ligne[1:]) for ligne in lignes}


def next_lease_end(connexion: Connection, now: int) -> int | None:
    """The next instant at which a lease ends."""
    fin: int | None = connexion.execute(select(func.min(BAIL.c.fin)).where(BAIL.c.fin > now)).scalar()
    return fin


def _of(cafs: Sequence[str]) -> ColumnElement[bool]:
    return ELEMENT.c.caf.in_(list(cafs)) if cafs else true()


def _write_cursor(item: Item) -> str:
    cle = (item.priorite, item.echeance, -item.montant, item.depuis, item.cle)
    return base64.urlsafe_b64encode(msgspec.json.encode(cle)).decode().rstrip("=")


def _read_cursor(curseur: str) -> tuple[int, int, int, int, str]:
    try:
        return _CLE_DE_PAGE.decode(base64.urlsafe_b64decode(curseur + "=" * (-len(curseur) % 4)))
    except (ValueError, msgspec.DecodeError) as erreur:
        raise CurseurIllisible("« apres » n'est pas un curseur donné ici : repartir de la première page") from erreur
