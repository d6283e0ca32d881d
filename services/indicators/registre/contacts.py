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
from services.indicators.seuils import (
    AVANT_48_HEURES,
    DIX_JOURS,
    SOUS_7_JOURS,
    SOUS_48_HEURES,
    SOUS_168_HEURES,
    Seuil,
    by_day,
    today_of,
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


def _marked(nom: str) -> Condition:
    """What contacts judged when the event came, by the hour and the minute that the fold does not keep.

    A threshold of another value needs a mark of its own in the movements: its name says which.
    """
    return Condition(nom, "=", True)


def _rate(code: str, libelle: str, population: str, formule: str, calcul: Formule, **champs: Any) -> Indicateur:
    return Indicateur(code, libelle, "taux", population, formule, calcul, coupes=COUPES_CONTACT, **champs)


def _answers() -> Iterable[Indicateur]:
    reclamation = Condition("nature", "=", "reclamation")
    generale = (COURRIEL, Condition("nature", "=", "information_generale"))
    pris_en_charge = _marked("pris_en_charge")
    jours, heures, avant = (today_of(s).valeur for s in (DIX_JOURS, SOUS_48_HEURES, AVANT_48_HEURES))

    def in_time(seuil: Seuil) -> Flux:
        return _answered(reclamation, Condition("delai", seuil.operateur, seuil.valeur))

    yield _rate(
        "COG-08-25",
        f"Réclamations traitées dans les {jours} jours",
        "Réclamations closes par une réponse dans la période",
        f"Réclamations closes au plus {jours} jours calendaires après leur réception, sur les réclamations closes",
        Rapport(by_day(DIX_JOURS, in_time), _answered(reclamation)),
        source=CPOG,
        sens="haut",
        seuils=DIX_JOURS,
    )
    yield _rate(
        "COG-08-27",
        "Courriels d'information générale traités dans les 2 jours",
        "Courriels d'information générale clos par une réponse dans la période",
        f"Courriels clos au plus {heures} heures après leur réception, sur les courriels clos",
        Rapport(
            by_day(SOUS_48_HEURES, lambda s: _answered(*generale, _marked(f"clos_sous_{s.valeur}h"))),
            _answered(*generale),
        ),
        source=CPOG,
        sens="haut",
        seuils=SOUS_48_HEURES,
    )
    yield _rate(
        "COURRIELS-PEC-48H",
        f"Courriels pris en charge en moins de {avant} heures",
        "Courriels reçus dans la période et pris en charge, transférés ou clos depuis",
        f"Courriels dont le premier de ces gestes vient moins de {avant} heures après la réception, sur cette "
        "population",
        Rapport(
            by_day(
                AVANT_48_HEURES,
                lambda s: _received(COURRIEL, pris_en_charge, _marked(f"pris_en_charge_avant_{s.valeur}h")),
            ),
            _received(COURRIEL, pris_en_charge),
        ),
        source=ARIEGE,
        sens="haut",
        seuils=AVANT_48_HEURES,
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
    heures = today_of(SOUS_168_HEURES).valeur
    yield _rate(
        "REITERATION-7J",
        f"Contacts répétés dans les {heures // 24} jours",
        "Contacts reçus dans la période",
        f"Contacts précédés d'un autre du même dossier dans les {heures} heures, sur les contacts reçus",
        Rapport(by_day(SOUS_168_HEURES, lambda s: _received(_marked(_REPETE[s.valeur]))), _received()),
        source=LOIRE_ATLANTIQUE,
        sens="bas",
        maison=True,
        seuils=SOUS_168_HEURES,
    )


# By hours, the mark that movements carry.
_REPETE: Final = {168: "repete"}


def _outcome(*filtre: Condition) -> Flux:
    return Flux("rendez_vous", "issue_le", filtre)


def _appointments() -> Iterable[Indicateur]:
    jours = today_of(SOUS_7_JOURS).valeur
    yield Indicateur(
        "RDV-7J",
        f"Rendez-vous proposés dans les {jours} jours",
        "taux",
        "Rendez-vous dont la première proposition est faite dans la période",
        f"Rendez-vous dont le premier créneau offert est au plus {jours} jours après la demande, sur cette population",
        Rapport(
            by_day(SOUS_7_JOURS, lambda s: Flux("rendez_vous", "propose", (_marked(f"propose_sous_{s.valeur}j"),))),
            Flux("rendez_vous", "propose"),
        ),
        source=f"{ARIEGE} ; {PYRENEES_ORIENTALES}",
        sens="haut",
        coupes=COUPES_RENDEZ_VOUS,
        seuils=SOUS_7_JOURS,
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
