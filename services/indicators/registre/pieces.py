"""Délais, stock, solde and flows of pieces."""

from collections.abc import Iterable
from typing import Any, Final

from services.indicators.figures import (
    ANNULEE,
    TRAITEE,
    AgeMax,
    Balance,
    DerniersOuvres,
    Difference,
    Flux,
    Fois,
    Formule,
    MoyenneOuvree,
    Niveau,
    Nombre,
    RangDelai,
    Rapport,
    StockAncien,
    Terme,
)
from services.indicators.maturite import REOUVERTURES
from services.indicators.registre.base import (
    ARIEGE,
    COUPES_PIECE,
    CPOG,
    PYRENEES_ORIENTALES,
    Indicateur,
    Unite,
)
from services.indicators.seuils import (
    JOURS_DU_SOLDE,
    MOINS_DE_10_JOURS,
    MOINS_DE_15_JOURS,
    PLUS_DE_40_JOURS,
    Seuil,
    at_end,
    by_day,
    today_of,
)
from services.indicators.views import Condition
from shared.events.production import Teleservice

MINIMA: Final = Condition("nature", "dans", ("demande_rsa", "demande_aah"))
WEB: Final = Condition("canal", "=", "web")
INTERNE: Final = Condition("canal", "=", "interne")
RECUE: Final = Condition("canal", "!=", "interne")
AVEC_TELESERVICE: Final = Condition("teleservice", "!=", None)

TRAITEES: Final = "Pièces traitées dans la période, toutes issues, à leur dernier traitement"
A_TRAITER: Final = "Pièces ouvertes à la fin de la période"
ARRIVEES: Final = "Pièces arrivées dans la période"


def _piece(
    code: str, libelle: str, unite: Unite, population: str, formule: str, calcul: Formule, **champs: Any
) -> Indicateur:
    return Indicateur(code, libelle, unite, population, formule, calcul, coupes=COUPES_PIECE, **champs)


def _outgoing(*args: Any, **champs: Any) -> Indicateur:
    """An indicator of treated or open pieces: a piece counts at its last treatment, so a reopening changes both."""
    return _piece(*args, maturite=REOUVERTURES, **champs)


def _treated(*filtre: Condition, mesure: str = "n") -> Flux:
    return Flux("piece", "fin", (TRAITEE, *filtre), mesure)


def _arrived(*filtre: Condition) -> Flux:
    return Flux("piece", "arrivee", filtre)


def _mean_delay(code: str, libelle: str, population: str, *filtre: Condition) -> Indicateur:
    return _outgoing(
        code,
        libelle,
        "jours",
        population,
        "Somme des délais, en jours calendaires de l'arrivée au dernier traitement, divisée par le nombre de pièces",
        Rapport(_treated(*filtre, mesure="delai"), _treated(*filtre)),
        source=f"{CPOG} ; {ARIEGE}",
        sens="bas",
    )


def _delays() -> Iterable[Indicateur]:
    yield _mean_delay("COG-08-29", "Délai moyen de démarche des prestations légales", TRAITEES)
    yield _mean_delay(
        "COG-08-30",
        "Délai moyen de démarche des bénéficiaires de minima sociaux",
        "Pièces traitées dont le dossier touche un minimum social",
        Condition("minima_sociaux", "=", True),
    )
    yield _mean_delay(
        "COG-08-31",
        "Délai moyen de démarche des demandes de minima sociaux",
        "Demandes de RSA et d'AAH traitées dans la période",
        MINIMA,
    )
    yield _mean_delay(
        "COG-08-32",
        "Délai moyen de démarche des demandes d'aide personnelle au logement",
        "Demandes d'aide au logement traitées dans la période",
        Condition("nature", "=", "demande_al"),
    )
    for code, libelle, pourcents in (("DELAI-MEDIAN", "Médiane du délai", 50), ("DELAI-P90", "9e décile du délai", 90)):
        yield _outgoing(
            code,
            libelle,
            "jours",
            TRAITEES,
            f"Plus petit délai que n'excèdent pas au moins {pourcents} % des pièces",
            RangDelai(pourcents),
            sens="bas",
        )
    yield _outgoing(
        "DELAI-HORS-ATTENTE",
        "Délai moyen hors attente",
        "jours",
        TRAITEES,
        "Somme des délais, moins les jours suspendus en attente d'un tiers, divisée par le nombre de pièces",
        Rapport(Difference(_treated(mesure="delai"), _treated(mesure="jours_attente")), _treated()),
        sens="bas",
        maison=True,
    )
    yield _quick(
        "PART-15J", "Pièces traitées en moins de {} jours", TRAITEES, "Pièces", "les pièces traitées", MOINS_DE_15_JOURS
    )
    yield _quick(
        "PART-MINIMA-10J",
        "Demandes de minima sociaux traitées en moins de {} jours",
        "Demandes de RSA et d'AAH traitées dans la période",
        "Demandes",
        "les demandes traitées",
        MOINS_DE_10_JOURS,
        MINIMA,
    )


def _quick(
    code: str, libelle: str, population: str, quoi: str, sur: str, seuils: tuple[Seuil, ...], *filtre: Condition
) -> Indicateur:
    jours = today_of(seuils).valeur
    rapides = by_day(seuils, lambda s: _treated(*filtre, Condition("delai", s.operateur, s.valeur)))
    return _outgoing(
        code,
        libelle.format(jours),
        "taux",
        population,
        f"{quoi} au délai strictement inférieur à {jours} jours, sur {sur}",
        Rapport(rapides, _treated(*filtre)),
        source=ARIEGE,
        sens="haut",
        seuils=seuils,
    )


