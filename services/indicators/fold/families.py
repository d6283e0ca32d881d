"""The families of cells, as data: which members of an image make a cell, and what is summed in it.

A cell is (Caf, categories, one or two days). Its days are counted from ``ORIGINE``, 0 where there is none. The first
measure of a family counts (things, or changes of a level); the others are sums of the image's own members.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, NamedTuple

from shared.events.mouvements import Image, ImagePiece
from shared.temps import from_iso

# Raised with every change of the families, of their members or of what they sum: checkpoints are then rebuilt.
VERSION_PLI: Final = 1
# The first instant of the contract is on 31 December 1969 in Paris at the earliest, written with an offset.
ORIGINE: Final = date(1969, 12, 1).toordinal()
JOUR_MAX: Final = 0xFFFF

Categorie = str | int | bool | None


class Part(NamedTuple):
    """What one image adds to one cell: its categories, its days from ``ORIGINE``, its measures."""

    categories: tuple[Categorie, ...]
    jour: int
    second: int
    mesures: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Famille:
    """A family of cells. ``parts`` gives what an image adds to its cells."""

    nom: str
    dims: tuple[str, ...]
    jours: tuple[str, ...]
    mesures: tuple[str, ...]
    parts: Callable[[Any], Iterable[Part]]


@lru_cache(maxsize=100_000)
def day_offset(jour: str | None) -> int:
    """Days from ``ORIGINE`` to ``AAAA-MM-JJ``; 0 for None. ``ValueError`` outside the years of the contract."""
    if jour is None:
        return 0
    ecart = from_iso(jour) - ORIGINE
    if not 0 < ecart <= JOUR_MAX:
        raise ValueError(f"jour hors des années du contrat : {jour}")
    return ecart


def _reader(noms: tuple[str, ...]) -> Callable[[Image], tuple[Any, ...]]:
    if not noms:
        return lambda image: ()
    lire = attrgetter(*noms)
    return lire if len(noms) > 1 else lambda image: (lire(image),)


def _simple(nom: str, dims: tuple[str, ...], jours: tuple[str, ...], sommes: tuple[str, ...] = ()) -> Famille:
    """A family where an image adds one to one cell, and its own members to the sums."""
    lire_dims, lire_jours, lire_sommes = _reader(dims), _reader(jours), _reader(sommes)

    def parts(image: Image) -> tuple[Part]:
        dates = lire_jours(image)
        second = day_offset(dates[1]) if len(dates) > 1 else 0
        return (Part(lire_dims(image), day_offset(dates[0]), second, (1, *lire_sommes(image))),)

    return Famille(nom, dims, jours, ("n", *sommes), parts)


_DIMS_NIVEAU: Final = ("caf_traitante", "nature", "canal", "teleservice", "pole", "site")
_lire_niveau = _reader(_DIMS_NIVEAU)


def _level_changes(image: ImagePiece) -> Iterator[Part]:
    """By how much a piece moves the stock, and the part of it that waits, at the end of each day where it does."""
    dims = _lire_niveau(image)
    yield Part(dims, day_offset(image.arrivee), 0, (1, 0))
    if image.fin is not None:
        yield Part(dims, day_offset(image.fin), 0, (-1, 0))
    for debut, fin in image.attentes:
        yield Part(dims, day_offset(debut), 0, (0, 1))
        if fin is not None:
            yield Part(dims, day_offset(fin), 0, (0, -1))


PIECE: Final = _simple(
    "piece",
    ("caf_traitante", "nature", "canal", "minima_sociaux", "teleservice", "pole", "site", "fin_genre"),
    ("arrivee", "fin"),
    ("jours_attente",),
)
# The daily margin of the stock, kept beside the flow matrix and not derived from it, so that each can judge the other.
NIVEAU: Final = Famille("niveau", _DIMS_NIVEAU, ("jour",), ("stock", "attente"), _level_changes)

# Which families the movements of a type feed.
FAMILLES_DE: Final[dict[str, tuple[Famille, ...]]] = {
    "fr.caf.piece.mouvement.v1": (PIECE, NIVEAU),
    "fr.caf.courrier.mouvement.v1": (_simple("courrier", (), ("jour",)),),
    "fr.caf.verification.mouvement.v1": (_simple("verification", ("moment", "conforme"), ("jour",)),),
    "fr.caf.controle.mouvement.v1": (
        _simple("controle", ("type_controle",), ("jour",), ("indu_centimes", "rappel_centimes")),
    ),
    "fr.caf.contact.mouvement.v1": (
        _simple(
            "contact",
            (
                "canal",
                "nature",
                "niveau",
                "site",
                "pole",
                "issue",
                "par",
                "clos_sous_48h",
                "pris_en_charge",
                "pris_en_charge_avant_48h",
                "repete",
            ),
            ("recu", "clos"),
        ),
    ),
    "fr.caf.rendez_vous.mouvement.v1": (
        _simple("rendez_vous", ("modalite", "site", "propose_sous_7j", "issue", "excuse"), ("propose", "issue_le")),
    ),
    "fr.caf.campagne.mouvement.v1": (_simple("campagne", ("theme", "canal"), ("jour",)),),
    "fr.caf.creance.mouvement.v1": (
        _simple(
            "creance",
            ("caf_traitante", "prestation", "cause", "debiteur"),
            ("constat", "qualifiee"),
            (
                "montant_centimes",
                "du_initial_centimes",
                "recouvre_24_centimes",
                "recouvre_48_centimes",
                "prejudice_centimes",
            ),
        ),
    ),
    "fr.caf.encaissement.mouvement.v1": (
        _simple("encaissement", ("caf_traitante", "prestation", "mode"), ("jour",), ("montant_centimes",)),
    ),
    "fr.caf.remise.mouvement.v1": (
        _simple("remise", ("caf_traitante", "prestation", "etape"), ("jour",), ("montant_centimes",)),
    ),
}
FAMILLES: Final[dict[str, Famille]] = {f.nom: f for familles in FAMILLES_DE.values() for f in familles}
