"""Events to verify, and what the report says of them."""

import json
from collections.abc import Iterable
from typing import Any

from ecluse.verification import Rapport, verify
from shared.temps import from_datetime
from tests.fabrique import RECEPTION, evenement

MATIN = "2023-01-05T08:00:00Z"


def report(bruts: Iterable[Any]) -> Rapport:
    """The report on events given as values or bytes, one per line."""
    lignes = [b if isinstance(b, bytes) else json.dumps(b).encode() for b in bruts]
    return verify(enumerate(lignes, start=1), from_datetime(RECEPTION))


def piece(nom: str, quand: str, objet: str = "P-1", source: str = "/ged", id: str = "", **attributs: Any) -> Any:
    """A fact of a piece, emitted when it happened."""
    donnees: dict[str, dict[str, Any]] = {
        "arrivee": {"nature": "autre", "canal": "web", "minima_sociaux": False},
        "traitee": {"issue": "classee"},
    }
    brut = evenement(f"piece.{nom}", quand, source=source, id=id, piece=objet, **donnees.get(nom, {}))
    return brut | {"time": quand} | attributs


def steps(rapport: Rapport) -> set[tuple[str, str, int, int]]:
    return {(e.evenement, e.manque, e.evenements, e.objets) for s in rapport.sources for e in s.etapes_absentes}
