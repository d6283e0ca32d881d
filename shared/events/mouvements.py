"""Movements: what the services publish when a decision changes what an indicator sees.

Each carries ``avant`` and ``apres``, the full image of one counted thing before and after (null: not counted). The
indicators subtract the one and add the other, so that any order of movements gives the same sums. Days are written
``AAAA-MM-JJ``, Europe/Paris; amounts are cents.
"""

from typing import Final, Generic, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.json import Decoder

from shared.events.base import Service


class Image(Struct, frozen=True, omit_defaults=True):
    """What the indicators need to know of one counted thing."""


class ImagePiece(Image, frozen=True, omit_defaults=True):
    """A piece in the stock from ``arrivee`` (inclusive) to ``fin`` (exclusive; absent: still open).

    ``fin_genre``: ``traitee`` or ``annulee``. ``attentes``: disjoint pauses [from, to) clipped to the stay, ``to``
    null while it lasts. ``jours_attente``: days of pause within the délai of a treated piece.
    """

    caf_traitante: str
    nature: str
    canal: str
    minima_sociaux: bool
    arrivee: str
    teleservice: str | None = None
    pole: str | None = None
    site: str | None = None
    fin: str | None = None
    fin_genre: str | None = None
    attentes: tuple[tuple[str, str | None], ...] = ()
    jours_attente: int = 0


class ImageCourrier(Image, frozen=True, omit_defaults=True):
    """A courrier, by its day of arrival."""

    jour: str


class ImageVerification(Image, frozen=True, omit_defaults=True):
    """A verification of quality (``moment``: iql0 or iql6)."""

    jour: str
    moment: str
    conforme: bool


class ImageControle(Image, frozen=True, omit_defaults=True):
    """A control with its two effects in cents."""

    jour: str
    type_controle: str
    indu_centimes: int
    rappel_centimes: int


class ImageContact(Image, frozen=True, omit_defaults=True):
    """A contact received on ``recu``.

    ``clos``, ``issue``, ``par``: its first closing. ``clos_sous_48h``: at most 48 h elapsed between both instants.
    ``pris_en_charge``: it has a first of pris_en_charge, transfere, clos; ``pris_en_charge_avant_48h``: that came
    less than 48 h after reception. ``repete``: another contact of the same Caf and dossier came more than 0 and at
    most 168 h before.
    """

    canal: str
    nature: str
    niveau: int
    recu: str
    site: str | None = None
    pole: str | None = None
    clos: str | None = None
    issue: str | None = None
    par: str | None = None
    clos_sous_48h: bool = False
    pris_en_charge: bool = False
    pris_en_charge_avant_48h: bool = False
    repete: bool = False


class ImageRendezVous(Image, frozen=True, omit_defaults=True):
    """A rendez-vous asked for on ``demande``.

    ``propose``: day of the first proposal; ``propose_sous_7j``: the slot it offers is at most 7 days after the
    demand. ``modalite``: of the last proposal, else of the demand. ``issue``: honore, manque or annule, the last
    by instant, on day ``issue_le``; ``excuse`` for a missed one.
    """

    modalite: str
    demande: str
    site: str | None = None
    propose: str | None = None
    propose_sous_7j: bool = False
    issue: str | None = None
    issue_le: str | None = None
    excuse: bool = False


class ImageCampagne(Image, frozen=True, omit_defaults=True):
    """A person reached by a campaign."""

    jour: str
    theme: str
    canal: str


class ImageCreance(Image, frozen=True, omit_defaults=True):
    """A créance constituted on ``constat``.

    ``du_initial_centimes``: montant less annulations of any date, never below 0. ``recouvre_24_centimes`` and
    ``recouvre_48_centimes``: encaissements not cancelled up to 24 / 48 months after the constat, at most
    ``du_initial_centimes``. ``qualifiee`` and ``prejudice_centimes``: the qualification of fraud that holds.
    """

    caf_traitante: str
    prestation: str
    cause: str
    debiteur: str
    constat: str
    montant_centimes: int
    du_initial_centimes: int
    recouvre_24_centimes: int = 0
    recouvre_48_centimes: int = 0
    qualifiee: str | None = None
    prejudice_centimes: int = 0


class ImageEncaissement(Image, frozen=True, omit_defaults=True):
    """An encaissement that is not cancelled, of a known créance."""

    jour: str
    mode: str
    montant_centimes: int
    caf_traitante: str
    prestation: str


class ImageRemise(Image, frozen=True, omit_defaults=True):
    """A step of a remise of a known créance: ``etape`` is demandee, accordee or refusee; 0 cents when refused."""

    jour: str
    etape: str
    montant_centimes: int
    caf_traitante: str
    prestation: str


_I = TypeVar("_I", bound=Image)


class Mouvement(Struct, Generic[_I], frozen=True):
    """``data`` of a movement: the counted thing ``objet``, its image before and after."""

    objet: str
    avant: _I | None
    apres: _I | None


# Named here: within a class that has a member ``type``, that name is the member.
ClasseDImage: TypeAlias = type[Image]


class TypeMouvement(Struct, frozen=True):
    """A declared movement: wire type, owning service, image."""

    type: str
    service: Service
    famille: str
    image: ClasseDImage


_FAMILLES: Final[tuple[tuple[str, Service, ClasseDImage], ...]] = (
    ("piece", "production", ImagePiece),
    ("courrier", "production", ImageCourrier),
    ("verification", "production", ImageVerification),
    ("controle", "production", ImageControle),
    ("contact", "contacts", ImageContact),
    ("rendez_vous", "contacts", ImageRendezVous),
    ("campagne", "contacts", ImageCampagne),
    ("creance", "recovery", ImageCreance),
    ("encaissement", "recovery", ImageEncaissement),
    ("remise", "recovery", ImageRemise),
)
MOUVEMENTS: Final[dict[str, TypeMouvement]] = {
    nom: TypeMouvement(nom, service, famille, image)
    for famille, service, image in _FAMILLES
    for nom in (f"fr.caf.{famille}.mouvement.v1",)
}


class EvenementMouvement(Struct, Generic[_I], frozen=True):
    """A movement as it is read from the log: what the fold needs of its envelope, and its data."""

    caf: str
    data: Mouvement[_I]


DECODEURS: Final[dict[str, Decoder[EvenementMouvement[Image]]]] = {
    nom: Decoder(EvenementMouvement[t.image])  # type: ignore[name-defined]  # the class is a value of the table
    for nom, t in MOUVEMENTS.items()
}
