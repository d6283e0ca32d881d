"""The workshop: the pieces that wait for an agent, in production's own order, and what becomes of each.

Nothing here is a délai. Agents have so many minutes; they take what ``rank`` puts first; some pieces lack something,
wait on someone, and come back. How long pieces wait, and how many wait, results.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Any, Final, NamedTuple

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import FERMETURE, OUVERTURE, Caisse, Choix, at, of, office_hour, share, web_hour
from services.production.rules import rank
from shared.temps import HEURE, MINUTE, SECONDE

ISSUES: Final = Choix({"liquidee": 0.72, "classee": 0.19, "rejetee": 0.06, "transmise": 0.03})
_CLASSEE: Final = "classee"
_TRANCHES: Final = int(FERMETURE - OUVERTURE)
# What comes in again after a treatment comes within these days.
_ROUVERTE_APRES: Final = (2, 20)


class Rang(NamedTuple):
    """What production's ``rank`` looks at (see ``services.production.rules``)."""

    priorite: int
    echeance: int
    depuis: int


@dataclass(slots=True, eq=False)
class Piece:
    """A piece in the workshop. ``minutes``: what a look at it takes; ``manque``: the chance that something lacks.

    ``histoire``: its acts so far, where they are kept; ``issue``: how it will end, once that is certain.
    """

    nom: str
    dossier: str
    minima: bool
    nature: str
    minutes: float
    rang: int
    manque: float
    issue: str = ""
    caf: str = ""
    histoire: list[Acte] | None = None


class Reponse(NamedTuple):
    """The answer that a piece waited for comes at an instant, by the web or on paper."""

    piece: Piece
    instant: int
    canal: str


