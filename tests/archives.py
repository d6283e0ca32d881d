"""A house whose logs were written over several months."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ecluse.acces import AccesLocal
from ecluse.importation import LOT, Ligne
from ecluse.maison import Maison, open_house
from shared.reglages import Reglages
from shared.temps import parse_instant
from tests.maisons import send_all

MOIS: Final = ("2023-02", "2023-03", "2023-05", "2023-12")


@dataclass
class Horloge:
    """The time that a test says it is."""

    maintenant: int

    def __call__(self) -> int:
        """The instant now."""
        return self.maintenant

    @classmethod
    def at(cls, texte: str) -> Horloge:
        """A clock that says this instant."""
        return cls(parse_instant(texte))

    def set(self, texte: str) -> None:
        """Move it."""
        self.maintenant = parse_instant(texte)


@contextmanager
def house_at(dossier: Path, horloge: Horloge) -> Iterator[Maison]:
    """A house that believes this clock."""
    dossier.mkdir(parents=True, exist_ok=True)
    with open_house(Reglages(dossier, clock=horloge, lot_max=LOT)) as maison:
        yield maison


def import_over_months(dossier: Path, lignes: Sequence[Ligne], mois: Sequence[str] = MOIS) -> None:
    """Import lines in as many parts as there are months, each recorded in its own."""
    horloge = Horloge.at(f"{mois[0]}-10T08:00:00Z")
    bornes = [len(lignes) * rang // len(mois) for rang in range(len(mois) + 1)]
    for nom, debut, fin in zip(mois, bornes[:-1], bornes[1:], strict=True):
        horloge.set(f"{nom}-10T08:00:00Z")
        with house_at(dossier, horloge) as maison:
            send_all(AccesLocal(maison), lignes[debut:fin], dossier / "rejets")
