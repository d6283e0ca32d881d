"""The documents that the arrêtés answer: the same over HTTP and on the command line."""

from typing import Any

from msgspec import Raw, Struct

from services.indicators.answer import Fraicheur, SaisieAffichee
from services.indicators.arretes.suite import EvenementCause


class ResumeArrete(Struct, frozen=True):
    """An arrêté of a list. ``empreinte``: SHA-256 of its document; ``provisoire``: its period was not over."""

    id: str
    caf: str
    periode: str
    provisoire: bool
    pris_le: str
    empreinte: str


class PageArretes(Struct, frozen=True):
    """Arrêtés in the order of their Caf and number; ``suite``: where the next page begins, None at the end."""

    arretes: list[ResumeArrete]
    suite: str | None


class Verification(Struct, frozen=True):
    """Every fingerprint and link, computed again. ``derniers``: id and fingerprint of the last arrêté of each Caf,
    to be held against what was noted elsewhere: nothing else tells that the last ones were removed."""

    verifies: int
    anomalies: list[str]
    derniers: list[ResumeArrete]


class Termes(Struct, frozen=True):
    """What a figure is made of at one moment."""

    valeur: float | None
    numerateur: int | None
    denominateur: int | None
    etat: str
    termes: dict[str, int | None] | None = None


class Ecart(Struct, frozen=True):
    """A figure that is no longer what was told.

    ``mouvements``: how many movements had a part in it, None where its formula is no sum over objects; ``numerateur``
    and ``denominateur``: what they add up to, where the figure shows these terms. ``explique``: the logs, taken back to
    the arrêté, give the figure that was told: what they recorded since is the whole difference; of a value that was
    typed in, another one was since (``saisie``: where it comes from).
    """

    code: str
    libelle: str
    unite: str
    formule: int
    arrete: Termes
    maintenant: Termes
    mouvements: int | None
    numerateur: int | None
    denominateur: int | None
    explique: bool
    saisie: SaisieAffichee | None = None


class FormuleChangee(Struct, frozen=True):
    """A formula that is no longer that of the arrêté. ``alors``: today's formula on what was known then."""

    code: str
    libelle: str
    unite: str
    formule_arretee: int
    formule: int
    arrete: Termes
    alors: Termes
    maintenant: Termes


class CibleChangee(Struct, frozen=True):
    """A figure whose targets are no longer those of the arrêté. ``etat_arrete``, ``etat``: what the figure of then was
    worth against those of then, and what the one of now is worth against those of now."""

    code: str
    arretees: list[dict[str, Any]]
    maintenant: list[dict[str, Any]]
    etat_arrete: str
    etat: str


class Ecarts(Struct, frozen=True):
    """An arrêté held against the figures of today. ``identiques``: figures that have not moved; ``nouveaux`` and
    ``disparus``: codes that the registry has gained or lost; ``enregistrements``: records of the logs read since;
    ``inexplique``: why movements can not be told, None when they are."""

    arrete: ResumeArrete
    fraicheur: Fraicheur
    ecarts: list[Ecart]
    formules: list[FormuleChangee]
    cibles: list[CibleChangee]
    identiques: int
    nouveaux: list[str]
    disparus: list[str]
    enregistrements: int
    inexplique: str | None


class MouvementDit(Struct, frozen=True):
    """A movement that moved a figure. ``journal`` and ``position``: its place; ``enregistre_le``: when it was written
    there (ISO); ``avant``, ``apres``: images of the object; ``numerateur``, ``denominateur``: what it changed of the
    terms; ``evenements``: what the tools said, none when a person or a replay did."""

    journal: str
    position: int
    enregistre_le: str
    mouvement: str
    famille: str
    objet: str
    dossier: str
    avant: Raw
    apres: Raw
    numerateur: int | None
    denominateur: int | None
    evenements: list[EvenementCause]


class PageMouvements(Struct, frozen=True):
    """The movements that moved a figure, in the order of the logs; ``suite``: where the next page begins."""

    arrete: str
    code: str
    fraicheur: Fraicheur
    mouvements: list[MouvementDit]
    suite: str | None
