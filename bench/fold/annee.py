"""One year of the pieces of the Caf des Pyrénées-Orientales, as movements: drawn at once, told in the order of time.

Volumes are those of its rapport d'activité 2023; how they share out (natures, canaux, téléservices) is the simulator's
profile, for want of published ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from bench.fold.chiffres import Chiffres
from ecluse.simulateur.profil import Profil, load_profil
from shared.events.mouvements import ImagePiece
from shared.temps import to_iso

Entiers = NDArray[np.int64]
CAF: Final = "661"
TRAITEES: Final = 2_210_756
# Days before the year from which its opening stock comes.
AVANT: Final = 40
MINUTES: Final = 1_440
# The steps of a piece, in order; a piece that is not suspended or not opened again has fewer.
ARRIVEE, SUSPENDUE, REPRISE, FIN, ROUVERTE, RETRAITEE = range(6)
# Shares and mean durations (days), of the order of those of the simulator.
_SUSPENDUES, _ANNULEES, _ROUVERTES, _AUTOMATIQUES = 0.08, 0.006, 0.01, 0.2
_MINIMA: Final = {"demande_rsa": 1.0, "demande_aah": 1.0}


class Sorte(NamedTuple):
    """What a piece is, whatever its days."""

    nature: str
    canal: str
    minima: bool
    teleservice: str | None
    pole: str
    site: str | None


class Pas(NamedTuple):
    """One movement: instant (minutes from the first day), rank of the piece, number of its movement, both images."""

    minute: int
    piece: int
    version: int
    avant: ImagePiece | None
    apres: ImagePiece


@dataclass
class Annee:
    """The pieces of a year and their steps. ``annee``: the civil year; ``part``: share of the real volume."""

    annee: int = 2023
    part: float = 1.0
    graine: int = 66
    sortes: list[Sorte] = field(default_factory=list)

    def __post_init__(self) -> None:
        profil = load_profil("091")
        self.tirage = np.random.default_rng([self.graine, self.annee])
        self.premier = date(self.annee, 1, 1).toordinal() - AVANT
        self.jours = AVANT + date(self.annee + 1, 1, 1).toordinal() - date(self.annee, 1, 1).toordinal()
        # Some of them stay open at the end of the year, and some of those treated had come before it.
        self.nombre = round(TRAITEES * self.part * self.jours / (self.jours - AVANT))
        self.sortes, poids = _sorts(profil)
        self.sorte = self.tirage.choice(len(self.sortes), self.nombre, p=poids)
        self.minutes = self._draw_steps()
        pieces, etapes = np.nonzero((self.minutes >= 0) & (self.minutes < self.jours * MINUTES))
        ordre = np.argsort(self.minutes[pieces, etapes], kind="stable")
        self._pieces, self._etapes = pieces[ordre], etapes[ordre]
        self._iso = [to_iso(self.premier + jour) for jour in range(self.jours)]

    def __len__(self) -> int:
        return len(self._pieces)

    def steps(self, nombre: int | None = None) -> Iterator[Pas]:
        """The first movements (all of them: None), in the order of time."""
        derniers: dict[int, tuple[int, ImagePiece]] = {}
        for debut in range(0, len(self) if nombre is None else nombre, 100_000):
            tranche = slice(debut, min(debut + 100_000, nombre or len(self)))
            pieces, etapes = self._pieces[tranche], self._etapes[tranche]
            minutes = self.minutes[pieces, etapes].tolist()
            for minute, piece, etape in zip(minutes, pieces.tolist(), etapes.tolist(), strict=True):
                version, avant = derniers.pop(piece, (0, None))
                apres = self._follow(piece, etape, self._iso[minute // MINUTES], avant)
                derniers[piece] = (version + 1, apres)
                yield Pas(minute, piece, version + 1, avant, apres)

    def images(self) -> Iterator[ImagePiece]:
        """What each piece is at the end of the year."""
        derniere = np.full(self.nombre, -1)
        np.maximum.at(derniere, self._pieces, self._etapes)
        jours = (self.minutes // MINUTES).tolist()
        for piece, derniere_etape in enumerate(derniere.tolist()):
            image: ImagePiece | None = None
            for etape in range(derniere_etape + 1):
                if self.minutes[piece, etape] >= 0:
                    image = self._follow(piece, etape, self._iso[jours[piece][etape]], image)
            if image is not None:
                yield image

    def figures(self, nombre: int | None = None) -> Chiffres:
        """What the first movements add up to, counted from the draws and not from the movements."""
        pieces, etapes = self._pieces[:nombre], self._etapes[:nombre]
        derniere = np.full(self.nombre, -1)
        np.maximum.at(derniere, pieces, etapes)
        natures = np.array([sorte.nature for sorte in self.sortes])[self.sorte]
        arrivee = self.minutes[:, ARRIVEE] // MINUTES
        chiffres = Chiffres()
        connues = np.flatnonzero(derniere >= ARRIVEE)
        for piece in connues.tolist():
            chiffres.add(self._iso[arrivee[piece]], str(natures[piece]), arrivees=1)
        finies = np.flatnonzero((derniere == FIN) | (derniere == RETRAITEE))
        fins = self.minutes[finies, derniere[finies]] // MINUTES
        for piece, fin in zip(finies.tolist(), fins.tolist(), strict=True):
            jour, nature = self._iso[fin], str(natures[piece])
            if self._annulee[piece]:
                chiffres.add(jour, nature, annulees=1)
            else:
                chiffres.add(jour, nature, traitees=1, delais=fin - int(arrivee[piece]))
        return chiffres

    def _draw_steps(self) -> Entiers:
        """The minute of each step of each piece, -1 for a step that it does not have."""
        tirage, n = self.tirage, self.nombre
        minutes = np.full((n, 6), -1, np.int64)
        arrivee = self._draw_arrivals()
        minutes[:, ARRIVEE] = arrivee
        duree = np.where(tirage.random(n) < _AUTOMATIQUES, 0.03, tirage.gamma(1.4, 9.0, n))
        fin = arrivee + 1 + (duree * MINUTES).astype(np.int64)
        self._annulee = tirage.random(n) < _ANNULEES
        suspendue = (tirage.random(n) < _SUSPENDUES) & (duree > 0.5) & ~self._annulee
        attente = ((2 + tirage.gamma(2.0, 6.0, n)) * MINUTES).astype(np.int64)
        minutes[suspendue, SUSPENDUE] = fin[suspendue]
        minutes[suspendue, REPRISE] = (fin + attente)[suspendue]
        minutes[:, FIN] = np.where(suspendue, fin + attente + 1 + MINUTES * tirage.integers(0, 3, n), fin)
        rouverte = (tirage.random(n) < _ROUVERTES) & ~self._annulee
        encore = minutes[:, FIN] + MINUTES * tirage.integers(2, 20, n)
        minutes[rouverte, ROUVERTE] = encore[rouverte]
        minutes[rouverte, RETRAITEE] = (encore + MINUTES * tirage.integers(1, 12, n))[rouverte]
        return minutes

    def _draw_arrivals(self) -> Entiers:
        """On any day by the web, Monday to Friday otherwise; within the hours of each."""
        tirage, n = self.tirage, self.nombre
        web = np.array([sorte.canal == "web" for sorte in self.sortes])[self.sorte]
        jours = np.arange(self.jours)
        semaine = (self.premier + jours - 1) % 7
        sur_web = np.where(semaine < 5, 1.08, 0.7)
        au_bureau = np.where(semaine < 5, 1.0, 0.0)
        quand = np.where(
            web,
            tirage.choice(self.jours, n, p=sur_web / sur_web.sum()),
            tirage.choice(self.jours, n, p=au_bureau / au_bureau.sum()),
        )
        return np.asarray(
            quand * MINUTES + np.where(web, tirage.integers(0, MINUTES, n), tirage.integers(480, 1080, n))
        )

    def _follow(self, piece: int, etape: int, jour: str, avant: ImagePiece | None) -> ImagePiece:
        """The image of a piece after a step, from the one before."""
        if avant is None:
            sorte = self.sortes[self.sorte[piece]]
            nature, canal, minima, teleservice, pole, site = sorte
            return ImagePiece(CAF, nature, canal, minima, jour, teleservice, pole, site)
        if etape == SUSPENDUE:
            return replace(avant, attentes=((jour, None),))
        if etape == REPRISE:
            return replace(avant, attentes=((avant.attentes[0][0], jour),))
        if etape == ROUVERTE:
            return replace(avant, fin=None, fin_genre=None, jours_attente=0)
        if self._annulee[piece]:
            return replace(avant, fin=jour, fin_genre="annulee")
        return replace(avant, fin=jour, fin_genre="traitee", jours_attente=_waited(avant.attentes))


def _waited(attentes: Sequence[tuple[str, str | None]]) -> int:
    return sum((date.fromisoformat(fin) - date.fromisoformat(debut)).days for debut, fin in attentes if fin)


def _sorts(profil: Profil) -> tuple[list[Sorte], NDArray[np.float64]]:
    """Every kind of piece with its weight."""
    pieces, poids = profil.pieces, dict[Sorte, float]()
    for nature, part in pieces.natures.items():
        pole = pieces.poles.get(nature, "famille")
        services = dict[str | None, float](pieces.teleservices.get(nature, {}).items())
        services[None] = 1.0 - sum(services.values())
        for teleservice, sienne in services.items():
            web = pieces.usage_teleservices.get(teleservice, 0.5) if teleservice else pieces.part_web
            for canal, sur in {"web": web, **{c: (1 - web) * p for c, p in pieces.canaux_hors_web.items()}}.items():
                for minima, avec in ((True, _MINIMA.get(nature, 0.31)), (False, 1 - _MINIMA.get(nature, 0.31))):
                    sites: dict[str | None, float] = {None: 1.0}
                    if canal == "accueil":
                        sites = dict[str | None, float](profil.contacts.visites.items())
                    total = sum(sites.values())
                    for site, ici in sites.items():
                        sorte = Sorte(nature, canal, minima, teleservice, pole, site)
                        poids[sorte] = part * sienne * sur * avec * ici / total
    internes = 0.1
    poids = {sorte: (1 - internes) * p for sorte, p in poids.items() if p > 0}
    for nature, part in pieces.natures_internes.items():
        poids[Sorte(nature, "interne", False, None, pieces.poles.get(nature, "famille"), None)] = internes * part
    valeurs = np.array(list(poids.values()))
    return list(poids), valeurs / valeurs.sum()
