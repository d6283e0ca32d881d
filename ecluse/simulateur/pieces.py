"""The days of the pieces of one Caf: what comes in, who answers, what the workshop does."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.arrivees import Arrivees, Entree
from ecluse.simulateur.atelier import Atelier, Piece, Reponse, resume
from ecluse.simulateur.caisse import Caisse, of, share
from ecluse.simulateur.conditions import ORDINAIRES, AutreCaf, Conditions
from ecluse.simulateur.entraide import Entraide
from ecluse.simulateur.personnel import Personnel
from ecluse.simulateur.port import PieceOuverte
from ecluse.simulateur.profil import Duree, Profil

DECLARATION: Final = "declaration_trimestrielle"


class Pieces:
    """The pieces of a run. ``repere``: a day near those of the run.

    While ``garder`` is set acts are kept with their piece instead of told: what is over before the period begins is
    nobody's business.
    """

    def __init__(self, caisse: Caisse, repere: int) -> None:
        self._caisse = caisse
        self.atelier = Atelier(caisse, repere)
        self.arrivees = Arrivees(caisse, self.atelier)
        self._personnel = Personnel(caisse)
        self._repere = repere
        self._entraide: Entraide | None = None
        self.garder = False
        # The quarterly declarations treated on the day: some were late, and bring an indu to light.
        self.declarations: list[Acte] = []

    def of_day(self, jour: int, conditions: Conditions = ORDINAIRES) -> Iterator[list[Acte]]:
        """The acts of this day, and those soon after of what needs no agent."""
        reponses = self.atelier.answers(jour)
        entrees = list(self.arrivees.of_day(jour, conditions, reponses))
        for entree in entrees:
            yield from self._come_in(entree)
        for piece, instant, _ in reponses:
            yield from self._tell(piece, resume(piece.nom, piece.dossier, instant, caf=piece.caf))
        attendues = sorted(chain(_from_arrivals(entrees), _from_answers(reponses)), key=lambda e: e[0])
        ailleurs = self._share_elsewhere(conditions)
        minutes = self._personnel.minutes(jour, self.atelier.minutes, conditions.presence * (1 - ailleurs))
        self.declarations = []
        for piece, acte in self.atelier.work(jour, attendues, minutes):
            if piece.nature == DECLARATION and acte.type == "piece.traitee":
                self.declarations.append(acte)
            yield from self._tell(piece, acte)
        yield from self._work_elsewhere(jour, conditions, ailleurs)

    def go_on_with(self, ouvertes: Iterable[PieceOuverte], jour: int) -> None:
        """Take over what a house holds open."""
        self._take_over(self.atelier, ouvertes, jour, "")

    def go_on_for(self, autre: AutreCaf, ouvertes: Iterable[PieceOuverte], jour: int) -> None:
        """Take over what is open of another Caf."""
        self._entraide = Entraide(self._caisse, self._repere, autre)
        self._take_over(self._entraide.atelier, ouvertes, jour, autre.caf)

    def _take_over(self, atelier: Atelier, ouvertes: Iterable[PieceOuverte], jour: int, caf: str) -> None:
        """Of what waits on someone, as many come back as the pauses of the profile let expect."""
        tirage, chance = self._caisse.draw_for(jour, f"reprises|{caf}"), 1 / _mean_pause(self._caisse.profil)
        for ouverte in ouvertes:
            piece = self.arrivees.set_up(ouverte)
            piece.caf = caf
            if not ouverte.en_attente:
                atelier.enter(piece)
            elif share(tirage, chance):
                piece.manque = 0.0
                atelier.wait_until(jour, piece)

    def opening(self) -> Iterator[list[Acte]]:
        """What is open when the period begins, each piece with its acts so far; from then on nothing is kept."""
        self.garder = False
        for piece in self.atelier.still_open():
            if piece.histoire is not None:
                yield piece.histoire
                piece.histoire = None

    def _share_elsewhere(self, conditions: Conditions) -> float:
        """The share of the agents that works for another Caf: once nothing is sent, what is left of it takes."""
        autre = conditions.autre_caf
        if autre is None:
            if self._entraide is None:
                return 0.0
            return min(self._entraide.autre.part_des_agents, self._personnel.share_of(self._entraide.atelier.minutes))
        if self._entraide is None or self._entraide.autre.caf != autre.caf:
            self._entraide = Entraide(self._caisse, self._repere, autre)
        self._entraide.agree(autre)
        return autre.part_des_agents

    def _work_elsewhere(self, jour: int, conditions: Conditions, ailleurs: float) -> Iterator[list[Acte]]:
        entraide, arrivent = self._entraide, conditions.autre_caf is not None
        if entraide is None or not (arrivent or entraide.atelier.holds_any()):
            return
        minutes = 0.0
        if ailleurs > 0:
            minutes = self._personnel.minutes(jour, entraide.atelier.minutes / ailleurs, conditions.presence * ailleurs)
        yield from entraide.of_day(jour, minutes, arrivent=arrivent)

    def _come_in(self, entree: Entree) -> Iterator[list[Acte]]:
        if entree.piece is None:
            yield [entree.acte, *entree.suites]
        elif self.garder:
            entree.piece.histoire = [entree.acte]
        else:
            yield [entree.acte]

    def _tell(self, piece: Piece, acte: Acte) -> Iterator[list[Acte]]:
        if piece.histoire is None:
            yield [acte]
        else:
            piece.histoire.append(acte)


def _from_arrivals(entrees: list[Entree]) -> Iterator[tuple[int, Piece]]:
    return ((e.saisie, e.piece) for e in entrees if e.piece is not None)


def _from_answers(reponses: list[Reponse]) -> Iterator[tuple[int, Piece]]:
    return ((r.instant, r.piece) for r in reponses)


def _mean_pause(profil: Profil) -> float:
    """How long a pause lasts, in days, all natures together: what is paused at any time is mostly what pauses long."""
    longue = of(profil.attentes.longues, "autres")
    return longue * _mean(profil.attentes.jours_longues) + (1 - longue) * _mean(profil.attentes.jours)


def _mean(duree: Duree) -> float:
    return (duree.au_moins + duree.le_plus_souvent + duree.au_plus) / 3
