"""The rows of what people give: read, and added to. The caller commits; nothing is changed or erased here."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, func, insert, select

from services.indicators.cibles import Cible
from services.indicators.models import ImportCibles, LigneCible, LigneValeur
from services.indicators.rules import Periode
from services.indicators.valeurs import Saisie, ValeurSaisie
from shared.base import table_of

VALEUR: Final = table_of(LigneValeur)
IMPORT: Final = table_of(ImportCibles)
CIBLE: Final = table_of(LigneCible)


class Import(NamedTuple):
    """A list of targets that was taken. ``changees``: how many of its lines said something new."""

    numero: int
    auteur: str
    fichier: str | None
    lignes: int
    empreinte: bytes
    importe_le: int
    changees: int


class CibleDatee(NamedTuple):
    """A target with the import that gave it."""

    cible: Cible
    imports: Import


def values_after(connexion: Connection, numero: int) -> list[ValeurSaisie]:
    """The values recorded after a number, in order."""
    return [
        _value(r) for r in connexion.execute(select(VALEUR).where(VALEUR.c.numero > numero).order_by(VALEUR.c.numero))
    ]


def list_values(
    connexion: Connection, caf: str, code: str | None, apres: int, limite: int, *, recentes: bool = False
) -> list[tuple[ValeurSaisie, bool]]:
    """Up to ``limite`` values of a Caf recorded after a number, each with whether it is in force; in order, or the
    most recent first."""
    c, suite = VALEUR.c, VALEUR.alias("suite")
    dernier = (
        select(func.max(suite.c.numero))
        .where(*(suite.c[nom] == c[nom] for nom in ("caf", "code", "du", "au")))
        .correlate(VALEUR)
        .scalar_subquery()
    )
    requete = select(VALEUR, dernier.label("dernier")).where(c.caf == caf, c.numero > apres)
    if code is not None:
        requete = requete.where(c.code == code)
    ordre = c.numero.desc() if recentes else c.numero
    lignes = connexion.execute(requete.order_by(ordre).limit(limite))
    return [(_value(ligne), ligne.numero == ligne.dernier) for ligne in lignes]


def value_of_key(connexion: Connection, auteur: str, cle: str) -> ValeurSaisie | None:
    """The value that an author recorded under an idempotency key."""
    ligne = connexion.execute(select(VALEUR).where(VALEUR.c.auteur == auteur, VALEUR.c.cle == cle)).first()
    return None if ligne is None else _value(ligne)


def add_value(connexion: Connection, saisie: Saisie, cle: str | None, now: int) -> ValeurSaisie:
    """Record a value."""
    ajout = insert(VALEUR).values(
        caf=saisie.caf,
        code=saisie.code,
        du=saisie.periode.du,
        au=saisie.periode.au,
        valeur=saisie.valeur,
        auteur=saisie.auteur,
        commentaire=saisie.commentaire,
        cle=cle,
        saisie_le=now,
    )
    return ValeurSaisie(_number(connexion.execute(ajout)), saisie, now)


def last_import(connexion: Connection) -> int:
    """The number of the last import; 0 when there is none."""
    return connexion.execute(select(func.max(IMPORT.c.numero))).scalar() or 0


def targets_after(connexion: Connection, numero: int) -> list[tuple[int, Cible]]:
    """The targets of the imports after a number, in order, each with its import."""
    lignes = connexion.execute(
        select(CIBLE).where(CIBLE.c.numero_import > numero).order_by(CIBLE.c.numero_import, CIBLE.c.ligne)
    )
    return [(ligne.numero_import, _target(ligne)) for ligne in lignes]


def list_targets(connexion: Connection, caf: str, annee: int) -> list[CibleDatee]:
    """Every target that was ever given for a Caf and a year, by code and kind, oldest first within these."""
    requete = (
        _imports(CIBLE)
        .join(CIBLE, CIBLE.c.numero_import == IMPORT.c.numero)
        .where(CIBLE.c.caf == caf, CIBLE.c.annee == annee)
        .order_by(CIBLE.c.code, CIBLE.c.nature, IMPORT.c.numero)
    )
    return [CibleDatee(_target(ligne), _import(ligne)) for ligne in connexion.execute(requete)]


def list_imports(connexion: Connection) -> list[Import]:
    """Every import, oldest first."""
    return [_import(ligne) for ligne in connexion.execute(_imports().order_by(IMPORT.c.numero))]


def import_of_key(connexion: Connection, auteur: str, cle: str) -> Import | None:
    """The import that an author made under an idempotency key."""
    ligne = connexion.execute(_imports().where(and_(IMPORT.c.auteur == auteur, IMPORT.c.cle == cle))).first()
    return None if ligne is None else _import(ligne)


def add_import(
    connexion: Connection,
    nouvelles: Iterable[tuple[int, Cible]],
    *,
    auteur: str,
    fichier: str | None,
    lignes: int,
    empreinte: bytes,
    cle: str | None,
    now: int,
) -> Import:
    """Record an import with its lines that say something new."""
    ajout = insert(IMPORT).values(
        auteur=auteur, fichier=fichier, lignes=lignes, empreinte=empreinte, cle=cle, importe_le=now
    )
    numero = _number(connexion.execute(ajout))
    rangees = [
        {"numero_import": numero, "ligne": ligne, **{nom: getattr(c, nom) for nom in Cible.__struct_fields__}}
        for ligne, c in nouvelles
    ]
    if rangees:
        connexion.execute(insert(CIBLE), rangees)
    return Import(numero, auteur, fichier, lignes, empreinte, now, len(rangees))


def _imports(*autres: Any) -> Select[Any]:
    siennes = CIBLE.alias("siennes")
    changees = (
        select(func.count())
        .select_from(siennes)
        .where(siennes.c.numero_import == IMPORT.c.numero)
        .correlate(IMPORT)
        .scalar_subquery()
    )
    return select(IMPORT, changees.label("changees"), *autres).select_from(IMPORT)


def _number(resultat: Any) -> int:
    cle: Sequence[int] = resultat.inserted_primary_key
    return cle[0]


def _whole(valeur: float | None) -> float | None:
    """Rows hold doubles: what is whole is shown so."""
    return int(valeur) if valeur is not None and float(valeur).is_integer() else valeur


def _value(ligne: Row[Any]) -> ValeurSaisie:
    valeur = _whole(ligne.valeur)
    assert valeur is not None  # noqa: S101  # the column takes none
    saisie = Saisie(ligne.caf, ligne.code, Periode(ligne.du, ligne.au), valeur, ligne.auteur, ligne.commentaire)
    return ValeurSaisie(ligne.numero, saisie, ligne.saisie_le)


def _target(ligne: Row[Any]) -> Cible:
    return Cible(
        ligne.caf,
        ligne.annee,
        ligne.code,
        ligne.nature,
        _whole(ligne.valeur),
        ligne.operateur,
        ligne.source,
        ligne.etat_source,
    )


def _import(ligne: Row[Any]) -> Import:
    return Import(
        ligne.numero,
        ligne.auteur,
        ligne.fichier,
        ligne.lignes,
        bytes(ligne.empreinte),
        ligne.importe_le,
        ligne.changees,
    )
