"""The documents that answer a question: the same over HTTP and on the command line."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from msgspec import UNSET, Struct, UnsetType

from services.indicators.cibles import CibleAffichee
from services.indicators.figures import Chiffre
from services.indicators.maturite import Maturite, judge_maturity, last_provisional_day
from services.indicators.rules import Role
from services.indicators.valeurs import ValeurSaisie
from shared.events.base import Liste
from shared.events.contacts import CanalContact, Modalite, NatureContact
from shared.events.production import Canal, Nature, Teleservice
from shared.temps import to_iso, write_instant

NON_RENSEIGNE: Final = "Non renseigné"
_LISTES: Final[dict[str, tuple[type[Liste], ...]]] = {
    "nature": (Nature, NatureContact),
    "canal": (Canal, CanalContact),
    "teleservice": (Teleservice,),
    "modalite": (Modalite,),
}


class Fraicheur(Struct, frozen=True):
    """How fresh the figures are: instant of the last event (ISO), seconds behind, everything applied or not."""

    dernier_evenement: str | None
    retard_secondes: float | None
    a_jour: bool


class EtatFile(Struct, frozen=True):
    """A work queue now: items ready, items held, day (ISO) since which the oldest ready one waits."""

    corbeille: str
    pretes: int
    prises: int
    plus_ancienne: str | None


class SaisieAffichee(Struct, frozen=True):
    """Where a typed-in value comes from: the period that it speaks of, who gave it, and when (ISO instant)."""

    numero: int
    du: str
    au: str
    auteur: str
    saisie_le: str
    commentaire: str | None


class FilesDeRecouvrement(Protocol):
    """Recovery's own view of its work queues."""

    def queues(self, caf: str) -> Sequence[EtatFile] | None:
        """The queues of a Caf now; None when recovery cannot answer."""
        ...


class MaturiteAffichee(Struct, frozen=True):
    """Whether a figure may still move. ``etat``: ``provisoire`` or ``definitif``; ``jours``: how long it stays
    provisional after its period; ``definitif_le``: first day (ISO) on which it no longer is, once all is counted."""

    etat: str
    jours: int
    definitif_le: str


class Indication(Struct, frozen=True):
    """A figure with its unit, its formula's version, its targets and its state.

    ``termes``: what a balance is made of; ``files``: the queues behind a gauge; ``saisie``: the origin of a value that
    was typed in; ``maturite``: absent of a gauge; ``raison``: why there is no figure, where the question itself is the
    reason (French).
    """

    code: str
    libelle: str
    valeur: float | None
    numerateur: int | None
    denominateur: int | None
    unite: str
    formule: int
    cibles: list[CibleAffichee]
    etat: str
    termes: Mapping[str, int | None] | UnsetType = UNSET
    files: Sequence[EtatFile] | UnsetType = UNSET
    saisie: SaisieAffichee | UnsetType = UNSET
    maturite: MaturiteAffichee | UnsetType = UNSET
    raison: str | UnsetType = UNSET


class Reponse(Struct, frozen=True):
    """The figures of a Caf over an inclusive period, as owner of the dossiers or as the one that does the work."""

    caf: str
    du: str
    au: str
    fraicheur: Fraicheur
    indicateurs: list[Indication]
    role: str = Role.proprietaire.value


class Point(Struct, frozen=True):
    """A figure of a series, over its own inclusive period; ``definitif``: see ``MaturiteAffichee``."""

    du: str
    au: str
    valeur: float | None
    numerateur: int | None
    denominateur: int | None
    termes: Mapping[str, int | None] | UnsetType = UNSET
    definitif: bool | UnsetType = UNSET


class Tranche(Struct, frozen=True):
    """The series of one value of a dimension. ``cle`` as in ``Part``; its points are those of the whole, in order."""

    cle: str
    libelle: str
    points: list[Point]


class Serie(Struct, frozen=True):
    """An indicator through time, and the same cut along a dimension where ``par`` names one."""

    caf: str
    du: str
    au: str
    fraicheur: Fraicheur
    code: str
    libelle: str
    unite: str
    formule: int
    pas: str
    points: list[Point]
    role: str = Role.proprietaire.value
    par: str | UnsetType = UNSET
    tranches: list[Tranche] | UnsetType = UNSET


class Part(Struct, frozen=True):
    """A figure of a cut: ``cle`` is the value of the dimension, empty where the objects carry none."""

    cle: str
    libelle: str
    valeur: float | None
    numerateur: int | None
    denominateur: int | None


class Coupe(Struct, frozen=True):
    """An indicator cut along a dimension; values with nothing to count are left out."""

    caf: str
    du: str
    au: str
    fraicheur: Fraicheur
    code: str
    libelle: str
    unite: str
    formule: int
    par: str
    parts: list[Part]
    role: str = Role.proprietaire.value
    maturite: MaturiteAffichee | UnsetType = UNSET


def show_maturity(maturite: Maturite | None, au: int, today: int, *, a_jour: bool) -> MaturiteAffichee | UnsetType:
    """The maturity of the figure of a period that ends on ``au``; nothing for what is read at present."""
    if maturite is None:
        return UNSET
    etat = judge_maturity(au, maturite, today, a_jour=a_jour)
    return MaturiteAffichee(etat.value, maturite.jours, to_iso(last_provisional_day(au, maturite) + 1))


def terms_of(chiffre: Chiffre) -> Mapping[str, int | None] | UnsetType:
    """The terms that are shown with a figure, if it has some."""
    return UNSET if chiffre.termes is None else chiffre.termes


def origin_of(valeur: ValeurSaisie | None) -> SaisieAffichee | UnsetType:
    """The origin that is shown with a typed-in value, if there is one."""
    if valeur is None:
        return UNSET
    saisie = valeur.saisie
    du, au = map(to_iso, saisie.periode)
    quand = write_instant(valeur.saisie_le)
    return SaisieAffichee(valeur.numero, du, au, saisie.auteur, quand, saisie.commentaire)


def counts_something(chiffre: Chiffre) -> bool:
    """Whether a part of a cut is shown: not when its population is empty, nor when it counts nothing."""
    return chiffre.valeur is not None and (chiffre.numerateur, chiffre.denominateur) != (0, None)


def label_of(dimension: str, valeur: str | None) -> str:
    """The French label of a value of a dimension: the value itself where no list names it."""
    if valeur is None:
        return NON_RENSEIGNE
    for liste in _LISTES.get(dimension, ()):
        if valeur in liste.__members__:
            return liste[valeur].libelle
    return valeur