class Atelier:
    """The pieces of one office. ``repere``: a day near those of the run, from which ranks are counted."""

    def __init__(self, caisse: Caisse, repere: int, nom: str = "pieces") -> None:
        self._caisse = caisse
        self._repere = repere
        self._nom = nom
        self._file: list[tuple[int, int, Piece]] = []
        self._entrees = 0
        self._retours: dict[int, list[Piece]] = {}
        self._rouvertes: dict[int, list[Piece]] = {}
        self.minutes = 0.0

    def rank(self, arrivee: int, delai: int, urgente: bool) -> int:
        """The place of a piece that arrived on a day, with a target délai (days), among all others."""
        return rank(Rang(0 if urgente else 1, arrivee + delai, arrivee), self._repere)[0]

    def enter(self, piece: Piece) -> None:
        """A piece waits for an agent."""
        self._entrees += 1
        heappush(self._file, (piece.rang, self._entrees, piece))
        self.minutes += piece.minutes

    def wait_until(self, jour: int, piece: Piece) -> None:
        """A piece waits on someone, at most until a day."""
        self._retours.setdefault(jour, []).append(piece)

    def still_open(self) -> Iterator[Piece]:
        """Every piece that is here, and those that will come back."""
        yield from (piece for _, _, piece in self._file)
        for attendues in (self._retours, self._rouvertes):
            for pieces in attendues.values():
                yield from pieces

    def holds_any(self) -> bool:
        """Whether a piece is here, or will come back."""
        return bool(self._file or self._retours or self._rouvertes)

    def first(self, nombre: int) -> Sequence[Piece]:
        """Some of the pieces that come first, in no order."""
        return [piece for _, _, piece in self._file[:nombre]]

    def answers(self, jour: int) -> list[Reponse]:
        """Who answers on a day. What nobody answered goes back to an agent, who will close it."""
        tirage, ouvert, reponses = self._draw(jour, "réponses"), self._caisse.works(jour), list[Reponse]()
        for piece in self._retours.pop(jour, ()):
            if piece.issue:
                self.enter(piece)
            elif share(tirage, self._caisse.profil.pieces.part_web):
                reponses.append(Reponse(piece, web_hour(tirage, jour), "web"))
            elif ouvert:
                reponses.append(Reponse(piece, office_hour(tirage, jour), "courrier"))
            else:
                self.wait_until(self._caisse.next_working(jour), piece)
        return reponses

    def work(self, jour: int, entrees: Iterable[tuple[int, Piece]], minutes: float) -> Iterator[tuple[Piece, Acte]]:
        """A day of the workshop: what agents do, hour by hour, with ``minutes`` of work.

        ``entrees``: the pieces that come in, each with the instant from which an agent can see it, in order.
        """
        tirage = self._draw(jour, "atelier")
        yield from self._reopen(jour)
        attendues, reste = iter(entrees), 0.0
        prochaine = next(attendues, None)
        for tranche in range(_TRANCHES if minutes > 0 else 0):
            debut = at(jour, OUVERTURE + tranche)
            while prochaine is not None and prochaine[0] <= debut:
                self.enter(prochaine[1])
                prochaine = next(attendues, None)
            dues = minutes / _TRANCHES
            reste += dues
            while reste > 0 and self._file:
                piece = heappop(self._file)[2]
                part = 1 - min(1.0, reste / dues)
                self.minutes -= piece.minutes
                reste -= piece.minutes
                yield piece, self._look(tirage, piece, jour, debut + int(part * HEURE / SECONDE) * SECONDE)
            # An hour that had nothing to do is not worked later.
            reste = min(reste, 0.0)
        while prochaine is not None:
            self.enter(prochaine[1])
            prochaine = next(attendues, None)

    def _look(self, tirage: Random, piece: Piece, jour: int, instant: int) -> Acte:
        """An agent looks at a piece: something lacks, or it is treated."""
        if piece.manque and share(tirage, piece.manque):
            piece.manque = 0.0
            return self._suspend(tirage, piece, jour, instant)
        acte = treat(tirage, piece.nom, piece.dossier, instant, issue=piece.issue, caf=piece.caf)
        if not piece.issue and share(tirage, self._caisse.profil.pieces.rouvertes):
            piece.manque = 0.0
            retour = self._caisse.next_working(jour + int(tirage.uniform(*_ROUVERTE_APRES)))
            self._rouvertes.setdefault(retour, []).append(piece)
        return acte

    def _suspend(self, tirage: Random, piece: Piece, jour: int, instant: int) -> Acte:
        attentes = self._caisse.profil.attentes
        longue = share(tirage, of(attentes.longues, piece.nature))
        duree = attentes.jours_longues if longue else attentes.jours
        if share(tirage, attentes.sans_reponse):
            piece.issue = _CLASSEE
        jours = tirage.triangular(duree.au_moins, duree.au_plus, duree.le_plus_souvent)
        self.wait_until(jour + max(1, int(jours)), piece)
        partenaire = longue or share(tirage, attentes.partenaire)
        return suspend(piece.nom, piece.dossier, instant, partenaire=partenaire, caf=piece.caf)

    def _reopen(self, jour: int) -> Iterator[tuple[Piece, Acte]]:
        for piece in self._rouvertes.pop(jour, ()):
            data = {"piece": piece.nom, "motif": "l'allocataire a répondu"}
            yield piece, Acte("piece.rouverte", piece.dossier, at(jour, OUVERTURE) - 5 * MINUTE, data, caf=piece.caf)
            self.enter(piece)

    def _draw(self, jour: int, objet: str) -> Random:
        return self._caisse.draw_for(jour, f"{self._nom}|{objet}")


def suspend(piece: str, dossier: str, instant: int, *, partenaire: bool, caf: str = "") -> Acte:
    """The piece waits on someone."""
    motif = "attente_partenaire" if partenaire else "attente_allocataire"
    return Acte("piece.suspendue", dossier, instant, {"piece": piece, "motif": motif}, caf=caf)


def resume(piece: str, dossier: str, instant: int, *, caf: str = "") -> Acte:
    """The answer came."""
    return Acte("piece.reprise", dossier, instant, {"piece": piece}, caf=caf)


def treat(
    tirage: Random, piece: str, dossier: str, instant: int, *, automatique: bool = False, issue: str = "", caf: str = ""
) -> Acte:
    """The piece is treated, by an agent or by the system; ``issue``: "" draws it."""
    data: dict[str, Any] = {"piece": piece, "issue": "liquidee" if automatique else issue or ISSUES.pick(tirage)}
    if automatique:
        data["automatique"] = True
    return Acte("piece.traitee", dossier, instant, data, caf=caf)
