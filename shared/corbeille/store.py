"""The statements that take an item and give it back, in the writer's transaction (``Ecrivain.order``).

With one writer nothing can come between two of them; with several workers on PostgreSQL their row locks keep that so.
Instants are ns, days are ordinals.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    text,
    update,
)

from shared.base import table_of
from shared.corbeille.refus import BailPerime, TravailInconnu
from shared.corbeille.regles import Item
from shared.corbeille.tables import Bail, Compteur, Element, Report
from shared.events.travail import (
    BAIL_TERMINE,
    PRIS,
    RENDU,
    REPORTE,
    TERMINE,
    TravailBailTermine,
    TravailPris,
    TravailRendu,
    TravailReporte,
    TravailTermine,
)
from shared.runtime.lot import Lot
from shared.temps import to_iso, write_instant

ELEMENT: Final = table_of(Element)
BAIL: Final = table_of(Bail)
REPORT: Final = table_of(Report)
COMPTEUR: Final = table_of(Compteur)
COLONNES: Final = [ELEMENT.c[nom] for nom in Item.__struct_fields__]
ORDRE: Final = [ELEMENT.c[nom] for nom in ("priorite", "echeance", "montant_inverse", "depuis", "cle")]


class LigneBail(NamedTuple):
    """A row of ``Bail``."""

    cle: str
    jeton: int
    titulaire: str
    corbeille: str
    dossier: str
    prise_le: int
    fin: int

    @property
    def caf(self) -> str:
        """The creditor Caf of the item."""
        return self.cle.partition("|")[0]

    @property
    def objet(self) -> str:
        """The identifier of the item within its Caf."""
        return self.cle.partition("|")[2]

    def who(self) -> dict[str, Any]:
        """What every event says of the claim."""
        return {
            "objet": self.objet,
            "corbeille": self.corbeille,
            "titulaire": self.titulaire,
            "jeton": self.jeton,
        }


def present() -> list[ColumnElement[bool]]:
    """The item is in ``:corbeille`` on day ``:today``."""
    c = ELEMENT.c
    today: BindParameter[int] = bindparam("today")
    return [c.corbeille == bindparam("corbeille"), c.du <= today, or_(c.au.is_(None), c.au > today)]


def _asleep() -> ColumnElement[bool]:
    r = REPORT.c
    return exists().where(r.cle == ELEMENT.c.cle, r.corbeille == ELEMENT.c.corbeille, r.reporte > bindparam("today"))


def _select_best(*conditions: ColumnElement[bool]) -> Select[Any]:
    # Leases that have ended are gone: ``expire`` comes first. One that another worker is ending is left to it.
    tenu = exists().where(BAIL.c.cle == ELEMENT.c.cle)
    pret = select(*COLONNES).where(*present(), ~tenu, ~_asleep(), *conditions)
    return pret.order_by(*ORDRE).limit(1).with_for_update(skip_locked=True)


_MEILLEUR: Final = _select_best()
_MEILLEUR_DE_CAFS: Final = _select_best(ELEMENT.c.caf.in_(bindparam("cafs", expanding=True)))
_JETON: Final = select(COMPTEUR.c.valeur).where(COMPTEUR.c.nom == "jeton").with_for_update()
_AVANCE: Final = update(COMPTEUR).where(COMPTEUR.c.nom == "jeton").values(valeur=bindparam("jeton"))
_FINIS: Final = (
    select(BAIL).where(BAIL.c.fin <= bindparam("now")).order_by(BAIL.c.cle).with_for_update(skip_locked=True)
)
_PREMIER: Final = text("INSERT INTO compteur (nom, valeur) VALUES ('jeton', 0) ON CONFLICT (nom) DO NOTHING")


def claim(
    lot: Lot, corbeille: str, cafs: tuple[str, ...], titulaire: str, bail: int, today: int, now: int
) -> tuple[Item, LigneBail] | None:
    """Take the best ready item for ``bail`` ns; None when nothing is ready.

    Ready: in the corbeille today, not held, not asleep. ``cafs``: creditor Cafs to choose among, empty for all.
    """
    # Workers hand out one after the other: what one sees ready can not be taken by another before it is written, and
    # two never wait for each other.
    dernier = _lock_token(lot.connexion)
    expire(lot, now)
    parametres = {"corbeille": corbeille, "today": today} | ({"cafs": cafs} if cafs else {})
    ligne = lot.connexion.execute(_MEILLEUR_DE_CAFS if cafs else _MEILLEUR, parametres).first()
    if ligne is None:
        return None
    item = Item(*ligne)
    prise = LigneBail(item.cle, dernier + 1, titulaire, corbeille, item.dossier, now, now + bail)
    lot.connexion.execute(_AVANCE, {"jeton": prise.jeton})
    lot.connexion.execute(insert(BAIL), prise._asdict())
    _tell(lot, PRIS, "pris", prise, TravailPris(**prise.who(), bail_jusqu_a=write_instant(prise.fin)))
    return item, prise


def expire(lot: Lot, now: int) -> None:
    """Give back every item whose lease has ended, and say so in the log."""
    for ligne in lot.connexion.execute(_FINIS, {"now": now}).all():
        prise = LigneBail(*ligne)
        _drop(lot.connexion, prise)
        fin = write_instant(prise.fin)
        _tell(lot, BAIL_TERMINE, "bail_termine", prise, TravailBailTermine(**prise.who(), bail_termine_le=fin))


def finish(lot: Lot, prise: LigneBail, issue: str, date: int | None, reprise: int, today: int) -> bool:
    """Record the outcome; the item sleeps until day ``reprise``. False when it is in no corbeille today any more."""
    dort = _put_to_sleep(lot.connexion, prise, reprise, issue, today)
    donnees = TravailTermine(
        **prise.who(),
        issue=issue,
        date=None if date is None else to_iso(date),
        reprise_le=to_iso(reprise) if dort else None,
    )
    _tell(lot, TERMINE, "termine", prise, donnees)
    return dort


def hold(lot: Lot, prise: LigneBail, jusqu_a: int, motif: str, today: int) -> bool:
    """Put the item aside until day ``jusqu_a``. False when it is in no corbeille today any more."""
    dort = _put_to_sleep(lot.connexion, prise, jusqu_a, motif, today)
    _tell(lot, REPORTE, "reporte", prise, TravailReporte(**prise.who(), motif=motif, jusqu_a=to_iso(jusqu_a)))
    return dort


def release(lot: Lot, prise: LigneBail) -> None:
    """Give the item back as it was."""
    _drop(lot.connexion, prise)
    _tell(lot, RENDU, "rendu", prise, TravailRendu(**prise.who()))


def extend(lot: Lot, prise: LigneBail, fin: int) -> None:
    """Let the lease end at ``fin``."""
    lot.connexion.execute(update(BAIL).where(BAIL.c.cle == prise.cle).values(fin=fin))


def current_lease(lot: Lot, cle: str, jeton: int, now: int) -> LigneBail:
    """The lease that ``jeton`` names, if it still runs. Raises ``BailPerime``, ``TravailInconnu``."""
    connexion = lot.connexion
    ligne = connexion.execute(select(BAIL).where(BAIL.c.cle == cle).with_for_update()).first()
    if ligne is None:
        if not connexion.execute(select(ELEMENT.c.cle).where(ELEMENT.c.cle == cle).limit(1)).first():
            raise TravailInconnu(
                f"{_name(cle)} n'est dans aucune corbeille et personne ne le tient : rien à enregistrer"
            )
        raise BailPerime(
            f"{_name(cle)} n'est plus pris : il a été terminé, reporté ou rendu, ou le bail a pris fin. {_QUOI_FAIRE}"
        )
    prise = LigneBail(*ligne)
    if prise.jeton != jeton:
        raise BailPerime(f"{_name(cle)} est tenu par une autre prise que celle du jeton {jeton}. {_QUOI_FAIRE}")
    if prise.fin <= now:
        raise BailPerime(f"le bail de {_name(cle)} a pris fin : l'élément est de nouveau à prendre. {_QUOI_FAIRE}")
    return prise


_QUOI_FAIRE: Final = "Rien n'a été enregistré : demander le prochain élément de la corbeille."


def _name(cle: str) -> str:
    caf, _, objet = cle.partition("|")
    return f"l'élément {objet} de la Caf {caf}"


def _put_to_sleep(connexion: Connection, prise: LigneBail, reprise: int, motif: str, today: int) -> bool:
    """Let the item sleep wherever it is today: what its holder decided answers every reason known today.

    A corbeille that it enters later is a new reason, and finds it awake.
    """
    c = ELEMENT.c
    ici = select(c.corbeille).where(c.cle == prise.cle, c.du <= today, or_(c.au.is_(None), c.au > today))
    corbeilles = _lock_stays(connexion, ici.with_for_update())
    _drop(connexion, prise)
    connexion.execute(delete(REPORT).where(REPORT.c.cle == prise.cle))
    lignes = [{"cle": prise.cle, "corbeille": nom, "reporte": reprise, "motif": motif} for nom in corbeilles]
    if lignes:
        connexion.execute(insert(REPORT), lignes)
    return bool(lignes)


def _lock_stays(connexion: Connection, ici: Select[str]) -> list[str]:
    """The corbeilles that the select gives, which nobody changes until the end of the transaction."""
    vues: list[str] | None = None
    while True:
        # A row that was put in the place of another while the statement waited for that one is not seen by it.
        corbeilles = list(connexion.execute(ici).scalars())
        if corbeilles == vues or connexion.dialect.name == "sqlite":
            return corbeilles
        vues = corbeilles


def _drop(connexion: Connection, prise: LigneBail) -> None:
    connexion.execute(delete(BAIL).where(BAIL.c.cle == prise.cle))


def _lock_token(connexion: Connection) -> int:
    """The last token given; nobody else gives one until the end of the transaction."""
    dernier = connexion.execute(_JETON).scalar()
    if dernier is None:
        connexion.execute(_PREMIER)
        dernier = connexion.execute(_JETON).scalar_one()
    return int(dernier)


def _tell(lot: Lot, type_: str, geste: str, prise: LigneBail, donnees: object) -> None:
    lot.publish(type_, f"travail-{prise.jeton}-{geste}", prise.caf, prise.dossier, donnees)
