"""Calls, mails, visits, rendez-vous."""

from collections.abc import Iterable
from typing import Any, Final

from services.indicators.figures import Flux, Formule, Nombre, Rapport
from services.indicators.maturite import COURRIELS, FAITS_TARDIFS, ISSUES, REPONSES
from services.indicators.registre.base import (
    ARIEGE,
    COUPES_CONTACT,
    COUPES_RENDEZ_VOUS,
    CPOG,
    LOIRE_ATLANTIQUE,
    PYRENEES_ORIENTALES,
    Indicateur,
)
from services.indicators.views import Condition, Filtre
from shared.events.contacts import Modalite

REPONDU: Final = Condition("issue", "=", "repondu")
PAR_AGENT: Final = Condition("par", "=", "agent")
APPEL: Final = Condition("canal", "=", "telephone")
COURRIEL: Final = Condition("canal", "=", "courriel")
HONORE: Final = Condition("issue", "=", "honore")
MANQUE: Final = Condition("issue", "=", "manque")


def _received(*filtre: Condition) -> Flux:
    return Flux("contact", "recu", filtre)


def _answered(*filtre: Condition) -> Flux:
    return Flux("contact", "clos", (REPONDU, *filtre))


def _rate(code: str, libelle: str, population: str, formule: str, calcul: Formule, **champs: Any) -> Indicateur:
    return Indicateur(code, libelle, "taux", population, formule, calcul, coupes=COUPES_CONTACT, **champs)


def _answers() -> Iterable[Indicateur]:
    reclamation = Condition("nature", "=", "reclamation")
    generale = (COURRIEL, Condition("nature", "=", "information_generale"))
    pris_en_charge = Condition("pris_en_charge", "=", True)
    yield _rate(
        "COG-08-25",
        "Réclamations traitées dans les 10 jours",
        "Réclamations closes par une réponse dans la période",
        "Réclamations closes au plus 10 jours calendaires après leur réception, sur les réclamations closes",
        Rapport(_answered(reclamation, Condition("delai", "<=", 10)), _answered(reclamation)),
        source=CPOG,
        sens="haut",
    )
    yield _rate(
        "COG-08-27",
        "Courriels d'information générale traités dans les 2 jours",
        "Courriels d'information générale clos par une réponse dans la période",
        "Courriels clos au plus 48 heures après leur réception, sur les courriels clos",
        Rapport(_answered(*generale, Condition("clos_sous_48h", "=", True)), _answered(*generale)),
        source=CPOG,
        sens="haut",
    )
    yield _rate(
        "COURRIELS-PEC-48H",
        "Courriels pris en charge en moins de 48 heures",
        "Courriels reçus dans la période et pris en charge, transférés ou clos depuis",
        "Courriels dont le premier de ces gestes vient moins de 48 heures après la réception, sur cette population",
        Rapport(
            _received(COURRIEL, pris_en_charge, Condition("pris_en_charge_avant_48h", "=", True)),
            _received(COURRIEL, pris_en_charge),
        ),
        source=ARIEGE,
        sens="haut",
        maturite=COURRIELS,
    )


def _calls() -> Iterable[Indicateur]:
    appels = "Appels reçus dans la période"
    yield _rate(
        "APPELS-TRAITES",
        "Part des appels traités par un agent",
        appels,
        "Appels auxquels un agent a répondu, sur les appels reçus",
        Rapport(_received(APPEL, REPONDU, PAR_AGENT), _received(APPEL)),
        source=ARIEGE,
        sens="haut",
        maturite=REPONSES,
    )
    yield _rate(
        "APPELS-ABOUTIS",
        "Part des appels aboutis (agent et serveur vocal)",
        appels,
        "Appels auxquels un agent ou l'automate a répondu, sur les appels reçus",
        Rapport(_received(APPEL, REPONDU), _received(APPEL)),
        source=PYRENEES_ORIENTALES,
        sens="haut",
        maturite=REPONSES,
    )
    for code, libelle, population, terme in (
        ("APPELS-RECUS", "Appels reçus", appels, _received(APPEL)),
        (
            "APPELS-TRAITES-NOMBRE",
            "Appels traités par un agent",
            f"{appels}, auxquels un agent a répondu",
            _received(APPEL, REPONDU, PAR_AGENT),
        ),
        ("VISITES", "Visites à l'accueil", "Visites de la période", _received(Condition("canal", "=", "accueil"))),
        ("COURRIELS-RECUS", "Courriels reçus", "Courriels reçus dans la période", _received(COURRIEL)),
    ):
        yield Indicateur(
            code,
            libelle,
            "nombre",
            population,
            "Nombre",
            Nombre(terme),
            source=ARIEGE,
            coupes=COUPES_CONTACT,
            maturite=REPONSES if REPONDU in terme.filtre else FAITS_TARDIFS,
        )
    yield _rate(
        "REITERATION-7J",
        "Contacts répétés dans les 7 jours",
        "Contacts reçus dans la période",
        "Contacts précédés d'un autre du même dossier dans les 168 heures, sur les contacts reçus",
        Rapport(_received(Condition("repete", "=", True)), _received()),
        source=LOIRE_ATLANTIQUE,
        sens="bas",
        maison=True,
    )


def _outcome(*filtre: Condition) -> Flux:
    return Flux("rendez_vous", "issue_le", filtre)


def _appointments() -> Iterable[Indicateur]:
    sous_7j = Condition("propose_sous_7j", "=", True)
    yield Indicateur(
        "RDV-7J",
        "Rendez-vous proposés dans les 7 jours",
        "taux",
        "Rendez-vous dont la première proposition est faite dans la période",
        "Rendez-vous dont le premier créneau offert est au plus 7 jours après la demande, sur cette population",
        Rapport(Flux("rendez_vous", "propose", (sous_7j,)), Flux("rendez_vous", "propose")),
        source=f"{ARIEGE} ; {PYRENEES_ORIENTALES}",
        sens="haut",
        coupes=COUPES_RENDEZ_VOUS,
    )
    volumes: list[tuple[str, str, Filtre]] = [("RDV-HONORES", "Rendez-vous honorés", (HONORE,))]
    for modalite in Modalite:
        par_modalite = (HONORE, Condition("modalite", "=", modalite.value))
        volumes.append(
            (f"RDV-HONORES-{modalite.value}", f"Rendez-vous honorés {modalite.libelle.lower()}", par_modalite)
        )
    volumes.append(("RDV-MANQUES", "Rendez-vous manqués, excusés ou non", (MANQUE,)))
    for code, libelle, filtre in volumes:
        yield Indicateur(
            code,
            libelle,
            "nombre",
            "Rendez-vous dont l'issue est constatée dans la période",
            "Nombre de rendez-vous",
            Nombre(_outcome(*filtre)),
            source=ARIEGE,
            coupes=COUPES_RENDEZ_VOUS,
            maturite=ISSUES,
        )
    yield Indicateur(
        "TAUX-ABSENCE",
        "Taux d'absence aux rendez-vous",
        "taux",
        "Rendez-vous honorés ou manqués dans la période",
        "Rendez-vous manqués, sur les rendez-vous manqués ou honorés",
        Rapport(_outcome(MANQUE), _outcome(Condition("issue", "dans", ("honore", "manque")))),
        sens="bas",
        coupes=COUPES_RENDEZ_VOUS,
        maturite=ISSUES,
    )


CONTACTS: Final = (*_answers(), *_calls(), *_appointments())
