"""The documents of values and targets: the same over HTTP and on the command line."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.indicators.cibles import RETIREE, Cible, Etat, Nature
from services.indicators.contrat import Contrat, Importation
from services.indicators.depot import CibleDatee, Import
from services.indicators.registre import REGISTRE
from services.indicators.rules import DERNIER_JOUR, PREMIER_JOUR, Periode, PeriodeInvalide, parse_period
from services.indicators.valeurs import Saisie, ValeurSaisie
from shared.temps import to_iso, write_instant

VALEURS_MAX: Final = 500


@dataclass(frozen=True)
class ValeurDocument:
    """A value typed in. ``en_vigueur``: no later one of the same period has taken its place."""

    numero: int
    caf: str
    code: str
    libelle: str
    du: str
    au: str
    valeur: int | float
    unite: str
    auteur: str
    saisie_le: str
    commentaire: str | None
    en_vigueur: bool


@dataclass(frozen=True)
class InscriptionDocument:
    """What became of a value. ``nouvelle``: recorded now; otherwise it was there already."""

    nouvelle: bool
    valeur: ValeurDocument


@dataclass(frozen=True)
class PageValeurs:
    """Values in the order of their recording. ``suivant``: after which number the next page begins, None at the end."""

    valeurs: list[ValeurDocument]
    suivant: int | None


@dataclass(frozen=True)
class ImportDocument:
    """A list of targets that was taken: by whom, when; its lines, and how many said something new."""

    numero: int
    auteur: str
    fichier: str | None
    importe_le: str
    lignes: int
    changees: int


@dataclass(frozen=True)
class ImportationDocument:
    """What became of a list. ``nouvelle``: taken now; ``importation`` None: every line was in force already."""

    nouvelle: bool
    lignes: int
    changees: int
    importation: ImportDocument | None


@dataclass(frozen=True)
class CibleDocument:
    """A target. ``etat``: ``transmise``, ``cible_non_transmise``, ``suivi`` or ``retiree``."""

    code: str
    libelle: str
    nature: str
    valeur: int | float | None
    operateur: str | None
    unite: str
    etat: str
    etat_source: str
    source: str
    en_vigueur: bool
    importation: ImportDocument


@dataclass(frozen=True)
class ListeCibles:
    """The targets of a Caf and a year, oldest first within a code and a kind."""

    caf: str
    annee: int
    cibles: list[CibleDocument]


def parse_days(du: str | None, au: str | None, annee: int | None) -> Periode:
    """The period that a year, or two days, write. Raises ``PeriodeInvalide``."""
    if annee is None and du is not None and au is not None:
        return parse_period(du, au)
    if annee is None or du is not None or au is not None:
        raise PeriodeInvalide("donner l'année, ou du et au")
    premiere, derniere = date.fromordinal(PREMIER_JOUR).year, date.fromordinal(DERNIER_JOUR).year
    if not premiere <= annee <= derniere:
        raise PeriodeInvalide(f"année {annee} hors des années {premiere} à {derniere}")
    return Periode(date(annee, 1, 1).toordinal(), date(annee, 12, 31).toordinal())


def record_value(contrat: Contrat, saisie: Saisie, cle: str | None) -> InscriptionDocument:
    """See ``Contrat.record``."""
    inscription = contrat.record(saisie, cle)
    valeur = inscription.valeur
    return InscriptionDocument(inscription.nouvelle, _value(valeur, contrat.valeurs.exactly(*valeur.cle) == valeur))


def list_values(contrat: Contrat, caf: str, code: str | None, apres: int, limite: int) -> PageValeurs:
    """See ``Contrat.list_values``."""
    # One more than asked tells whether there is a next page.
    lues = contrat.list_values(caf, code, apres, limite + 1)
    page = [_value(*lue) for lue in lues[:limite]]
    return PageValeurs(page, page[-1].numero if len(lues) > limite else None)


def last_values(contrat: Contrat, caf: str, code: str) -> list[ValeurDocument]:
    """The last values of an indicator, newest first."""
    return [_value(*lue) for lue in contrat.list_values(caf, code, limite=VALEURS_MAX, recentes=True)]


def tell_import(importation: Importation) -> ImportationDocument:
    """What became of a list of targets."""
    fait = importation.fait
    return ImportationDocument(
        importation.nouvelle,
        importation.lignes,
        fait.changees if fait is not None and importation.nouvelle else 0,
        None if fait is None else _import(fait),
    )


def list_targets(contrat: Contrat, caf: str, annee: int, *, historique: bool) -> ListeCibles:
    """See ``Contrat.list_targets``; without ``historique``, those in force alone."""
    donnees = contrat.list_targets(caf, annee)
    derniers = {(d.cible.code, d.cible.nature): d.imports.numero for d in donnees}
    cibles = [_target(d, derniers[d.cible.code, d.cible.nature] == d.imports.numero) for d in donnees]
    return ListeCibles(caf, annee, [c for c in cibles if historique or c.en_vigueur])


def list_imports(contrat: Contrat) -> list[ImportDocument]:
    """See ``Contrat.list_imports``."""
    return [_import(fait) for fait in contrat.list_imports()]


def _value(valeur: ValeurSaisie, en_vigueur: bool) -> ValeurDocument:
    s = valeur.saisie
    return ValeurDocument(
        numero=valeur.numero,
        caf=s.caf,
        code=s.code,
        libelle=REGISTRE[s.code].libelle,
        du=to_iso(s.periode.du),
        au=to_iso(s.periode.au),
        valeur=s.valeur,
        unite=REGISTRE[s.code].unite,
        auteur=s.auteur,
        saisie_le=write_instant(valeur.saisie_le),
        commentaire=s.commentaire,
        en_vigueur=en_vigueur,
    )


def _target(donnee: CibleDatee, derniere: bool) -> CibleDocument:
    c = donnee.cible
    return CibleDocument(
        code=c.code,
        libelle=REGISTRE[c.code].libelle,
        nature=c.nature,
        valeur=c.valeur,
        operateur=c.operateur,
        unite=REGISTRE[c.code].unite,
        etat=_state(c),
        etat_source=c.etat_source,
        source=c.source,
        en_vigueur=derniere and c.etat_source != RETIREE,
        importation=_import(donnee.imports),
    )


def _state(cible: Cible) -> str:
    if cible.etat_source == RETIREE:
        return RETIREE
    if cible.nature == Nature.suivi:
        return Etat.suivi
    return Etat.cible_non_transmise if cible.valeur is None else "transmise"


def _import(fait: Import) -> ImportDocument:
    return ImportDocument(
        fait.numero, fait.auteur, fait.fichier, write_instant(fait.importe_le), fait.lignes, fait.changees
    )
