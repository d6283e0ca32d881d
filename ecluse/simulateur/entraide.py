"""Pieces of another Caf that the office treats: they belong to the other, and take agents away from its own."""

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.atelier import Atelier, Piece, resume
from ecluse.simulateur.caisse import Caisse, Choix, digest, of, office_hour, share
from ecluse.simulateur.conditions import AutreCaf
from ecluse.simulateur.volumes import Flux, Rythme
from services.production.rules import target_delai

_DOSSIERS: Final = 20_000


class Entraide:
    """The workshop of the pieces of one other Caf. ``autre``: what was agreed with it."""

    def __init__(self, caisse: Caisse, repere: int, autre: AutreCaf) -> None:
        self.autre = autre
        self.atelier = Atelier(caisse, repere, f"pour {autre.caf}")
        self._caisse = caisse
        self._flux = self._stream()
        self._natures = Choix(caisse.profil.pieces.natures)
        self._canaux = Choix({c: p for c, p in caisse.profil.pieces.canaux_hors_web.items() if c != "accueil"})

    def agree(self, autre: AutreCaf) -> None:
        """What is agreed with the same Caf from now on: more or fewer pieces, more or fewer agents."""
        if autre != self.autre:
            self.autre = autre
            self._flux = self._stream()

    def _stream(self) -> Flux:
        return Flux(self._caisse, f"pour {self.autre.caf}", self.autre.pieces_par_an, Rythme.BUREAU)

    def of_day(self, jour: int, minutes: float, *, arrivent: bool) -> Iterator[list[Acte]]:
        """A day with so many minutes of work; ``arrivent``: more pieces are sent over."""
        reponses = self.atelier.answers(jour)
        for piece, instant, _ in reponses:
            yield [resume(piece.nom, piece.dossier, instant, caf=piece.caf)]
        entrees = [(r.instant, r.piece) for r in reponses]
        tirage = self._caisse.draw_for(jour, f"pour {self.autre.caf}|arrivées")
        for _ in range(self._flux.count(jour) if arrivent else 0):
            acte, piece = self._arrive(tirage, jour)
            entrees.append((acte.instant, piece))
            yield [acte]
        for _, acte in self.atelier.work(jour, sorted(entrees, key=lambda e: e[0]), minutes):
            yield [acte]

    def _arrive(self, tirage: Random, jour: int) -> tuple[Acte, Piece]:
        profil, nature = self._caisse.profil, self._natures.pick(tirage)
        canal, minima = self._canaux.pick(tirage), share(tirage, profil.population.part_minima)
        data: dict[str, Any] = {
            "piece": self._caisse.name("P"),
            "nature": nature,
            "canal": canal,
            "minima_sociaux": minima or nature in ("demande_rsa", "demande_aah"),
            "caf_traitante": self._caisse.caf,
        }
        dossier = f"D-{digest(f'{self.autre.caf}|{tirage.randrange(_DOSSIERS)}')}"
        acte = Acte("piece.arrivee", dossier, office_hour(tirage, jour), data, canal, caf=self.autre.caf)
        rang = self.atelier.rank(jour, target_delai(data["minima_sociaux"]), urgente=False)
        minutes, manque = of(profil.personnel.minutes, nature), of(profil.demarches.incompletes, nature)
        return acte, Piece(
            data["piece"], dossier, data["minima_sociaux"], nature, minutes, rang, manque, caf=self.autre.caf
        )
