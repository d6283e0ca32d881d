"""What the running house knows and the live flow needs: everything that is open, read anew before each day.

The live flow keeps no state of its own. Whatever stopped, was restarted or was done by somebody else meanwhile, the
house is the only truth about what is open.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class PieceOuverte(NamedTuple):
    """A piece to treat. ``arrivee``: its day; ``en_attente``: it waits on someone; ``minima``: of a dossier that draws
    a minimum social; ``urgente``: a rupture de droits."""

    piece: str
    dossier: str
    arrivee: int
    nature: str
    en_attente: bool
    minima: bool = False
    urgente: bool = False


class CreanceOuverte(NamedTuple):
    """A créance with something left to recover."""

    creance: str
    dossier: str
    reste_centimes: int


class ContactOuvert(NamedTuple):
    """A mail or a letter without an answer."""

    contact: str
    dossier: str
    canal: str


class RendezVousPris(NamedTuple):
    """A rendez-vous without an outcome. ``debut``: its instant."""

    rdv: str
    dossier: str
    debut: int


@dataclass(frozen=True)
class EnCours:
    """What is open. Each list is the oldest first; a list left empty only means that nothing old is carried on."""

    pieces: Sequence[PieceOuverte] = ()
    creances: Sequence[CreanceOuverte] = ()
    contacts: Sequence[ContactOuvert] = ()
    rendez_vous: Sequence[RendezVousPris] = ()

    def without(self, objets: Collection[str]) -> "EnCours":
        """The same, but for these objects."""
        return EnCours(
            [p for p in self.pieces if p.piece not in objets],
            [c for c in self.creances if c.creance not in objets],
            [c for c in self.contacts if c.contact not in objets],
            [r for r in self.rendez_vous if r.rdv not in objets],
        )


class Maison(Protocol):
    """The running house."""

    def open_work(self, caf: str, limite: int) -> EnCours:
        """What is open at a Caf, at most ``limite`` of each kind."""
        ...
