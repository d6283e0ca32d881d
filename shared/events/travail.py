"""What a work queue writes in the log: who took an item, when, and what became of it.

Published by each service that hands out work, with the id ``travail-<jeton>-<geste>``. ``titulaire`` is an opaque
identifier, never a person's name. Days are written ``AAAA-MM-JJ``.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from shared.events.base import Identifiant, Instant

Jour = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", description="Jour, Europe/Paris")]
Jeton = Annotated[int, Meta(ge=1, description="Jeton de la prise, toujours croissant dans le service")]


class Geste(Struct, frozen=True, kw_only=True):
    """What every event of the queue says of the claim that it belongs to."""

    objet: Identifiant
    corbeille: Identifiant
    titulaire: Identifiant
    jeton: Jeton


class TravailPris(Geste, frozen=True, kw_only=True):
    """Un élément est pris dans une corbeille, jusqu'à la fin du bail."""

    bail_jusqu_a: Instant


class TravailTermine(Geste, frozen=True, kw_only=True, omit_defaults=True):
    """Le travail est terminé pour cette fois ; sans nouveau fait, l'élément revient le jour de reprise.

    ``date``: the day that the holder gave (a promise, a day to call again); ``reprise_le`` is absent when facts had
    already taken the item out of every corbeille.
    """

    issue: Identifiant
    date: Jour | None = None
    reprise_le: Jour | None = None


class TravailReporte(Geste, frozen=True, kw_only=True, omit_defaults=True):
    """L'élément est mis de côté jusqu'à un jour donné."""

    motif: Identifiant
    jusqu_a: Jour


class TravailRendu(Geste, frozen=True, kw_only=True):
    """L'élément est rendu à sa corbeille sans avoir été travaillé."""


class TravailBailTermine(Geste, frozen=True, kw_only=True):
    """Le bail a pris fin sans réponse de son titulaire : l'élément est de nouveau à prendre."""

    bail_termine_le: Instant


PRIS: Final = "fr.caf.travail.pris.v1"
TERMINE: Final = "fr.caf.travail.termine.v1"
REPORTE: Final = "fr.caf.travail.reporte.v1"
RENDU: Final = "fr.caf.travail.rendu.v1"
BAIL_TERMINE: Final = "fr.caf.travail.bail_termine.v1"

PUBLIES: Final[dict[str, type[Struct]]] = {
    PRIS: TravailPris,
    TERMINE: TravailTermine,
    REPORTE: TravailReporte,
    RENDU: TravailRendu,
    BAIL_TERMINE: TravailBailTermine,
}
