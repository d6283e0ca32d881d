"""The movements behind a figure that moved, in words: what changed of their object, and the events that caused it."""

import re
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw

from services.indicators.answer import label_of
from services.indicators.arretes.affichage import word_effect
from services.indicators.arretes.reponses import MouvementDit
from services.indicators.explication.elements import CHEMINS
from shared.temps import from_iso, parse_instant
from shared.web.formats import INSECABLE, euros, jour_court, moment, nombre

# What an encaissement or a remise is counted under is not what has the fiche.
_SANS_FICHE: Final = frozenset({"encaissement", "remise"})
_JOUR: Final = re.compile(r"\d{4}-\d\d-\d\d")
_VIDE: Final = "rien"
_VALEURS: Final = {"traitee": "traitée", "annulee": "annulée"}
_FAMILLES: Final = {
    "piece": "Pièce",
    "verification": "Vérification",
    "controle": "Contrôle",
    "rendez_vous": "Rendez-vous",
    "creance": "Créance",
    "droits": "Droits",
}
# Where the name that the image has lacks an accent, or says too little.
_MEMBRES: Final = {
    "arrivee": "arrivée",
    "fin_genre": "comment elle a fini",
    "pole": "pôle",
    "recu": "reçu",
    "repete": "répété",
    "propose": "proposé",
    "issue_le": "jour de l'issue",
    "qualifiee": "fraude qualifiée",
    "teleservice": "téléservice",
    "type_controle": "type de contrôle",
    "modalite": "modalité",
    "jours_attente": "jours d'attente d'un tiers",
    "attentes": "attentes d'un tiers",
    "prejudice_centimes": "préjudice",
    "du_initial_centimes": "dû au départ",
    "recouvre_24_centimes": "recouvré en 24 mois",
    "recouvre_48_centimes": "recouvré en 48 mois",
}


class CauseAffichee(NamedTuple):
    """An event that a tool emitted."""

    type: str
    source: str
    emis: str
    id: str


class MouvementAffiche(NamedTuple):
    """A movement. ``fiche``: address of the fiche of its object, if it has one; ``effet``: what it changed of the
    figure; ``changements``: of its image."""

    enregistre: str
    famille: str
    objet: str
    fiche: str
    dossier: str
    effet: str
    changements: list[str]
    causes: list[CauseAffichee]


def word_movement(caf: str, unite: str, code: str, m: MouvementDit) -> MouvementAffiche:
    """A movement that moved a figure."""
    chemin = CHEMINS.get(m.famille) if m.famille not in _SANS_FICHE else None
    return MouvementAffiche(
        moment(parse_instant(m.enregistre_le)),
        _FAMILLES.get(m.famille, m.famille.replace("_", " ").capitalize()),
        m.objet,
        f"/fiches/{chemin}/{caf}/{m.objet}" if chemin else "",
        m.dossier,
        word_effect(code, unite, m.numerateur, m.denominateur),
        _word_changes(m.avant, m.apres),
        [CauseAffichee(e.type, e.source, moment(parse_instant(e.instant)), e.id) for e in m.evenements],
    )


def _word_changes(avant: Raw, apres: Raw) -> list[str]:
    """What is other in the image; of one that is new, its days and its amounts."""
    ancienne, nouvelle = (msgspec.json.decode(image) for image in (avant, apres))
    if nouvelle is None:
        return ["n'est plus compté"]
    if ancienne is None:
        dits = [f"{_name(n)} : {_word_member(n, v)}" for n, v in nouvelle.items() if _tells(n, v)]
        return ["compté désormais", *dits]
    noms = dict.fromkeys((*ancienne, *nouvelle))
    return [
        f"{_name(n)} : {_word_member(n, avant)} →{INSECABLE}{_word_member(n, apres)}"
        for n in noms
        for avant, apres in [_fill(ancienne.get(n), nouvelle.get(n))]
        if avant != apres
    ]


def _fill(avant: Any, apres: Any) -> tuple[Any, Any]:
    """What an image leaves out is no, nought or nothing, as the other one tells."""
    zero = next((type(v)() for v in (avant, apres) if isinstance(v, int)), None)
    return zero if avant is None else avant, zero if apres is None else apres


def _tells(nom: str, valeur: Any) -> bool:
    return nom.endswith("_centimes") or (isinstance(valeur, str) and _JOUR.fullmatch(valeur) is not None)


def _name(membre: str) -> str:
    return _MEMBRES.get(membre, membre.removesuffix("_centimes").replace("_", " "))


def _word_member(nom: str, valeur: Any) -> str:
    if valeur is None:
        return _VIDE
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    if isinstance(valeur, list):
        # Pauses: a first day, and the day when the stay goes on, if it has come.
        return ", ".join(" au ".join(_word_member("", v) for v in paire if v) for paire in valeur) or _VIDE
    if isinstance(valeur, int):
        return euros(valeur, 2) if nom.endswith("_centimes") else nombre(valeur)
    if _JOUR.fullmatch(str(valeur)):
        return jour_court(from_iso(str(valeur)))
    return _VALEURS.get(str(valeur)) or label_of(nom, str(valeur))
