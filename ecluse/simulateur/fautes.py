"""What tools get wrong: an event that the door must refuse on its bytes alone, each kind for a reason of its own.

Such an event comes beside the good one, never instead of it: a refusal leaves no trace, so no figure moves.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Final

Document = dict[str, Any]
_MONTANT: Final = "montant_centimes"


def _unknown_type(document: Document, _: str) -> None:
    document["type"] = document["type"].replace(".v1", ".v0")


def _missing_member(document: Document, instant: str) -> None:
    del document["data"][instant]


def _unknown_member(document: Document, _: str) -> None:
    document["data"]["commentaire"] = "saisi deux fois"


def _null_member(document: Document, instant: str) -> None:
    document["data"][instant] = None


def _unreal_instant(document: Document, instant: str) -> None:
    texte = document["data"][instant]
    document["data"][instant] = f"{texte[:4]}-02-30{texte[10:]}"


def _future_instant(document: Document, instant: str) -> None:
    # Later than its own emission: refused whatever the day on which it is judged.
    texte = document["time"]
    document["data"][instant] = f"{int(texte[:4]) + 1}-03-01{texte[10:]}"


def _nir(document: Document, _: str) -> None:
    # Neither month nor commune nor rank 0 exist: it has the form of a NIR, and can be that of nobody.
    annee = int(document["time"][2:4])
    document["subject"] = f"{1 + annee % 2}{annee:02d}{0:010d}"


def _unreadable_caf(document: Document, _: str) -> None:
    document["caf"] = document["caf"].lstrip("0")[:2]


def _fraction(document: Document, _: str) -> None:
    document["data"][_MONTANT] = document["data"][_MONTANT] / 100 + 0.005


FAUTES: Final[Mapping[str, Callable[[Document, str], None]]] = {
    "type_inconnu": _unknown_type,
    "membre_absent": _missing_member,
    "membre_inconnu": _unknown_member,
    "membre_nul": _null_member,
    "instant_irreel": _unreal_instant,
    "instant_posterieur": _future_instant,
    "nir": _nir,
    "caf_illisible": _unreadable_caf,
    "montant_a_virgule": _fraction,
}
"""By name; each changes a good document, given with the name of its business instant."""
_MEMBRES: Final[Mapping[str, str]] = {"montant_a_virgule": _MONTANT}
_PARTOUT: Final[Sequence[str]] = [nom for nom in FAUTES if nom not in _MEMBRES]


def pick_fault(tirage: Random, data: Mapping[str, Any]) -> str:
    """One of the faults that an event with these members can have."""
    possibles = [*_PARTOUT, *(nom for nom, membre in _MEMBRES.items() if membre in data)]
    return possibles[int(tirage.random() * len(possibles))]


def spoil(document: Document, faute: str, instant: str) -> None:
    """Put a fault into a good document, whose business instant is the member ``instant``."""
    FAUTES[faute](document, instant)