def _stock() -> Iterable[Indicateur]:
    stock = Niveau("stock")
    attente = Niveau("attente")
    traitable = Difference(stock, attente)
    ancien = today_of(PLUS_DE_40_JOURS).valeur
    yield _outgoing(
        "COG-08-33",
        f"Part du stock de plus de {ancien} jours",
        "taux",
        A_TRAITER,
        f"Pièces arrivées depuis strictement plus de {ancien} jours, sur les pièces ouvertes",
        Rapport(at_end(PLUS_DE_40_JOURS, lambda s: StockAncien(s.valeur)), stock),
        source=CPOG,
        sens="bas",
        seuils=PLUS_DE_40_JOURS,
    )
    for code, libelle, population, terme in (
        ("STOCK", "Pièces à traiter", A_TRAITER, stock),
        ("STOCK-EN-ATTENTE", "Pièces à traiter qui attendent un tiers", f"{A_TRAITER}, suspendues", attente),
        ("STOCK-TRAITABLE", "Pièces à traiter sans attendre", f"{A_TRAITER}, non suspendues", traitable),
    ):
        yield _outgoing(code, libelle, "nombre", population, "Nombre de pièces", Nombre(terme), sens="bas")
    yield from _balance_in_days("SOLDE-JOURS", "Solde en jours", A_TRAITER, stock)
    yield from _balance_in_days(
        "SOLDE-TRAITABLE-JOURS", "Solde traitable en jours", f"{A_TRAITER}, non suspendues", traitable
    )
    yield _outgoing(
        "AGE-MAX",
        "Âge de la plus ancienne pièce à traiter",
        "jours",
        A_TRAITER,
        "Jours calendaires depuis l'arrivée de la plus ancienne",
        AgeMax(),
        sens="bas",
    )


def _balance_in_days(code: str, libelle: str, population: str, terme: Terme) -> Iterable[Indicateur]:
    jours = today_of(JOURS_DU_SOLDE).valeur
    solde = Rapport(
        at_end(JOURS_DU_SOLDE, lambda s: Fois(s.valeur, terme)),
        at_end(JOURS_DU_SOLDE, lambda s: DerniersOuvres(_treated(), s.valeur)),
    )
    yield _outgoing(
        code,
        libelle,
        "jours",
        population,
        f"Pièces × {jours}, sur les pièces traitées depuis le {jours}e dernier jour ouvré, inclus",
        solde,
        source=PYRENEES_ORIENTALES,
        sens="bas",
        maison=True,
        seuils=JOURS_DU_SOLDE,
    )
    yield _outgoing(
        f"{code}-MOYEN",
        f"{libelle}, moyenne de la période",
        "jours",
        population,
        f"Moyenne, sur les jours ouvrés de la période, du solde de fin de journée (pièces × {jours}, sur les pièces "
        f"traitées depuis le {jours}e dernier jour ouvré, inclus)",
        MoyenneOuvree(solde),
        source=PYRENEES_ORIENTALES,
        sens="bas",
        maison=True,
        seuils=JOURS_DU_SOLDE,
    )


def _flows() -> Iterable[Indicateur]:
    annulees = Flux("piece", "fin", (ANNULEE,))
    for code, libelle, population, terme in (
        ("PIECES-ARRIVEES", "Pièces arrivées", ARRIVEES, _arrived()),
        ("PIECES-RECUES", "Pièces reçues", f"{ARRIVEES}, hors travail interne", _arrived(RECUE)),
        ("PIECES-INTERNES", "Pièces créées par l'office", f"{ARRIVEES} par travail interne", _arrived(INTERNE)),
        ("PIECES-TRAITEES", "Pièces traitées", TRAITEES, _treated()),
        ("PIECES-ANNULEES", "Pièces annulées", "Pièces annulées dans la période, à leur première annulation", annulees),
    ):
        sorte = _outgoing if code == "PIECES-TRAITEES" else _piece
        yield sorte(code, libelle, "nombre", population, "Nombre de pièces", Nombre(terme), source=ARIEGE)
    yield Indicateur(
        "BALANCE",
        "Balance des pièces",
        "nombre",
        "Pièces de la Caf",
        "Stock d'ouverture + arrivées − traitées − annulées − clôture comptée par la production ; 0, ou une alerte",
        Balance(_arrived(), _treated(), annulees),
        maturite=REOUVERTURES,
    )


def _web() -> Iterable[Indicateur]:
    yield _piece(
        "PART-WEB",
        "Part des pièces arrivées par le web",
        "taux",
        ARRIVEES,
        "Pièces du canal web, sur les pièces arrivées",
        Rapport(_arrived(WEB), _arrived()),
        source=ARIEGE,
        sens="haut",
    )
    yield _piece(
        "PART-WEB-RECUES",
        "Part des pièces reçues par le web",
        "taux",
        f"{ARRIVEES}, hors travail interne",
        "Pièces du canal web, sur les pièces reçues",
        Rapport(_arrived(WEB), _arrived(RECUE)),
        source=ARIEGE,
        sens="haut",
    )
    yield _usage("COG-08-28", "Usage des téléservices du bouquet allocataires", CPOG, AVEC_TELESERVICE)
    for teleservice in Teleservice:
        yield _usage(
            f"TELESERVICE-{teleservice.value}",
            f"Usage du téléservice {teleservice.libelle}",
            PYRENEES_ORIENTALES,
            Condition("teleservice", "=", teleservice.value),
        )


def _usage(code: str, libelle: str, source: str, filtre: Condition) -> Indicateur:
    return _piece(
        code,
        libelle,
        "taux",
        f"{ARRIVEES}, que ce téléservice peut porter",
        "Pièces du canal web, sur les pièces de cette population",
        Rapport(_arrived(filtre, WEB), _arrived(filtre)),
        source=source,
        sens="haut",
    )


PIECES: Final = (*_delays(), *_stock(), *_flows(), *_web())
